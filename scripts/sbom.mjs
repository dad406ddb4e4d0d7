// The bill of materials (CycloneDX 1.6, JSON) of what is shipped: the crates linked into the program and the npm
// packages bundled into its pages, each with version, licence, place and checksum, and who needs whom.
//   node scripts/sbom.mjs [FILE]   writes FILE (target/gridwall.cdx.json)
// The same lock files give the same bytes: no time, and a serial number that is a hash of the content.

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { closure, workspace } from './lib/cargo.mjs';

const SHELL = 'gridwall';

/** Licences as CycloneDX wants them: an expression of SPDX, with the old slash read as OR. */
const licences = (text) => (text ? [{ expression: text.replaceAll('/', ' OR ') }] : undefined);

/** name@version → checksum of the registry, from Cargo.lock. */
export function checksums(lock) {
  const found = new Map();
  for (const part of lock.split('[[package]]').slice(1)) {
    const value = (key) => new RegExp(`^${key} = "([^"]+)"`, 'm').exec(part)?.[1];
    if (value('checksum')) found.set(`${value('name')}@${value('version')}`, value('checksum'));
  }
  return found;
}

/** `sha512-…` of npm as CycloneDX writes it. */
export function integrity(text) {
  const [, name, base64] = /^(sha\d+)-(.+)$/.exec(text ?? '') ?? [];
  if (!name) return undefined;
  return [{ alg: name.replace('sha', 'SHA-'), content: Buffer.from(base64, 'base64').toString('hex') }];
}

function rust() {
  const found = workspace();
  const sums = checksums(readFileSync('Cargo.lock', 'utf8'));
  const shell = found.members.get(SHELL);
  const ids = [...closure(found, shell.id, [null]).keys()];
  const shipped = new Set(ids);
  const own = new Set([...found.members.values()].map(({ id }) => id));
  const ref = (id) => {
    const { name, version } = found.packages.get(id);
    return `pkg:cargo/${name}@${version}`;
  };
  const components = ids
    .filter((id) => id !== shell.id)
    .map((id) => {
      const { name, version, license, repository } = found.packages.get(id);
      const sum = sums.get(`${name}@${version}`);
      return {
        type: 'library',
        'bom-ref': ref(id),
        name,
        version,
        purl: own.has(id) ? undefined : ref(id),
        licenses: licences(license),
        hashes: sum ? [{ alg: 'SHA-256', content: sum }] : undefined,
        externalReferences: repository ? [{ type: 'vcs', url: repository }] : undefined,
      };
    });
  const needs = (id) => found.nodes.get(id).deps.filter((dep) => shipped.has(dep.pkg) && dep.dep_kinds.some(({ kind }) => kind === null));
  const dependencies = ids.map((id) => ({ ref: ref(id), dependsOn: [...new Set(needs(id).map((dep) => ref(dep.pkg)))].sort() }));
  return { components, dependencies, shell };
}

function npm() {
  const lock = JSON.parse(readFileSync('ui/package-lock.json', 'utf8'));
  const components = Object.entries(lock.packages)
    .filter(([path, { dev, optional, link }]) => path && !dev && !optional && !link)
    .map(([path, about]) => {
      const name = path.replace(/^.*node_modules\//, '');
      const purl = `pkg:npm/${name.replace('@', '%40')}@${about.version}`;
      return { type: 'library', 'bom-ref': purl, name, version: about.version, purl, licenses: licences(about.license), hashes: integrity(about.integrity) };
    });
  // The same version may lie in several places.
  return [...new Map(components.map((c) => [c['bom-ref'], c])).values()];
}

/** The whole bill. */
export function bill() {
  const { components: crates, dependencies, shell } = rust();
  const packages = npm();
  const by = (key) => (a, b) => (a[key] < b[key] ? -1 : 1);
  const root = `pkg:cargo/${shell.name}@${shell.version}`;
  for (const entry of dependencies) if (entry.ref === root) entry.dependsOn.push(...packages.map((c) => c['bom-ref']).sort());
  const components = [...crates, ...packages].sort(by('bom-ref'));
  const hash = createHash('sha256').update(JSON.stringify([components, dependencies])).digest('hex');
  const uuid = `${hash.slice(0, 8)}-${hash.slice(8, 12)}-5${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuid}`,
    version: 1,
    metadata: { component: { type: 'application', 'bom-ref': root, name: shell.name, version: shell.version, licenses: licences(shell.license) } },
    components,
    dependencies: [...dependencies, ...packages.map((c) => ({ ref: c['bom-ref'] }))].sort(by('ref')),
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const out = process.argv[2] ? resolve(process.argv[2]) : undefined;
  process.chdir(fileURLToPath(new URL('..', import.meta.url)));
  const file = out ?? resolve('target/gridwall.cdx.json');
  const made = bill();
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(made, null, 1)}\n`);
  console.log(`${made.components.length} components in ${file}`);
}

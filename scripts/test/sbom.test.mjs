// The bill of materials names everything that is shipped, once, and is the same each time.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bill, checksums, integrity } from '../sbom.mjs';

process.chdir(fileURLToPath(new URL('../..', import.meta.url)));

test('checksums are read from the lock files', () => {
  const sums = checksums('[[package]]\nname = "a"\nversion = "1.0.0"\nchecksum = "ff"\n\n[[package]]\nname = "own"\nversion = "0.1.0"\n');
  assert.deepEqual([...sums], [['a@1.0.0', 'ff']]);
  assert.deepEqual(integrity('sha512-AAEC'), [{ alg: 'SHA-512', content: '000102' }]);
  assert.equal(integrity(undefined), undefined);
});

test('the bill is whole, without doubles, and the same again', () => {
  const made = bill();
  assert.deepEqual([made.bomFormat, made.specVersion, made.metadata.component.name], ['CycloneDX', '1.6', 'gridwall']);
  const refs = made.components.map((c) => c['bom-ref']);
  assert.equal(new Set(refs).size, refs.length);
  // All that THIRD-PARTY.md lists as shipped, and nothing that is only for tests.
  const listed = [...readFileSync('THIRD-PARTY.md', 'utf8').matchAll(/^\| (?:\[([^\]]+)\]\([^)]*\)|([^|[]+?)) \| (\d[^ |]*) \|/gm)].map((m) => `${m[1] ?? m[2]}@${m[3]}`);
  const named = new Set(made.components.map((c) => `${c.name}@${c.version}`));
  assert.ok(listed.length > 100);
  assert.deepEqual(listed.filter((one) => !named.has(one)), []);
  for (const name of ['vitest', 'proptest', 'criterion']) assert.ok(!made.components.some((c) => c.name === name), name);
  const outside = made.components.filter((c) => c.purl);
  assert.deepEqual(outside.filter((c) => !c.licenses || !c.hashes).map((c) => c['bom-ref']), []);
  // Whoever is needed is there.
  const known = new Set([...refs, made.metadata.component['bom-ref']]);
  assert.deepEqual(made.dependencies.flatMap((d) => d.dependsOn ?? []).filter((ref) => !known.has(ref)), []);
  assert.deepEqual(bill(), made);
});

// The crates of the workspace as cargo sees them: one reading of `cargo metadata` for the checks that need it.

import { execFileSync } from 'node:child_process';

/** The platform the checks judge: what a Linux build really links. */
const PLATFORM = 'x86_64-unknown-linux-gnu';

/** `cargo metadata` with the packages by id, the resolved nodes by id, and the workspace's own packages by name. */
export function workspace() {
  const text = execFileSync('cargo', ['metadata', '--format-version', '1', '--locked', '--filter-platform', PLATFORM], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const metadata = JSON.parse(text);
  const packages = new Map(metadata.packages.map((found) => [found.id, found]));
  const nodes = new Map(metadata.resolve.nodes.map((node) => [node.id, node]));
  const members = new Map(metadata.workspace_members.map((id) => [packages.get(id).name, packages.get(id)]));
  return { packages, nodes, members };
}

/**
 * Ids of everything `start` needs, itself included.
 * @param kinds which edges count: null = normal, 'build', 'dev' (dev only from `start` itself, as cargo does).
 * @returns {Map<string, string>} id → id of who asked for it first (empty for the start)
 */
export function closure({ nodes }, start, kinds = [null, 'build']) {
  const asker = new Map([[start, '']]);
  const queue = [start];
  for (let at = 0; at < queue.length; at += 1) {
    const id = queue[at];
    for (const dep of nodes.get(id).deps) {
      const counts = dep.dep_kinds.some(({ kind }) => kinds.includes(kind) && (kind !== 'dev' || id === start));
      if (counts && !asker.has(dep.pkg)) {
        asker.set(dep.pkg, id);
        queue.push(dep.pkg);
      }
    }
  }
  return asker;
}

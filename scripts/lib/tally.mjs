// Reads what the test runners wrote and counts it: `node tally.mjs LOGS STAGE...` prints each runner's own closing
// lines and one total. Nothing is counted that a runner did not say.

import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// eslint-disable-next-line no-control-regex
const COLOUR = /\u001b\[[0-9;]*m/g;

/** Passed and failed in one line of a runner (cargo test, vitest, node --test), or null when it is no closing line. */
export function closingLine(line) {
  const cargo = /^test result: \w+\. (\d+) passed; (\d+) failed;/.exec(line);
  if (cargo) return { passed: Number(cargo[1]), failed: Number(cargo[2]) };
  const vitest = /^\s*Tests\s+(?:(\d+) failed\s*\|?\s*)?(?:(\d+) passed)?.*\(\d+\)\s*$/.exec(line);
  if (vitest) return { passed: Number(vitest[2] ?? 0), failed: Number(vitest[1] ?? 0) };
  const node = /^(?:#|ℹ) (pass|fail) (\d+)\s*$/.exec(line);
  if (node) return { passed: node[1] === 'pass' ? Number(node[2]) : 0, failed: node[1] === 'fail' ? Number(node[2]) : 0 };
  return null;
}

/** Closing lines of one log with their sum. */
export function tally(text) {
  const lines = [];
  const sum = { passed: 0, failed: 0 };
  for (const raw of text.split('\n')) {
    const line = raw.replace(COLOUR, '');
    const counts = closingLine(line);
    if (!counts) continue;
    sum.passed += counts.passed;
    sum.failed += counts.failed;
    // Binaries without a test say so once each; they would bury the rest.
    if (counts.passed + counts.failed > 0 || /^ℹ|^#/.test(line)) lines.push(line.trim());
  }
  return { lines, ...sum };
}

function main([logs, ...stages]) {
  let passed = 0;
  let failed = 0;
  for (const stage of stages) {
    const path = join(logs, `${basename(stage)}.log`);
    if (!existsSync(path)) continue;
    const found = tally(readFileSync(path, 'utf8'));
    passed += found.passed;
    failed += found.failed;
    for (const line of found.lines) console.log(`${stage}: ${line}`);
  }
  console.log(`${passed} passed, ${failed} failed`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2));

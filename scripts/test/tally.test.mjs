import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closingLine, tally } from '../lib/tally.mjs';

const CASES = [
  ['test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.20s', 12, 0],
  ['test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.20s', 3, 2],
  ['      Tests  33 passed (33)', 33, 0],
  ['      Tests  1 failed | 32 passed (33)', 32, 1],
  ['      Tests  2 failed (2)', 0, 2],
  ['ℹ pass 7', 7, 0],
  ['# fail 4', 0, 4],
];

for (const [line, passed, failed] of CASES) {
  test(`reads “${line.trim().slice(0, 40)}”`, () => assert.deepEqual(closingLine(line), { passed, failed }));
}

test('other lines count nothing', () => {
  for (const line of ['running 12 tests', ' Test Files  4 passed (4)', 'ℹ tests 7', 'test a::b ... ok', '12 passed, 0 failed']) {
    assert.equal(closingLine(line), null, line);
  }
});

test('a log is summed, colours and empty binaries aside', () => {
  const log = '\u001b[32mtest result: ok. 0 passed; 0 failed; 0 ignored; 0 measured\u001b[0m\ntest result: ok. 5 passed; 0 failed; 0 ignored\nℹ pass 2\nℹ fail 1\n';
  assert.deepEqual(tally(log), { lines: ['test result: ok. 5 passed; 0 failed; 0 ignored', 'ℹ pass 2', 'ℹ fail 1'], passed: 7, failed: 1 });
});

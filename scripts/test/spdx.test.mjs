import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allowed } from '../lib/spdx.mjs';

const ALLOW = new Set(['MIT', 'Apache-2.0', 'Unicode-3.0', 'Apache-2.0 WITH LLVM-exception']);

const CASES = [
  ['MIT', true],
  ['GPL-3.0', false],
  ['MIT OR GPL-3.0', true],
  ['MIT/GPL-3.0', true],
  ['MIT AND GPL-3.0', false],
  ['(MIT OR GPL-3.0) AND Unicode-3.0', true],
  ['(MIT OR Apache-2.0) AND MPL-2.0', false],
  ['GPL-3.0 OR MIT AND MPL-2.0', false],
  ['Apache-2.0 WITH LLVM-exception', true],
  ['GPL-2.0 WITH Classpath-exception-2.0', false],
];

for (const [expression, met] of CASES) test(`${expression}: ${met}`, () => assert.equal(allowed(expression, ALLOW), met));

test('nonsense is an error, not a yes', () => {
  for (const expression of ['(MIT', 'MIT MIT', 'MIT OR (Apache-2.0']) assert.throws(() => allowed(expression, ALLOW), expression);
});

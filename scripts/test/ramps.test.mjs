import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileOf, ramps, text } from '../make-ramps.mjs';

test('the colours that wall and native pictures share are as they are made', () => {
  for (const [name, colors] of Object.entries(ramps)) {
    assert.equal(colors.length, name === 'owners' ? 8 : 256, name);
    assert.equal(readFileSync(fileOf(name), 'utf8'), text(colors), `run node scripts/make-ramps.mjs: ${name}`);
  }
});

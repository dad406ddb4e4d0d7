// A planner brings a file of cells: says how it is to be read, sees how far it is, and is told first what to look at.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, opened, page, signIn, stand } from './stage.mjs';

/** For a person to look at: only where a folder is named. */
const shot = async (name) => {
  if (process.env.GRIDWALL_SHOTS) await page.screenshot({ path: `${process.env.GRIDWALL_SHOTS}/${name}.png` });
};
const square = (x, y) => [[[x, y], [x + 0.01, y], [x + 0.01, y + 0.01], [x, y + 0.01], [x, y]]];
const file = (features) => Buffer.from(JSON.stringify({ type: 'FeatureCollection', features }));
const feature = (bm, mc, coordinates) => ({ type: 'Feature', properties: { bm, mc }, geometry: { type: 'Polygon', coordinates } });

stand({
  first: async () => {
    await signIn('planner', '规划员');
    await at('open-planner').click();
    await at('planner').waitFor();
    await at('door-plans').click();
    await at('dialog-plans').waitFor();
  },
});

test('a file is read as the dialog says, and doubts stand first in its report', async () => {
  await at('new-plan').click();
  await at('source-file').check();
  const cells = [feature('G1', '一号', square(120.6, 31.3)), feature('G2', '????', square(120.61, 31.3)), feature('G3', '三号', [[['x', 1]]])];
  await at('new-file').setInputFiles({ name: 'cells.geojson', mimeType: 'application/geo+json', buffer: file(cells) });
  await at('import-options').locator('summary').click();
  await at('import-datum').selectOption('gcj02');
  await at('import-code_field').fill('bm');
  await at('import-name_field').fill('mc');
  await shot('import-options');
  await at('make-plan').click();
  const report = at('import-report');
  await report.waitFor();
  await shot('import-report');
  const lines = await report.locator('li').allInnerTexts();
  assert.ok(lines[0].includes('发布前请核对') && lines[1].includes('发布前请核对'), lines.join('\n'));
  assert.ok(lines.some((line) => line.includes('GCJ02') || line.includes('GCJ-02')), lines.join('\n'));
  await at('import-done').click();
  const drawn = await page.evaluate(() => [...window.__gridwall.planner.planner.state.cells.values()].map((cell) => cell.code).sort());
  assert.deepEqual(drawn, ['G1', 'G2']);
});

test('a field that the file does not have is refused with the fields that there are, and the form stays', async () => {
  await at('door-plans').click();
  await at('new-plan').click();
  await at('source-file').check();
  await at('new-file').setInputFiles({ name: 'cells.geojson', mimeType: 'application/geo+json', buffer: file([feature('G1', '一号', square(120.6, 31.3))]) });
  await at('import-options').locator('summary').click();
  await at('import-code_field').fill('nonsense');
  await at('make-plan').click();
  const problem = page.getByRole('alert').filter({ hasText: 'nonsense' });
  await problem.waitFor();
  assert.match(await problem.innerText(), /bm/);
  assert.equal(await at('import-code_field').inputValue(), 'nonsense');
  assert.deepEqual(opened.errors, []);
});

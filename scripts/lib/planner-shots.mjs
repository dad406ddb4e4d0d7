// The drawing table on the demonstration district, for screenshots: a draft, a cell being split, and what the change costs.

import { until } from './wall.mjs';

/** Takes the pictures `planner` (a line being drawn through a large cell) and `planner_impact`, by way of `shot(name)`. */
export async function plannerShots(page, name, shot) {
  const at = (testId) => page.getByTestId(testId);
  const wait = (what, question) => until(what, question, { deadlineMs: 120_000 });
  const onScreen = (place) =>
    page.evaluate((lngLat) => {
      const { map } = window.__gridwall.planner;
      const [point, box] = [map.project(lngLat), map.getCanvas().getBoundingClientRect()];
      return [box.x + point.x, box.y + point.y];
    }, place);

  await at('account').click();
  await wait('the dialog of accounts', async () => (await at('sign-in-other').count()) + (await at('demo-planner').count()) > 0);
  if (await at('sign-in-other').count()) await at('sign-in-other').click();
  await at('demo-planner').click();
  await at('account').filter({ hasText: '规划员' }).waitFor();
  await at('open-planner').click();
  await at('begin-draft').waitFor();
  await at('begin-draft').click();
  await at('new-name').fill(name);
  await at('make-plan').click();
  const cells = await wait('the draft is open', () =>
    page.evaluate((wanted) => {
      const { state, plan } = window.__gridwall?.planner?.planner ?? {};
      return plan?.value?.name === wanted && state.cells.size > 0 ? [...state.cells.values()] : null;
    }, name),
  );

  const large = cells.filter(({ kind }) => kind === 'basic').toSorted((a, b) => b.households - a.households)[1];
  await page.evaluate((face) => window.__gridwall.planner.planner.map.showFaces([face]), large.face);
  await page.waitForFunction(() => !window.__gridwall.planner.map.isMoving() && window.__gridwall.planner.map.loaded(), null, { timeout: 120_000 });
  const [, south, , north] = large.bounds;
  const over = (north - south) * 0.02;
  await page.mouse.click(...(await onScreen([large.label_lon, large.label_lat])));
  await page.keyboard.press('s');
  await page.mouse.click(...(await onScreen([large.label_lon, north + over])));
  await page.mouse.move(...(await onScreen([large.label_lon, south])));
  await page.waitForTimeout(1500);
  await shot('planner');
  await page.keyboard.down('Alt');
  await page.mouse.click(...(await onScreen([large.label_lon, south - over])));
  await page.keyboard.up('Alt');
  await page.keyboard.press('Enter');
  await wait('the cell is split', () => page.evaluate((before) => window.__gridwall.planner.planner.state.cells.size > before, cells.length));
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await page.keyboard.press('a');
  await at('impact-tab-cells').waitFor();
  await page.waitForTimeout(1500);
  await shot('planner_impact');
}

// A planner's day in Chromium, without the manual: a draft from the plan in force, a shared border moved, a cell split, two
// merged, the rest balanced, the impact read, a second person's review, publishing from tomorrow, the wall changing over at
// that time and showing the old cells when it looks back. Every wait is for a state, with a bound.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PATIENCE_MS } from './page.mjs';
import { at, eventually, onScreen, opened, page, signIn, stand, wall } from './stage.mjs';

/** Of the draft: its id, and when it takes effect. */
let plan;
let effective;
/** Codes of the cells before anything was drawn. */
let before_codes;

const ask = (path) => page.evaluate((p) => window.__gridwall.wall.host.get(p), path);
const planState = () => page.evaluate(() => {
  const { state, plan: summary } = window.__gridwall.planner.planner;
  return { head: state.head, busy: state.busy, refusal: state.refusal, problem: String(state.problem ?? ''), plan: summary.value, cells: [...state.cells.values()] };
});
/** Waits until the map stands still, and shows the cell large. */
async function look(faces) {
  await page.evaluate((list) => window.__gridwall.planner.planner.map.showFaces(list), faces);
  await settle();
}
async function settle() {
  await page.waitForFunction(() => !window.__gridwall.planner.map.isMoving() && window.__gridwall.planner.map.loaded(), null, { timeout: PATIENCE_MS });
}
/** Does something that stores an edit, and waits for it. */
async function edits(what, act) {
  const { head } = await planState();
  await act();
  return eventually(what, async () => {
    const now = await planState();
    assert.equal(now.refusal, null, `${what}: ${JSON.stringify(now.refusal)}`);
    return !now.busy && now.head !== head && now.head !== null ? now : null;
  });
}
async function openPlanner() {
  await at('open-planner').click();
  await at('planner').waitFor();
  await page.waitForFunction(() => window.__gridwall.planner, null, { timeout: PATIENCE_MS });
}
async function openPlan() {
  if ((await at('dialog-plans').count()) === 0) await at('door-plans').click();
  await at(`plan-open-${plan}`).click();
  await eventually('the plan is open', async () => (await planState()).plan?.id === plan);
}
const code = (cells, face) => cells.find((cell) => cell.face === face)?.code;

stand({
  first: async () => {
    const { features } = await wall.get('api/v1/cells');
    before_codes = features.map((feature) => feature.properties.code).sort();
  },
});

test('a planner signs in, finds the drawing table and makes a draft of the plan in force', async () => {
  await signIn('planner', '规划员');
  await openPlanner();
  // The first view: the plan in force on its ground, and the way to change it in focus.
  await eventually('the plan in force is shown', async () => {
    const { plan: shown, cells } = await planState();
    return shown?.in_force && cells.length === before_codes.length;
  });
  await eventually('a new draft is one key away', () => page.evaluate(() => document.activeElement?.dataset.testid === 'begin-draft'));
  await page.keyboard.press('Enter');
  await at('new-name').fill('明日调整稿');
  await at('make-plan').click();
  const state = await eventually('the draft is open', async () => {
    const now = await planState();
    return now.plan?.status === 'draft' && now.cells.length > 0 ? now : null;
  });
  plan = state.plan.id;
  assert.equal(state.plan.name, '明日调整稿');
  assert.deepEqual(state.cells.map((cell) => cell.code).sort(), before_codes);
  await eventually('the band says what is in force and what is only a draft', async () => {
    const words = await at('plan-band').innerText();
    return /当前生效/.test(words) && /草案|草稿/.test(words) && words.includes('明日调整稿');
  });
});

test('a shared vertex is dragged: both neighbours follow, and nothing is lost', async () => {
  const { features } = await ask(`api/v1/plans/${plan}/edges`);
  // The longest border between two cells, and a vertex in its inside.
  const long = features
    .filter(({ properties, geometry }) => properties.left !== null && properties.right !== null && geometry.coordinates.length > 2)
    .sort((a, b) => b.geometry.coordinates.length - a.geometry.coordinates.length)[0];
  const { left, right } = long.properties;
  const vertex = long.geometry.coordinates[Math.floor(long.geometry.coordinates.length / 2)];
  await look([left, right]);
  await page.keyboard.press('e');
  const [x, y] = await onScreen(vertex);
  const before = (await planState()).cells;
  const after = await edits('the vertex is moved', async () => {
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.keyboard.down('Alt'); // taken; on the way there is nothing to snap to
    for (let i = 1; i <= 6; i += 1) await page.mouse.move(x + i * 3, y + i * 2);
    await page.mouse.up();
    await page.keyboard.up('Alt');
  });
  const area = (cells) => cells.filter((cell) => [left, right].includes(cell.face)).reduce((sum, cell) => sum + cell.area_m2, 0);
  const one = (cells, face) => cells.find((cell) => cell.face === face).area_m2;
  assert.notEqual(one(before, left), one(after.cells, left));
  assert.ok(Math.abs(area(before) / area(after.cells) - 1) < 1e-6, 'what one lost the other got');
  await page.keyboard.press('Escape');
});

test('a cell is split by a line, and the new part has a code', async () => {
  const { cells } = await planState();
  const big = cells.toSorted((a, b) => (b.households ?? 0) - (a.households ?? 0))[0];
  const [west, south, east, north] = big.bounds;
  await look([big.face]);
  await page.keyboard.press('v');
  await page.mouse.click(...(await onScreen([big.label_lon, big.label_lat])));
  await page.keyboard.press('s');
  const x = big.label_lon;
  const over = (north - south) * 0.02;
  const state = await edits('the cell is split', async () => {
    await page.keyboard.down('Alt');
    await page.mouse.click(...(await onScreen([x, north + over])));
    await page.mouse.click(...(await onScreen([x + (east - west) * 0.01, south - over])));
    await page.keyboard.up('Alt');
    await page.keyboard.press('Enter');
  });
  const fresh = state.cells.filter((cell) => !before_codes.includes(cell.code));
  assert.equal(fresh.length, 1);
  assert.match(fresh[0].code, /^\d{15}$/);
  assert.equal(state.cells.length, before_codes.length + 1);
  await page.keyboard.press('Escape');
});

test('two small neighbours are merged', async () => {
  const { cells } = await planState();
  const { features } = await ask(`api/v1/plans/${plan}/edges`);
  const of = new Map(cells.map((cell) => [cell.face, cell]));
  const pairs = features
    .map(({ properties }) => [of.get(properties.left), of.get(properties.right)])
    .filter(([a, b]) => a && b && a.community_code === b.community_code && a.kind === 'basic' && b.kind === 'basic' && before_codes.includes(a.code) && before_codes.includes(b.code));
  const [a, b] = pairs.toSorted(([a1, b1], [a2, b2]) => a1.households + b1.households - a2.households - b2.households)[0];
  await page.keyboard.press('v');
  // What was chosen before would be merged too.
  await page.keyboard.press('Escape');
  assert.deepEqual((await page.evaluate(() => [...window.__gridwall.planner.planner.state.selection])), []);
  await look([a.face, b.face]);
  await page.keyboard.press('m');
  const state = await edits('the two are one', async () => {
    await page.mouse.click(...(await onScreen([a.label_lon, a.label_lat])));
    await page.mouse.click(...(await onScreen([b.label_lon, b.label_lat])));
    await page.keyboard.press('Enter');
  });
  assert.equal(state.cells.length, before_codes.length);
  assert.equal([a, b].filter(({ face }) => code(state.cells, face) !== undefined).length, 1);
  await page.keyboard.press('Escape');
});

test('undo and redo by keys; the history keeps both', async () => {
  const { head } = await planState();
  await page.keyboard.press('Control+z');
  await eventually('undone', async () => (await planState()).head !== head);
  await page.keyboard.press('Control+Shift+z');
  await eventually('done again', async () => (await planState()).head === head);
});

test('the balancer proposes in words, and a proposal is applied by hand', async () => {
  const households = async () => {
    const { cells } = await planState();
    return cells.reduce((sum, cell) => sum + (cell.households ?? 0), 0);
  };
  const before = await households();
  await at('door-proposals').click();
  await at('proposals-band').waitFor();
  assert.match(await at('proposal-0').innerText(), /\d+\s*→\s*\d+/, 'each says households before and after');
  await edits('the first proposal is applied', () => at('proposal-apply-0').click());
  assert.ok(Math.abs((await households()) - before) < 0.5, 'nobody got lost');
  await page.keyboard.press('Escape');
});

test('the impact says from whom to whom', async () => {
  await at('door-impact').click();
  await at('impact-flows').waitFor();
  assert.match(await at('dialog-impact').innerText(), /户/);
  assert.match(await at('impact-flows').innerText(), /\d/);
  await page.keyboard.press('Escape');
});

test('who drew it sends it to review and cannot agree to it', async () => {
  await at('door-review').click();
  await at('step-note').fill('请审核');
  await at('step-submit').click();
  await at('own-plan').waitFor();
  assert.equal(await at('step-approve').count(), 0);
  await page.keyboard.press('Escape');
  await at('leave-planner').click();
});

test('a second person reviews and agrees', async () => {
  await signIn('reviewer', '审核人');
  await openPlanner();
  await openPlan();
  await at('door-review').click();
  await at('step-approve').click();
  await eventually('approved', async () => (await planState()).plan.approved);
  await page.keyboard.press('Escape');
  await at('leave-planner').click();
});

test('the planner publishes it from tomorrow; until then the wall stays as it is', async () => {
  await signIn('planner', '规划员');
  await openPlanner();
  await openPlan();
  await at('door-review').click();
  await at('step-publish').waitFor();
  await at('effective-tomorrow').click();
  for (const box of await page.locator('[data-testid^=acknowledge-]').all()) await box.check();
  await eventually('the last sentence names the plan', async () => (await at('publish-sentence').innerText()).includes('明日调整稿'));
  await at('step-publish').click();
  const summary = await eventually('published', async () => {
    const { plan: now } = await planState();
    return now.status === 'published' ? now : null;
  });
  effective = summary.effective_from_ms;
  assert.equal(summary.in_force, false);
  assert.match(new Date(effective + 8 * 3_600_000).toISOString(), /T00:00:00/, 'midnight in Shanghai');
  await page.keyboard.press('Escape');
  await eventually('the band names the plan to come', async () => (await at('scheduled').innerText()).includes('明日调整稿'));
  await at('leave-planner').click();
  const { features } = await wall.get('api/v1/cells');
  assert.deepEqual(features.map((feature) => feature.properties.code).sort(), before_codes);
});

test('at its time the wall changes over; looking back shows the cells as they were', async () => {
  const shown = () => page.evaluate(() => {
    const { info, areas, link } = window.__gridwall.state;
    return { plan: info.value?.plan?.id, asOf: link.asOf, codes: (areas.cell.value?.features ?? []).map((feature) => feature.properties.code).sort() };
  });
  assert.notEqual((await shown()).plan, plan);
  await wall.clock(effective + 5_000);
  const there = await eventually('the wall shows the new plan', async () => {
    await wall.clock(effective + 5_000);
    const now = await shown();
    return now.plan === plan && now.codes.join() !== before_codes.join() ? now : null;
  });
  assert.equal(there.codes.length, before_codes.length);
  // An hour back is yesterday.
  await page.keyboard.press('[');
  await at('not-live').waitFor();
  await eventually('the cells of the day before', async () => {
    await wall.clock(effective + 5_000);
    return (await shown()).codes.join() === before_codes.join();
  });
  await page.keyboard.press('Home');
  await eventually('now again', async () => (await shown()).codes.join() === there.codes.join());
});

test('the page met no error of its own', () => assert.deepEqual(opened.errors, []));

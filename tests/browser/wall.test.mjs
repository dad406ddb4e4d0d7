// The served demonstration wall in Chromium, from the one-time link to a lost connection.
// Every wait is for a state, with a bound; nothing is said about how long anything takes.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from '../../scripts/lib/wall.mjs';
import { PATIENCE_MS, demoWall, launch, openPage } from './page.mjs';

let browser;
let wall;
let opened;
let page;

const at = (testId) => page.getByTestId(testId);
const text = (testId) => at(testId).first().innerText();
/** Waits until the text of an element meets a condition. */
const textMeets = (testId, what, condition) =>
  until(`${testId}: ${what}`, async () => condition(await text(testId)), { deadlineMs: PATIENCE_MS });

before(
  async () => {
    wall = await demoWall();
    browser = await launch();
    opened = await openPage(browser, wall);
    page = opened.page;
  },
  { timeout: 300_000 },
);

after(async () => {
  await browser?.close();
  await wall?.end();
});

test('the wall stands: map, figures, clock, stream, demonstration mark', async () => {
  assert.match(await text('demo-mark'), /演示数据/);
  assert.match(await text('clock'), /\d{2}:\d{2}/);
  assert.match(await text('figure-open'), /\d/);
  assert.ok((await at('stream-item').count()) > 0, 'tickets in the stream');
  assert.ok(await at('legend').first().isVisible());
  assert.ok(await at('wall').first().isVisible());
  assert.ok(await page.locator('canvas').first().isVisible());
  assert.deepEqual(opened.errors, []);
});

test('nothing is asked of any other machine', () => {
  const own = new URL(wall.current.base).host;
  const foreign = opened.requests.filter((url) => /^https?:/.test(url) && new URL(url).host !== own);
  assert.deepEqual(foreign, []);
});

test('the figure on the wall is the one the interface gives', async () => {
  // The demonstration goes on breathing: compare until both agree.
  await until('the same number of open tickets', async () => {
    const { figures } = await wall.get('api/v1/snapshot');
    const { value } = figures.find(({ key }) => key === 'open');
    return (await text('figure-open')).replaceAll(/[,\s]/g, '').includes(String(value));
  }, { deadlineMs: PATIENCE_MS });
});

// One demonstration wall and one page on it, for the tests of a file: every file runs in a process of its own.
// `stand()` sets what is exported here before the first test, and ends it after the last.

import assert from 'node:assert/strict';
import { after, before, beforeEach } from 'node:test';
import { until } from '../../scripts/lib/wall.mjs';
import { PATIENCE_MS, demoWall, launch, openPage } from './page.mjs';

export let browser;
export let wall;
/** The page with its requests and errors. */
export let opened;
export let page;

export const at = (testId, on = page) => on.getByTestId(testId);
export const text = (testId) => at(testId).first().innerText();
export const eventually = (what, question) => until(what, question, { deadlineMs: PATIENCE_MS });
/** The digits of a text, as a number. */
export const number = (words) => Number(words.replaceAll(/[^\d]/g, ''));

/** Tab until an element with this test id (or inside it) has the focus. */
export async function tabTo(testId) {
  for (let i = 0; i < 250; i += 1) {
    await page.keyboard.press('Tab');
    if (await page.evaluate((id) => document.activeElement !== document.body && document.activeElement?.closest(`[data-testid="${id}"]`) !== null, testId)) return;
  }
  assert.fail(`Tab never reaches ${testId}`);
}

/** Where a place of the planner's map is on the screen. */
export const onScreen = (place) =>
  page.evaluate((lngLat) => {
    const { map } = window.__gridwall.planner;
    const point = map.project(lngLat);
    const { x, y } = map.getCanvas().getBoundingClientRect();
    return [x + point.x, y + point.y];
  }, place);

/** Signs in to an account of the demonstration, whoever is signed in; `door` is the button that names who that is. */
export async function signIn(name, display, { on = page, door = 'account' } = {}) {
  await at(door, on).click();
  const [other, choice] = [at('sign-in-other', on), at(`demo-${name}`, on)];
  await eventually('the dialog of accounts', async () => (await other.count()) + (await choice.count()) > 0);
  if (await other.count()) await other.click();
  await choice.click();
  await at(door, on).filter({ hasText: display }).waitFor();
}

/** Sets the stage. `closes`: whatever the test before left open is closed by so many Esc; `first`: done once the page stands. */
export function stand({ closes = 0, first = async () => {} } = {}) {
  before(
    async () => {
      wall = await demoWall();
      browser = await launch();
      opened = await openPage(browser, wall);
      page = opened.page;
      await first();
    },
    { timeout: 300_000 },
  );
  beforeEach(async () => {
    for (let i = 0; i < closes; i += 1) await page.keyboard.press('Escape');
  });
  after(async () => {
    await browser?.close();
    await wall?.end();
  });
}

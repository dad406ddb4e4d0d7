// The content security policy in Chromium: no style but files, nothing from elsewhere, and the wall, its charts, the planner
// and every dialog live with it. A page that does otherwise is kept from it, which shows that the others are watched.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from '../../scripts/lib/wall.mjs';
import { PATIENCE_MS, demoWall, launch, noteViolations, openPage } from './page.mjs';

let browser;
let wall;
let opened;
let page;

const at = (testId) => page.getByTestId(testId);
const eventually = (what, question) => until(what, question, { deadlineMs: PATIENCE_MS });
/** The styles that rules and scripts gave are there: a policy that is too strict would leave the page bare. */
const styled = (on, selector) => on.evaluate((s) => getComputedStyle(document.querySelector(s)).display, selector);

before(
  async () => {
    wall = await demoWall();
    browser = await launch();
  },
  { timeout: 300_000 },
);

after(async () => {
  await browser?.close();
  await wall?.end();
});

test('the page before the wall has its one style, and no policy is broken', async () => {
  const context = await browser.newContext();
  const errors = [];
  await noteViolations(context, errors);
  const door = await context.newPage();
  await door.goto(wall.origin);
  await door.locator('form').first().waitFor();
  assert.equal(await styled(door, 'body'), 'grid');
  assert.deepEqual(errors, []);
  await context.close();
});

test('the wall is drawn with a policy that allows no style in the page and no way out', async () => {
  opened = await openPage(browser, wall);
  page = opened.page;
  const policy = (await fetch(wall.origin)).headers.get('content-security-policy');
  assert.ok(!policy.includes('unsafe') && !policy.includes('ipc:') && !policy.includes('gridwall:'), policy);
  await at('connection').filter({ hasText: '实时' }).waitFor();
  assert.deepEqual(opened.errors, []);
});

test('scenes, lists, comparison, cards with their charts, search and dialogs break no policy', async () => {
  const escape = () => page.keyboard.press('Escape');
  for (const key of ['2', '3', '4', '1']) await page.keyboard.press(key);
  await page.keyboard.press('d');
  await at('list-line').first().waitFor();
  await escape();
  await page.keyboard.press('c');
  await at('compare-totals').waitFor();
  await page.keyboard.press('1');
  await page.keyboard.press('/');
  await at('search-input').fill('lzsq');
  await at('search-hit').first().waitFor();
  await page.keyboard.press('Enter');
  await at('area-card').waitFor();
  // The bars of its last day are an ECharts picture.
  await at('area-card').locator('svg path').first().waitFor({ state: 'attached' });
  await page.keyboard.press('j');
  await at('ticket-card').locator('dl').waitFor();
  await escape();
  await page.keyboard.press('[');
  await at('not-live').waitFor();
  await page.keyboard.press('Home');
  await at('not-live').waitFor({ state: 'detached' });
  for (const key of ['?', 's', 'u']) {
    await page.keyboard.press(key);
    await page.getByRole('dialog').waitFor();
    await escape();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  }
  assert.deepEqual(opened.errors, []);
});

test('the planner, a draft, its tools and every dialog break no policy', async () => {
  await page.keyboard.press('u');
  await at('demo-planner').click();
  await at('account').filter({ hasText: '规划员' }).waitFor();
  await at('open-planner').click();
  await at('planner').waitFor();
  await page.waitForFunction(() => window.__gridwall.planner, null, { timeout: PATIENCE_MS });
  await eventually('a new draft is one key away', () => page.evaluate(() => document.activeElement?.dataset.testid === 'begin-draft'));
  await page.keyboard.press('Enter');
  await at('new-name').fill('规则');
  await at('make-plan').click();
  const draft = () => page.evaluate(() => window.__gridwall.planner.planner.plan.value?.status === 'draft' && window.__gridwall.planner.planner.state.cells.size);
  await eventually('the draft is open', draft);
  // A cell in hand, and a look at each tool.
  await page.evaluate(() => {
    const { planner } = window.__gridwall.planner;
    planner.select([[...planner.state.cells.keys()][0]]);
  });
  for (const tool of ['e', 'i', 'd', 'r', 's', 'm', 't', 'f', 'y', 'n', 'v']) await page.keyboard.press(tool);
  for (const [key, name] of [['o', 'plans'], ['b', 'proposals'], ['c', 'compare'], ['j', 'overlay'], ['a', 'impact'], ['x', 'export'], ['p', 'review'], [',', 'settings']]) {
    await page.keyboard.press(key);
    await at(`dialog-${name}`).waitFor();
    await page.keyboard.press('Escape');
    await at(`dialog-${name}`).waitFor({ state: 'detached' });
  }
  await page.keyboard.press('?');
  await at('planner-keys').waitFor();
  assert.deepEqual(opened.errors, []);
});

test('a style or script that is written into the page is kept out, and seen', async () => {
  const colour = await page.evaluate(() => {
    const style = document.createElement('style');
    style.textContent = 'body { outline: 7px solid red }';
    document.head.append(style);
    const script = document.createElement('script');
    script.textContent = 'window.writtenIn = true';
    document.head.append(script);
    return [getComputedStyle(document.body).outlineWidth === '7px', window.writtenIn === true];
  });
  assert.deepEqual(colour, [false, false]);
  const seen = await eventually('both are noted', () => (opened.errors.length >= 2 ? opened.errors : null));
  assert.deepEqual(seen.map((words) => words.split(' ')[1]).sort(), ['script-src-elem', 'style-src-elem']);
});

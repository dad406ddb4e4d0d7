// The wall under a server that dies and comes back, and under a network that is slow or swallows everything: at every page
// and dialog the last picture stays, says so, and goes on by itself.

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { PATIENCE_MS } from './page.mjs';
import { at, eventually, opened, page, stand, text, wall } from './stage.mjs';

const seen = (testId) => eventually(`${testId} is shown`, () => at(testId).first().isVisible());
const live = () => eventually('live', async () => (await at('connection').getAttribute('class')).includes('live'));
const figure = () => at('figure-open').locator('b').innerText();

stand();

// One test that fails takes no other with it.
beforeEach(async () => {
  wall.slow(0);
  await wall.mend();
  for (let i = 0; i < 3; i += 1) await page.keyboard.press('Escape');
});

/** What stands open while the server dies: how it is opened, and what must still be there afterwards. */
const places = [
  ['the wall alone', async () => {}, 'wall'],
  ['the search', () => page.keyboard.press('/'), 'search-input'],
  ['the keys', () => page.keyboard.press('?'), 'keys-dialog'],
  ['the settings', () => page.keyboard.press('s'), 'settings-dialog'],
  ['the sign-in', () => page.keyboard.press('u'), 'sign-in-dialog'],
  ["a ticket's card", () => at('stream-item').first().locator('button').first().click(), 'ticket-card'],
];

for (const [name, open, mark] of places) {
  test(`a server that dies and comes back, with ${name}`, { timeout: 240_000 }, async () => {
    await live();
    await open();
    await seen(mark);
    const before = await figure();
    await wall.kill();
    await seen('lost');
    assert.match(await text('lost'), /\d{2}:\d{2}/, 'since when is said');
    assert.equal(await figure(), before, 'the last figure stays');
    assert.ok((await at('stream-item').count()) > 0, 'the last tickets stay');
    assert.ok(await at(mark).first().isVisible(), `${mark} stays`);
    assert.ok(await page.locator('.wall.stale').count(), 'greyed');
    assert.doesNotMatch(await page.locator('body').innerText(), /TypeError|Failed to fetch|undefined|NaN/);
    await wall.restart();
    await live();
    assert.ok(await at('wall').first().isVisible(), 'no sign-in page');
    assert.equal(await at('replaced').count(), 0, 'the same store');
    for (let i = 0; i < 3; i += 1) await page.keyboard.press('Escape');
    assert.deepEqual(opened.errors, []);
  });
}

test('search without a server says that it failed, not that there is nothing', { timeout: 240_000 }, async () => {
  await live();
  await wall.cut();
  await seen('lost');
  await page.keyboard.press('/');
  await at('search-input').fill('鹭洲');
  await seen('search-failed');
  await wall.mend();
  await page.keyboard.press('Escape');
  await live();
});

test('the planner whose code cannot be fetched leaves a way back', { timeout: 240_000 }, async () => {
  await live();
  await wall.cut();
  await seen('lost');
  await page.keyboard.press('p');
  await seen('page-missing');
  await at('page-back').click();
  await seen('wall');
  assert.ok((await at('stream-item').count()) > 0);
  await wall.mend();
  await live();
  await page.keyboard.press('p');
  await seen('planner');
  await page.keyboard.press('Escape');
  await page.goto(wall.origin);
  await page.waitForFunction(() => document.documentElement.dataset.ready === '1', null, { timeout: PATIENCE_MS });
});

test('a second and a half each way: the wall comes, and says that the network is slow', { timeout: 240_000 }, async () => {
  wall.slow(1500);
  // Not until everything has come: the words are there while it comes.
  await page.goto(wall.origin, { waitUntil: 'commit' });
  await seen('starting');
  await live();
  assert.match(await figure(), /\d/);
  wall.slow(0);
});

test('a network that swallows everything is waited for in words, and no zero is shown', { timeout: 240_000 }, async () => {
  await page.goto(wall.origin);
  await live();
  wall.slow(Infinity);
  await page.keyboard.press('Home');
  // Every question of a new page is swallowed; what the page itself needs comes from the browser's cache or not at all.
  await page.evaluate(() => window.__gridwall.wall.feed.retry());
  await eventually('the wait is said', async () => (await at('slow-network').count()) > 0 || (await at('lost').count()) > 0);
  assert.match(await figure(), /[1-9]/, 'the last figure stays');
  wall.slow(0);
  await live();
});

test('a stream that dies without a word is not called live, and goes on by itself', async () => {
  await live();
  wall.stall();
  await seen('silent');
  assert.doesNotMatch(await text('connection'), /实时/);
  const { bounds } = await wall.get('api/v1/wall');
  await wall.post({ external_id: 'after-silence', title: '静默之后的事件', lon: (bounds[0] + bounds[2]) / 2, lat: (bounds[1] + bounds[3]) / 2 });
  await eventually('live again', async () => (await text('connection')).includes('实时'));
  await at('stream-item').filter({ hasText: '静默之后的事件' }).first().waitFor();
});

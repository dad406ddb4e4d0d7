// The served demonstration wall in Chromium, from the one-time link to a lost connection.
// Every wait is for a state, with a bound; nothing is said about how long anything takes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, eventually, number, opened, page, stand, text, wall } from './stage.mjs';

/** Waits until the text of an element meets a condition. */
const meets = (testId, what, condition) => eventually(`${testId}: ${what}`, async () => condition(await text(testId)));

stand({ closes: 3 });

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
  const foreign = opened.requests.filter(({ url }) => /^(https?|wss?):/.test(url) && new URL(url).origin !== wall.origin);
  assert.deepEqual(foreign, []);
});

test('the figure on the wall is the one the interface gives', async () => {
  // The demonstration goes on breathing: compare until both agree.
  await eventually('the same number of open tickets', async () => {
    const { figures } = await wall.get('api/v1/snapshot');
    const { value } = figures.find(({ key }) => key === 'open');
    return (await at('figure-open').locator('b').innerText()).replaceAll(/[,\s]/g, '') === String(value);
  });
});

test('digits choose the scene, and the legend says which', async () => {
  const legends = new Set();
  for (const [key, mode] of [['2', 'time_left'], ['3', 'owner'], ['4', 'open'], ['1', 'heat']]) {
    await page.keyboard.press(key);
    await eventually(`scene ${mode}`, async () => (await at(`mode-${mode}`).getAttribute('aria-pressed')) === 'true');
    legends.add(await text('legend'));
  }
  assert.equal(legends.size, 4, 'each scene has a legend of its own');
});

test('one key goes from cells to communities to the street and back', async () => {
  for (const level of ['community', 'street', 'cell']) {
    await page.keyboard.press('l');
    await eventually(`level ${level}`, async () => (await at(`level-${level}`).getAttribute('aria-pressed')) === 'true');
  }
});

test('pinyin initials find an area, and its card says whose it is', async () => {
  await page.keyboard.press('/');
  await at('search-input').fill('lzsq');
  const hit = at('search-hit').filter({ hasText: '鹭洲社区' }).first();
  await hit.click();
  await at('area-card').waitFor();
  assert.match(await text('area-card'), /鹭洲社区/);
  await page.keyboard.press('Escape');
  await at('area-card').waitFor({ state: 'detached' });
});

test('a cell found by its code shows its counts and its owners', async () => {
  const { features } = await wall.get('api/v1/areas?level=cell');
  const owned = features.find(({ properties }) => properties.owner !== '').properties;
  await page.keyboard.press('/');
  await at('search-input').fill(owned.code);
  await at('search-hit').first().waitFor();
  await page.keyboard.press('Enter');
  await at('area-card').waitFor();
  await meets('area-card', owned.name || owned.code, (words) => words.includes(owned.name || owned.code) && words.includes(owned.owner));
});

test('a click on the map opens the card of what lies there', async () => {
  await page.keyboard.press('0');
  const { x, y, width, height } = await page.locator('canvas.maplibregl-canvas').boundingBox();
  const card = page.locator('[data-testid=area-card], [data-testid=ticket-card], [data-testid=point-card]');
  await eventually('a card', async () => {
    await page.mouse.click(x + width / 2, y + height / 2);
    return (await card.count()) > 0;
  });
});

test('language changes while the wall runs, and back', async () => {
  const chinese = await text('figure-open');
  assert.match(chinese, /当前在办/);
  await page.keyboard.press('g');
  await meets('figure-open', 'English', (words) => /open/i.test(words) && !/[\u4e00-\u9fff]/.test(words));
  await page.keyboard.press('g');
  await meets('figure-open', 'Chinese', (words) => /当前在办/.test(words));
});

test('a ticket posted to the interface appears by delta, not by reload', async () => {
  const { bounds } = await wall.get('api/v1/wall');
  const [west, south, east, north] = bounds;
  await page.evaluate(() => {
    window.sameDocument = true;
  });
  const before = opened.requests.length;
  const title = '路面塌陷一处请即派员';
  await wall.post({ external_id: 'delta-1', title, lon: (west + east) / 2, lat: (south + north) / 2 });
  await at('stream-item').filter({ hasText: title }).first().waitFor();
  assert.equal(await page.evaluate(() => window.sameDocument), true, 'the same document');
  const since = opened.requests.slice(before);
  const again = since.filter(({ url, kind }) => kind === 'document' || /api\/v1\/(snapshot|wall|areas)\b/.test(url));
  assert.deepEqual(again, [], 'no new document, snapshot or areas');

  await at('stream-item').filter({ hasText: title }).first().click();
  await at('ticket-card').waitFor();
  await meets('ticket-card', title, (words) => words.includes(title));
});

test('a step into the past says so on a band, and one key returns', async () => {
  await page.keyboard.press('[');
  await at('not-live').waitFor();
  assert.match(await text('not-live'), /非实时/);
  await page.keyboard.press('Home');
  await at('not-live').waitFor({ state: 'detached' });
});

test('a lost connection keeps the picture, says since when, and heals', async () => {
  const open = await text('figure-open');
  await wall.cut();
  await meets('connection', 'lost', (words) => words.includes('连接中断'));
  assert.match(await text('lost'), /最后更新 \d{2}:\d{2}:\d{2}/);
  assert.match(await at('wall').getAttribute('class'), /\bstale\b/, 'greyed');
  assert.match(open, /\d/);
  assert.match(await text('figure-open'), /\d/, 'the figures stay');
  assert.ok((await at('stream-item').count()) > 0, 'the stream stays');
  await wall.mend();
  await meets('connection', 'live', (words) => words.includes('实时'));
  await at('lost').waitFor({ state: 'detached' });
  const title = '断线之后的新事件';
  const { bounds } = await wall.get('api/v1/wall');
  await wall.post({ external_id: 'after-1', title, lon: bounds[0], lat: bounds[1] });
  await at('stream-item').filter({ hasText: title }).first().waitFor();
});

for (const [width, height] of [[1366, 768], [2560, 1080], [3840, 2160]]) {
  test(`laid out at ${width}×${height}`, async () => {
    await page.setViewportSize({ width, height });
    const parts = ['figures', 'stream', 'clock', 'legend', 'connection'];
    await eventually('every part on the screen', async () => {
      const boxes = await Promise.all(parts.map((part) => at(part).first().boundingBox()));
      return boxes.every((box) => box && box.x >= -1 && box.y >= -1 && box.x + box.width <= width + 1 && box.y + box.height <= height + 1);
    });
    const overflow = await page.evaluate(() => [document.documentElement.scrollWidth - innerWidth, document.documentElement.scrollHeight - innerHeight]);
    assert.deepEqual(overflow.map((n) => Math.max(0, n)), [0, 0], 'nothing hangs over');
  });
}

test('the page met no error of its own', () => assert.deepEqual(opened.errors, []));

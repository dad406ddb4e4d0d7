// Whose time the wall shows: a label never moves before its data, a replay is said and can be ended from the wall.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, eventually, opened, page, stand, text, wall } from './stage.mjs';

const DAY_MS = 86_400_000;
const words = async (testId) => ((await at(testId).count()) ? at(testId).first().innerText() : '');

/** Every picture of labels that the page showed while `act` ran, each once. */
async function seenWhile(act) {
  await page.evaluate(() => {
    const look = () => {
      const text = (id) => document.querySelector(`[data-testid="${id}"]`)?.textContent ?? '';
      const one = JSON.stringify({ link: text('connection'), band: text('not-live'), age: text('age') });
      if (window.seen.at(-1) !== one) window.seen.push(one);
    };
    window.seen = [];
    window.watching = new MutationObserver(look);
    window.watching.observe(document.body, { subtree: true, childList: true, characterData: true });
    look();
  });
  await act();
  return page.evaluate(() => {
    window.watching.disconnect();
    return window.seen.map((one) => JSON.parse(one));
  });
}

stand({
  first: async () => {
    await eventually('the wall is live', async () => (await words('connection')).includes('实时'));
  },
});

test('over a slow link the past is said to be asked for until it is there, and 实时 never stands beside 非实时', async () => {
  wall.slow(1_500);
  const seen = await seenWhile(async () => {
    await page.keyboard.press('[');
    await at('asked-time').filter({ hasText: '正在取回' }).waitFor();
    assert.equal(await at('held-time').count(), 0, 'nothing of that time is there yet');
    assert.doesNotMatch(await words('age'), /的数据/);
    await at('held-time').waitFor();
    await at('age').first().filter({ hasText: '的数据' }).waitFor();
    await page.keyboard.press('Home');
    await at('asked-time').filter({ hasText: '正在返回现在' }).waitFor();
    assert.match(await words('age'), /的数据/, 'still of then');
    await at('not-live').waitFor({ state: 'detached' });
  });
  wall.slow(0);
  await eventually('live again', async () => (await words('connection')).includes('实时'));
  assert.ok(seen.length > 3, 'the labels changed while they were watched');
  for (const one of seen) assert.ok(!(one.link.includes('实时') && one.band !== ''), JSON.stringify(one));
});

test('a past that never arrives leaves the picture of now, and says so', async () => {
  wall.slow(Infinity);
  await page.keyboard.press('[');
  await at('asked-time').filter({ hasText: '画面仍是现在' }).waitFor();
  await page.waitForTimeout(3_000);
  assert.equal(await at('held-time').count(), 0);
  assert.doesNotMatch(await words('age'), /的数据/);
  await page.keyboard.press('Home');
  wall.slow(0);
  await eventually('live again', async () => (await words('connection')).includes('实时'));
});

test('a replay is said beside the clock, explained on a press, and ended from the wall for good', async () => {
  const then = Date.now() - 2 * DAY_MS;
  await wall.clock(then);
  await at('clock-kind').filter({ hasText: '历史回放' }).waitFor();
  assert.match(await words('connection'), /已连接/);
  await at('later').filter({ hasText: /另有 [\d,]+ 件晚于时钟/ }).waitFor();
  await at('clock-kind').focus();
  await page.keyboard.press('Enter');
  await at('clock-dialog').filter({ hasText: '所有墙屏' }).waitFor();
  await at('end-replay').focus();
  await page.keyboard.press('Enter');
  await at('clock-dialog').filter({ hasText: '回放已结束' }).waitFor();
  // Its driver goes on talking: refused by name, and the wall stays in the present.
  await assert.rejects(wall.clock(then), /409.*replay_ended/s);
  await page.keyboard.press('Escape');
  await at('clock-kind').waitFor({ state: 'detached' });
  await eventually('live again', async () => (await words('connection')).includes('实时'));
});

test('the page met no error of its own', () => {
  assert.deepEqual(opened.errors, []);
});

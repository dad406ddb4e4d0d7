// People sign in, in Chromium: on top of the one-time link, at the page before the wall, and out again.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PATIENCE_MS } from './page.mjs';
import { at, browser, eventually, opened, page, stand, wall } from './stage.mjs';

/** Who the wall says is asking, in the name the page asks with. */
const whoAsks = (on = page) => on.evaluate(() => window.__gridwall.wall.host.get('api/v1/session'));
const ready = (on) => on.waitForFunction(() => document.documentElement.dataset.ready === '1', null, { timeout: 180_000 });

stand();

test('the link gives an operator; nobody is signed in', async () => {
  const who = await whoAsks();
  assert.deepEqual([who.signed_in, who.role, who.demo, who.accounts_exist], [false, 'operator', true, true]);
  assert.equal(who.can.plan, false);
});

test('a wrong password says so and keeps the dialog; the right one signs in by keyboard alone', async () => {
  await page.keyboard.press('u');
  await at('sign-in-dialog').waitFor();
  await page.keyboard.type('planner');
  await page.keyboard.press('Tab');
  await page.keyboard.type('not the password');
  await page.keyboard.press('Enter');
  await at('sign-in-error').filter({ hasText: '账号或密码不正确' }).waitFor();
  assert.equal(await at('sign-in-password').inputValue(), '', 'what was wrong is not kept');
  await page.keyboard.type('gridwall-demo');
  await page.keyboard.press('Enter');
  await at('sign-in-dialog').waitFor({ state: 'detached' });
  await at('account').filter({ hasText: '规划员' }).waitFor();
  const who = await whoAsks();
  assert.deepEqual([who.signed_in, who.name, who.can.plan, who.can.admin], [true, 'planner', true, false]);
  await eventually('the wall is live again', async () => (await at('connection').innerText()).includes('实时'));
});

test('a reload stays signed in, frames go on in that name', async () => {
  await page.reload();
  await ready(page);
  await at('account').filter({ hasText: '规划员' }).waitFor();
  assert.equal((await whoAsks()).name, 'planner');
  const title = '登录后收到的事件';
  const { bounds } = await wall.get('api/v1/wall');
  await wall.post({ external_id: 'signed-1', title, lon: bounds[0], lat: bounds[1] });
  await at('stream-item').filter({ hasText: title }).first().waitFor();
});

test('another tab of the same browser is not that person, and signs in by one click', async () => {
  const second = await page.context().newPage();
  await second.goto(wall.origin);
  await ready(second);
  assert.equal((await whoAsks(second)).signed_in, false);
  await at('account', second).click();
  await at('demo-reviewer', second).click();
  await at('account', second).filter({ hasText: '审核人' }).waitFor();
  const reviewer = await whoAsks(second);
  assert.deepEqual([reviewer.name, reviewer.can.review, reviewer.can.plan], ['reviewer', true, false]);
  assert.equal((await whoAsks()).name, 'planner', 'the first tab is still the planner');
  await second.close();
});

test('signing out gives the page its own right back', async () => {
  await at('account').click();
  await at('sign-in-dialog').filter({ hasText: '规划员' }).waitFor();
  await page.keyboard.press('Escape');
  await at('sign-in-dialog').waitFor({ state: 'detached' });
  await at('account').click();
  await at('sign-out').click();
  await at('sign-in-dialog').waitFor({ state: 'detached' });
  await eventually('nobody signed in', async () => !(await whoAsks()).signed_in);
  assert.equal((await whoAsks()).role, 'operator');
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  await eventually('the wall is live', async () => (await at('connection').innerText()).includes('实时'));
});

test('a session that ends elsewhere leaves the wall standing', async () => {
  await page.keyboard.press('u');
  await at('demo-planner').click();
  await at('account').filter({ hasText: '规划员' }).waitFor();
  const secret = await page.evaluate(() => sessionStorage.getItem('gridwall.session'));
  const gone = await fetch(new URL('api/v1/session', wall.origin), { method: 'DELETE', headers: { authorization: `Bearer ${secret}` } });
  assert.equal(gone.status, 204);
  await eventually('the page notices', async () => (await at('account').innerText()).trim() === '');
  await eventually('the wall is live', async () => (await at('connection').innerText()).includes('实时'));
  await page.keyboard.press('u');
  await at('sign-in-error').filter({ hasText: '登录已失效' }).waitFor();
  await page.keyboard.press('Escape');
});

test('without a link the page before the wall signs in, without any script', async () => {
  const context = await browser.newContext({ viewport: { width: 1366, height: 768 }, locale: 'zh-CN' });
  context.setDefaultTimeout(PATIENCE_MS);
  const door = await context.newPage();
  await door.goto(wall.origin);
  assert.equal(await door.locator('script').count(), 0);
  await door.locator('input[name=name]').first().fill('planner');
  await door.locator('input[type=password]').fill('wrong again');
  await door.keyboard.press('Enter');
  await door.getByRole('alert').filter({ hasText: '账号或密码不正确' }).waitFor();
  await door.locator('input[name=name]').first().fill('planner');
  await door.locator('input[type=password]').fill('gridwall-demo');
  await door.keyboard.press('Enter');
  await ready(door);
  await at('account', door).filter({ hasText: '规划员' }).waitFor();
  assert.equal(new URL(door.url()).pathname, '/');

  // Signed out there, this browser has no right left: the page asks to sign in again.
  await at('account', door).click();
  await at('sign-out', door).click();
  await at('sign-in', door).waitFor();
  await at('demo-reviewer', door).click();
  await at('wall', door).waitFor();
  await at('account', door).filter({ hasText: '审核人' }).waitFor();
  await context.close();
});

test('the dialog speaks English and fits a small screen', async () => {
  await page.setViewportSize({ width: 1366, height: 768 });
  await page.keyboard.press('g');
  await at('account').click();
  await at('sign-in-dialog').filter({ hasText: 'Demonstration accounts' }).waitFor();
  const words = (await at('sign-in-dialog').innerText()).replaceAll(/规划员|审核人/g, '');
  assert.doesNotMatch(words, /[\u4e00-\u9fff]/);
  const box = await at('sign-in-dialog').boundingBox();
  assert.ok(box.y >= 0 && box.y + box.height <= 768 && box.x >= 0 && box.x + box.width <= 1366, JSON.stringify(box));
  await page.keyboard.press('Escape');
  await page.keyboard.press('g');
});

test('the page met no error of its own', () => assert.deepEqual(opened.errors, []));

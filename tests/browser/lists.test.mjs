// Every number opens its members, by the keyboard alone: the lateness list, a figure, a card's count, a bar of the slider.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, eventually, number, opened, page, stand, tabTo, wall } from './stage.mjs';

/** The ticket whose line has the focus. */
const focused = () => page.evaluate(() => document.activeElement?.closest('[data-ticket]')?.dataset.ticket ?? '');
const total = async () => number(await at('list-total').innerText());

stand({ closes: 4 });

test('one key opens the lateness list; arrows, Enter and Esc go through it and come back to the same line', async () => {
  await page.keyboard.press('d');
  await at('list-line').first().waitFor();
  const { total: asked } = await wall.get('api/v1/ticket-list?set=late&limit=1');
  await eventually('as many as the interface says', async () => Math.abs((await total()) - asked) <= 3);
  assert.match(await at('ticket-list').innerText(), /临期：距到期不足/);
  assert.match(await at('list-at').innerText(), /\d{2}:\d{2}:\d{2} 的数据/);
  const first = await focused();
  assert.notEqual(first, '');
  await page.keyboard.press('ArrowDown');
  const second = await focused();
  assert.notEqual(second, first);
  await page.keyboard.press('Enter');
  await at('ticket-card').waitFor();
  await page.keyboard.press('Escape');
  await at('ticket-card').waitFor({ state: 'detached' });
  await eventually('the same line', async () => (await focused()) === second);
  await page.keyboard.press('Escape');
  await at('ticket-list').waitFor({ state: 'detached' });
});

test('the lateness list by owner, and the next page, by keyboard', async () => {
  await page.keyboard.press('d');
  await at('list-line').first().waitFor();
  await tabTo('list-by-owner');
  await page.keyboard.press('Enter');
  await at('list-owners').waitFor();
  await tabTo('list-owners');
  await page.keyboard.press('Enter');
  await at('list-line').first().waitFor();
  await page.keyboard.press('Escape');
  // A figure with more than one page.
  await tabTo('figure-open');
  await page.keyboard.press('Enter');
  await at('list-line').first().waitFor();
  const shown = await at('list-line').count();
  if ((await total()) > shown) {
    await tabTo('list-more');
    await page.keyboard.press('Enter');
    await eventually('more lines', async () => (await at('list-line').count()) > shown);
    await eventually('the focus is on the first new line', async () => (await focused()) !== '');
  }
});

test('a figure, a count of a card and a bar of the slider open lists as long as they say', async () => {
  for (const [figure, set] of [['figure-overdue', 'overdue'], ['figure-received_today', 'received'], ['figure-closed_today', 'closed']]) {
    await tabTo(figure);
    await page.keyboard.press('Enter');
    await at('ticket-list').waitFor();
    await eventually(`${figure} and its list`, async () => Math.abs((await total()) - number(await at(figure).locator('b').innerText())) <= 3);
    assert.ok(set);
    await page.keyboard.press('Escape');
  }
  const { areas } = await wall.get('api/v1/snapshot');
  const { features } = await wall.get('api/v1/areas?level=community');
  const busiest = features.map(({ properties }) => ({ ...properties, open: areas.find(({ key }) => key === properties.key).open })).sort((a, b) => b.open - a.open)[0];
  await page.keyboard.press('/');
  await at('search-input').fill(busiest.code);
  await at('search-hit').first().waitFor();
  await page.keyboard.press('Enter');
  await at('area-card').waitFor();
  // The card comes before what it holds.
  await at('count-open').waitFor();
  await tabTo('count-open');
  await page.keyboard.press('Enter');
  await at('list-total').waitFor();
  assert.ok(Math.abs((await total()) - busiest.open) <= 3, 'open in the community');
  assert.match(await at('ticket-list').innerText(), new RegExp(busiest.name));
  await page.keyboard.press('Escape');

  await tabTo('slider');
  for (let i = 0; i < 12; i += 1) await page.keyboard.press('ArrowLeft');
  await at('bar-received').waitFor();
  const received = number((await at('bar-received').innerText()).replace(/^\D+/, ''));
  await page.keyboard.press('Enter');
  await eventually('the list of the bar', async () => (received === 0 ? (await at('list-empty').count()) === 1 : (await total()) === received));
});

test('what has no place is a number of its own that opens its members, and its card says so', async () => {
  assert.equal(await at('unplaced').count(), 0, 'everything has a place');
  for (const id of ['nowhere-1', 'nowhere-2']) await wall.post({ external_id: id, title: `无处 ${id}`, address: '未登记的地址' });
  await at('unplaced').waitFor();
  await eventually('both are counted', async () => (await at('unplaced').innerText()) === '无位置 2');
  await tabTo('figure-open');
  await at('unplaced').focus();
  await page.keyboard.press('Enter');
  await at('list-line').first().waitFor();
  assert.equal(await total(), 2);
  assert.match(await at('ticket-list').innerText(), /无位置/);
  await page.keyboard.press('Enter');
  await at('ticket-card').waitFor();
  await eventually('the card says so', async () => /位置不详/.test(await at('ticket-card').innerText()));
  assert.equal(await at('no-cell').innerText(), '无位置');
});

test('nothing is called empty when nobody answers', async () => {
  let asked = 0;
  await page.route('**/api/v1/ticket-list**', (route) => {
    asked += 1;
    return route.fulfill({ status: 503, contentType: 'application/json', body: '{"code":"busy","message":"busy"}' });
  });
  await page.keyboard.press('d');
  const alert = page.getByRole('alert');
  await alert.waitFor();
  assert.match(await alert.innerText(), /没有取到清单/);
  assert.equal(await at('list-empty').count(), 0);
  const before = asked;
  await alert.getByRole('button').press('Enter');
  await eventually('it is asked again', () => asked > before);
  // And by itself, once somebody answers.
  await page.unroute('**/api/v1/ticket-list**');
  await at('list-line').first().waitFor();
});

test('in the scene of deadlines the late ones stand on the map at every zoom', async () => {
  await page.keyboard.press('2');
  await page.keyboard.press('0');
  for (let i = 0; i < 4; i += 1) await page.keyboard.press('-');
  await eventually('late tickets on the map', () => page.evaluate(() => window.__gridwall.map.queryRenderedFeatures({ layers: ['pt-late'] }).length > 0));
  await page.keyboard.press('1');
});

test('the page met no error of its own', () => assert.deepEqual(opened.errors, []));

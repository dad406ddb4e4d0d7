// Two periods side by side and "whose is it?", by the keyboard alone.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, eventually, number, opened, page, stand, tabTo, text, wall } from './stage.mjs';

stand({ closes: 4 });

test('one key holds last week against the week before; the numbers are the interface\'s and open their members', async () => {
  await page.keyboard.press('c');
  await at('compare-totals').waitFor();
  await eventually('the focus is on the choice of periods', () => page.evaluate(() => document.activeElement?.dataset.testid === 'compare-pair'));
  const answer = await wall.get('api/v1/compare?a=week-1&b=week-2&level=cell');
  await eventually('received in both', async () => {
    const shown = await Promise.all(['a', 'b'].map(async (side) => (await at(`total-${side}-received`).innerText()).replaceAll(',', '')));
    // What nobody recorded is no zero.
    return ['a', 'b'].every((side, i) => shown[i] === (answer[side].recorded ? String(answer[`total_${side}`].received) : '—'));
  });
  assert.match((await at('compare-totals').innerText()).replaceAll(',', ''), new RegExp(`${answer.total_a.on_time} / ${answer.total_a.due}`), 'numerator and denominator');
  await tabTo('total-a-received');
  await page.keyboard.press('Enter');
  await at('list-total').waitFor();
  assert.equal(number(await at('list-total').innerText()), answer.total_a.received);
  await page.keyboard.press('Escape');
  await at('compare-totals').waitFor();
});

test('the difference is on the map, with its scale, by measure and by level', async () => {
  await page.keyboard.press('5');
  await at('compare-totals').waitFor();
  // The demonstration remembers a few days: yesterday and the day before.
  await at('compare-pair').selectOption('yesterday');
  await at('compare-totals').waitFor();
  const painted = () => page.evaluate(() => {
    const { map, view } = window.__gridwall;
    return map.queryRenderedFeatures({ layers: [`fill-${view.level}`] }).filter(({ state }) => state.compared === 1).length;
  });
  await eventually('cells are painted', async () => (await painted()) > 0);
  assert.match(await at('legend').innerText(), /−\d+[\s\S]*0[\s\S]*\+\d+/);
  await tabTo('measure-on_time');
  await page.keyboard.press('Enter');
  await eventually('the legend is in points', async () => /百分点/.test(await at('legend').innerText()));
  await page.keyboard.press('l');
  await eventually('communities are painted', async () => (await painted()) > 0);
  await page.keyboard.press('l');
  await page.keyboard.press('l');
});

test('other periods, and any two, by keyboard', async () => {
  await page.keyboard.press('1');
  await page.keyboard.press('c');
  await at('compare-totals').waitFor();
  // The next of the list, from wherever the test before left it.
  const before = await at('compare-pair').inputValue();
  const pairs = await at('compare-pair').locator('option').evaluateAll((options) => options.map(({ value }) => value));
  await at('compare-pair').focus();
  await page.keyboard.press('ArrowDown');
  await eventually('the next pair', async () => (await at('compare-pair').inputValue()) === pairs[pairs.indexOf(before) + 1]);
  await at('compare-pair').selectOption('free');
  await at('free-from-a').waitFor();
  await at('compare-totals').waitFor();
  // The past before the first record is said, never compared.
  await at('compare-pair').selectOption('lastMonth');
  await at('compare-totals').waitFor();
  await page.keyboard.press('1');
});

test('whose is it? of the gravest alarm by one key, of a selected cell at once, in letters for the back row', async () => {
  const { bounds } = await wall.get('api/v1/wall');
  await wall.post({ external_id: 'whose-1', title: '燃气泄漏', lon: (bounds[0] + bounds[2]) / 2, lat: (bounds[1] + bounds[3]) / 2 });
  await page.getByTestId('stream-item').filter({ hasText: '燃气泄漏' }).first().waitFor();
  await page.keyboard.press('o');
  await at('whose').waitFor();
  await page.keyboard.press('o');
  await at('whose').waitFor({ state: 'detached' });
  const { features } = await wall.get('api/v1/areas?level=cell');
  const owned = features.find(({ properties }) => properties.owner !== '').properties;
  await page.keyboard.press('/');
  await at('search-input').fill(owned.code);
  await at('search-hit').first().waitFor();
  await page.keyboard.press('Enter');
  await eventually('the owner in the callout', async () => (await at('whose').innerText()).includes(owned.owner));
  const size = await at('whose').locator('.first b').evaluate((b) => parseFloat(getComputedStyle(b).fontSize) / parseFloat(getComputedStyle(document.documentElement).fontSize));
  assert.ok(size >= 2.5, `the name is ${size} times the smallest text`);
  await page.keyboard.press('o');
  await at('whose').waitFor({ state: 'detached' });
  await page.keyboard.press('o');
});

test('a cell with an alarm has its name and owner on the map', async () => {
  await page.keyboard.press('0');
  await eventually('named alarms', () => page.evaluate(() => window.__gridwall.map.queryRenderedFeatures({ layers: ['label-alarm'] }).some(({ properties }) => properties.whose.includes('\n'))));
});

test('the page met no error of its own', () => assert.deepEqual(opened.errors, []));

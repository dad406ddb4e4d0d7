// Who reads the wall with other means than eyes and pointer: axe-core finds nothing serious on any part of it (contrast
// included), cards and lists work by keyboard, titles are never clipped at any setting, notices cover no alarms.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { at, eventually, opened, page, stand, text, wall } from './stage.mjs';

const axe = readFileSync(createRequire(new URL('../../ui/package.json', import.meta.url)).resolve('axe-core/axe.min.js'), 'utf8');

/** Serious findings of axe-core on the page as it stands; pictures are not text, so the map's canvas is left out. */
async function findings() {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run({ exclude: ['canvas'] }, { resultTypes: ['violations'] }));
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary.split('\n').slice(1, 3).join(' ').trim()}`));
}

stand({ closes: 4 });

async function search(text, card) {
  await page.keyboard.press('/');
  await at('search-input').fill(text);
  await at('search-hit').first().waitFor();
  await page.keyboard.press('Enter');
  await at(card).waitFor();
}

const parts = {
  'the wall with every scene': async () => {
    const found = [];
    for (const key of ['1', '2', '3', '4']) {
      await page.keyboard.press(key);
      found.push(...(await findings()));
    }
    await page.keyboard.press('1');
    return found;
  },
  'the lateness list': async () => {
    await page.keyboard.press('d');
    await at('list-line').first().waitFor();
    return findings();
  },
  'the comparison': async () => {
    await page.keyboard.press('c');
    await at('compare-totals').waitFor();
    const found = await findings();
    await page.keyboard.press('1');
    return found;
  },
  'the card of an area, and whose it is': async () => {
    await search('lzsq', 'area-card');
    await at('whose').waitFor();
    return findings();
  },
  'the card of a ticket': async () => {
    await page.keyboard.press('j');
    await at('ticket-card').waitFor();
    await at('ticket-card').locator('dl').waitFor();
    return findings();
  },
  'the search': async () => {
    await page.keyboard.press('/');
    await at('search-input').fill('a');
    await at('search-hit').first().waitFor();
    return findings();
  },
  'the keys': async () => {
    await page.keyboard.press('?');
    await at('keys-dialog').waitFor();
    return findings();
  },
  'the settings': async () => {
    await page.keyboard.press('s');
    await page.getByRole('dialog').waitFor();
    return findings();
  },
  'signing in': async () => {
    await page.keyboard.press('u');
    await page.getByRole('dialog').waitFor();
    return findings();
  },
};
for (const [name, look] of Object.entries(parts)) {
  test(`axe-core has nothing serious to say about ${name}`, async () => assert.deepEqual(await look(), []));
}

test('the card of a person says the cell and the tasks, and opens them by keyboard', async () => {
  const { staff } = await wall.get('api/v1/snapshot');
  const placed = staff.find(({ lon }) => lon !== null);
  await search(placed.name, 'staff-card');
  await at('staff-cells').waitFor();
  const card = await wall.get(`api/v1/staff-card?id=${placed.id}`);
  const words = await at('staff-card').innerText();
  for (const { area } of card.cells) assert.ok(words.includes(area.name || area.code), area.code);
  assert.deepEqual(await findings(), []);
  await at('staff-cells').getByRole('button').nth(1).focus();
  await page.keyboard.press('Enter');
  await at('ticket-list').waitFor();
});

test('a notice takes a place of its own, and covers no part of the map', async () => {
  await page.keyboard.press('[');
  await at('not-live').waitFor();
  await eventually('apart', async () => {
    const [notice, canvas] = await Promise.all([at('not-live').boundingBox(), page.locator('canvas.maplibregl-canvas').boundingBox()]);
    return notice !== null && canvas !== null && notice.y + notice.height <= canvas.y + 1;
  });
  await page.keyboard.press('Home');
  await at('not-live').waitFor({ state: 'detached' });
});

for (const [width, height] of [[1366, 768], [1920, 1080], [3840, 2160]]) {
  test(`no title is clipped at ${width}×${height}, whatever the distance`, async () => {
    await page.setViewportSize({ width, height });
    for (const [distance, screen] of [[4, 4800], [8, 4800], [8, 3000], [15, 4800]]) {
      await page.evaluate(([distance_m, width_mm]) => Object.assign(window.__gridwall.wall.display, { preset: 'wall', distance_m, width_mm }), [distance, screen]);
      await search('lzsq', 'area-card');
      const clipped = await page.evaluate(() =>
        [...document.querySelectorAll('h1, h2, h3')]
          .filter((title) => title.offsetParent !== null && (title.scrollWidth > title.clientWidth + 1 || title.getBoundingClientRect().right > innerWidth + 1 || title.getBoundingClientRect().left < -1))
          .map((title) => title.textContent),
      );
      assert.deepEqual(clipped, [], `${distance} m, ${screen} mm`);
      await page.keyboard.press('Escape');
    }
    await page.evaluate(() => Object.assign(window.__gridwall.wall.display, { preset: 'auto' }));
  });
}

test('the page met no error of its own', () => assert.deepEqual(opened.errors, []));

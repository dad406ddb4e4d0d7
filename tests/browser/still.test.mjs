// A browser that cannot use WebGL: the program's own picture stands in for the map, of the scene and the time that are shown.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, eventually, page, stand } from './stage.mjs';

/** What the picture is asked for, once it is there. */
const picture = async () => {
  const image = page.locator('img.still');
  await eventually('the picture', () => image.evaluate((one) => one.complete && one.naturalWidth > 0 && getComputedStyle(one).opacity === '1').catch(() => false));
  return image.evaluate((one) => ({ asked: JSON.parse(one.dataset.of), width: one.naturalWidth, height: one.naturalHeight }));
};

stand({
  closes: 2,
  first: async () => {
    await page.addInitScript(() => {
      const { getContext } = HTMLCanvasElement.prototype;
      HTMLCanvasElement.prototype.getContext = function context(kind, ...rest) {
        return kind.startsWith('webgl') ? null : getContext.call(this, kind, ...rest);
      };
    });
    await page.reload();
  },
});

test('the picture is of the scene that is shown, and as large as the map', async () => {
  await at('no-webgl').waitFor();
  const heat = await picture();
  assert.equal(heat.asked.scene, 'heat');
  await eventually('a picture as large as the map', async () => {
    const [{ width, height }, box] = [await picture(), await page.locator('img.still').boundingBox()];
    return width === Math.round(box.width) && height === Math.round(box.height);
  });
  await page.keyboard.press('3');
  await eventually('the owners', async () => (await picture()).asked.scene === 'owner');
});

test('the picture is of the time that is shown, and comes back to now', async () => {
  await page.keyboard.press('[');
  await eventually('another time', async () => (await picture()).asked.as_of !== undefined);
  await page.keyboard.press('Home');
  await eventually('now', async () => (await picture()).asked.as_of === undefined);
});

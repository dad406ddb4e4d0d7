// Screenshots of the served wall into docs/screenshots/, as anyone can make them.
//
//   node scripts/shots.mjs                         the demonstration district
//   node scripts/shots.mjs --data DIR --name boston [--now T]   a wall on data of one's own, for instance:
//     gridwall --data-dir DIR import cells precincts.geojson --code-field WDPCT --publish …
//   node scripts/shots.mjs --url 'http://127.0.0.1:8787/?once=…' --name hall    a wall that runs
//   --walls demo,boston   --sizes 1920x1080,3840x2160   --shots heat,time_left,owner,card,planner   --out docs/screenshots
//
// `make shots` does what it can: the demonstration, and Boston when BOSTON_DATA names the folder with
// precincts.geojson, wards.geojson and tickets_2015.csv.gz (imported into a data directory that is thrown away).

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { launch } from './lib/chromium.mjs';
import { plannerShots } from './lib/planner-shots.mjs';
import { scratch, startWall, until, wallCommand } from './lib/wall.mjs';

/** The key of each scene. */
const SCENE_KEYS = { heat: '1', time_left: '2', owner: '3', open: '4', compare: '5' };
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const { values: asked } = parseArgs({
  options: {
    data: { type: 'string' },
    url: { type: 'string' },
    name: { type: 'string', default: 'wall' },
    now: { type: 'string' },
    walls: { type: 'string', default: 'demo,boston' },
    sizes: { type: 'string', default: '1920x1080,3840x2160' },
    shots: { type: 'string', default: 'heat,time_left,owner,card,planner' },
    out: { type: 'string', default: join(ROOT, 'docs/screenshots') },
  },
});
const sizes = asked.sizes.split(',').map((size) => size.split('x').map(Number));
const wanted = asked.shots.split(',');
mkdirSync(asked.out, { recursive: true });

/** Fewer colours make a flat picture a quarter as large, and nobody sees it. */
function shrink(path, width) {
  // A 4K picture is looked at from farther away: fewer colours keep it below a megabyte.
  const colours = width > 2560 ? '96' : '256';
  const smaller = `${path}.small.png`;
  for (const tool of ['magick', 'convert']) {
    try {
      execFileSync(tool, [path, '-strip', '-dither', 'None', '-colors', colours, '-define', 'png:compression-level=9', `png8:${smaller}`], { stdio: 'pipe' });
      if (statSync(smaller).size < statSync(path).size) renameSync(smaller, path);
      else rmSync(smaller);
      return;
    } catch {
      rmSync(smaller, { force: true });
    }
  }
}

/** Waits until the map has drawn what it wants to draw and the picture stands still. */
async function settled(page) {
  await page.waitForFunction(() => document.documentElement.dataset.ready === '1', null, { timeout: 180_000 });
  let last = '';
  let same = 0;
  await until(
    'a picture that stands still',
    async () => {
      const map = page.getByTestId('wall').first();
      const now = (await map.screenshot({ timeout: 60_000, scale: 'css' })).length.toString();
      // Clock and stream go on, so the size wavers a little: still means within one part in a hundred.
      same = Math.abs(Number(now) - Number(last)) < Number(now) / 100 ? same + 1 : 0;
      last = now;
      return same >= 2;
    },
    { deadlineMs: 90_000, pauseMs: 700 },
  ).catch(() => console.log('the picture does not stand still; taken as it is'));
}

async function shoot(wall, name, browser) {
  // The link opens once: one session serves all sizes.
  const first = await browser.newContext({ locale: 'zh-CN', timezoneId: 'Asia/Shanghai' });
  const door = await first.newPage();
  await door.goto(wall.link);
  await door.waitForFunction(() => document.documentElement.dataset.ready === '1', null, { timeout: 180_000 });
  const session = await first.storageState();
  await first.close();
  for (const [width, height] of sizes) {
    const context = await browser.newContext({ viewport: { width, height }, storageState: session, locale: 'zh-CN', timezoneId: 'Asia/Shanghai' });
    const page = await context.newPage();
    await page.goto(wall.base);
    await settled(page);
    const take = async (shot) => {
      const path = join(asked.out, `${name}-${shot.replace('_', '-')}-${width}x${height}.png`);
      writeFileSync(path, await page.screenshot({ timeout: 120_000 }));
      shrink(path, width);
      console.log(`${path} ${(statSync(path).size / 1024).toFixed(0)} kB`);
    };
    for (const shot of wanted.filter((shot) => shot !== 'planner')) {
      if (shot === 'card') await openBusiestCard(page);
      else await page.keyboard.press(SCENE_KEYS[shot]);
      await page.mouse.move(width / 2, height - 2);
      await settled(page);
      await take(shot);
    }
    // The drawing table needs somebody who may draw: the demonstration has a planner.
    if (name === 'demo' && wanted.includes('planner')) await plannerShots(page, width > 2560 ? '夏季调整稿' : '春季调整稿', take);
    await context.close();
  }
}

/** The card of the cell with most open tickets, found as a person would: by search. */
async function openBusiestCard(page) {
  const code = await page.evaluate(async () => {
    const [areas, snapshot] = await Promise.all(
      ['api/v1/areas?level=cell', 'api/v1/snapshot'].map((path) => fetch(path).then((answer) => answer.json())),
    );
    const busiest = snapshot.areas
      .filter(({ key }) => areas.features.some((feature) => feature.properties.key === key))
      .toSorted((a, b) => b.open - a.open)[0];
    return areas.features.find((feature) => feature.properties.key === busiest.key).properties.code;
  });
  await page.keyboard.press(SCENE_KEYS.heat);
  await page.keyboard.press('/');
  await page.getByTestId('search-input').fill(code);
  await page.getByTestId('search-hit').first().waitFor();
  await page.keyboard.press('Enter');
  await page.getByTestId('area-card').first().waitFor();
}

/** Imports the Boston year from `folder` into a wall that is thrown away. */
function boston(folder, data) {
  const run = (...args) => console.log(args.slice(0, 3).join(' '), JSON.stringify(summary(wallCommand(data, args))));
  run('import', 'cells', join(folder, 'precincts.geojson'), '--code-field', 'WDPCT', '--publish');
  const owners = join(data, '..', 'owners.csv');
  writeFileSync(owners, wardOwners(JSON.parse(readFileSync(join(folder, 'precincts.geojson'), 'utf8'))));
  run('import', 'owners', owners);
  run('import', 'tickets', join(folder, 'tickets_2015.csv.gz'), '--profile', 'boston311');
}

/** Owners made from the data: the ward answers for its precincts; every twentieth precinct is left without, to be seen hatched. */
function wardOwners({ features }) {
  const codes = [...new Set(features.map(({ properties }) => String(properties.WDPCT)))].sort();
  const rows = codes.filter((_, at) => at % 20 !== 7).map((code) => `${code},Ward ${code.slice(0, 2)},unit,unit,,2015-01-01T00:00:00-05:00,`);
  return `cell_code,party,party_kind,role,phone,valid_from,valid_to\n${rows.join('\n')}\n`;
}

function summary(report) {
  return Object.fromEntries(Object.entries(report).filter(([, value]) => typeof value === 'number'));
}

const browser = await launch();
try {
  if (asked.url) await shoot({ link: asked.url, base: new URL('/', asked.url).href }, asked.name, browser);
  else if (asked.data) {
    const wall = await startWall(resolve(asked.data), { args: [...(asked.now ? ['--now', asked.now] : []), 'serve', '--listen', '127.0.0.1:0'] });
    await shoot(wall, asked.name, browser).finally(() => wall.stop());
  } else {
    const folder = scratch('gridwall-shots-');
    try {
      const walls = asked.walls.split(',');
      if (walls.includes('demo')) {
        const wall = await startWall(join(folder.path, 'demo'), { args: ['serve', '--demo', '--listen', '127.0.0.1:0'] });
        await shoot(wall, 'demo', browser).finally(() => wall.stop());
      }
      if (walls.includes('boston') && process.env.BOSTON_DATA) {
        boston(process.env.BOSTON_DATA, join(folder.path, 'boston'));
        const args = ['--now', '2015-12-31T12:00:00-05:00', '--zone', 'America/New_York', 'serve', '--listen', '127.0.0.1:0'];
        const second = await startWall(join(folder.path, 'boston'), { args });
        await shoot(second, 'boston', browser).finally(() => second.stop());
      } else if (walls.includes('boston')) console.log('skipped: Boston, BOSTON_DATA is not set');
    } finally {
      folder.remove();
    }
  }
} finally {
  await browser.close();
}

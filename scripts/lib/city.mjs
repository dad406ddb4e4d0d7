// A whole city made by a seeded generator, for benches: cells whose borders bend, and tickets of the year before its now.

import { createWriteStream, writeFileSync } from 'node:fs';
import { finished } from 'node:stream/promises';

/** The city's now: tickets lie in the year before it. */
export const NOW_MS = Date.UTC(2025, 4, 8, 7, 30);
/** The same as the command line takes it. */
export const now = new Date(NOW_MS).toISOString().replace('.000', '');
const HOUR_MS = 3_600_000;
const YEAR_H = 365 * 24;
const WEST = 113.8;
const NORTH = 22.9;
const SIDE = 0.004;
/** Vertices on each side of a cell, ends not counted. */
const BENDS = 4;
const CATEGORIES = 40;
/** What tickets are titled with. */
export const WORDS = ['井盖松动', '占道经营', '路灯不亮', '垃圾堆放', '噪音扰民', '管道漏水', '违停车辆', '树木倾倒'];

const columnsOf = (cells) => Math.ceil(Math.sqrt(cells));

/** Borders that bend by chance, the same for both cells that share one. */
function cells(roll, count) {
  const columns = columnsOf(count);
  const off = () => (roll() - 0.5) * SIDE * 0.2;
  const rows = Math.ceil(count / columns);
  const nodes = Array.from({ length: rows + 1 }, (_, r) => Array.from({ length: columns + 1 }, (_, c) => [WEST + c * SIDE + off(), NORTH - r * SIDE + off()]));
  const round = ([lon, lat]) => [Number(lon.toFixed(9)), Number(lat.toFixed(9))];
  const bent = (a, b) =>
    Array.from({ length: BENDS + 2 }, (_, i) => {
      const t = i / (BENDS + 1);
      const bend = i === 0 || i === BENDS + 1 ? 0 : SIDE * 0.03;
      return round([a[0] + (b[0] - a[0]) * t + (roll() - 0.5) * bend, a[1] + (b[1] - a[1]) * t + (roll() - 0.5) * bend]);
    });
  const across = nodes.map((row) => row.slice(1).map((node, c) => bent(row[c], node)));
  const down = nodes.slice(1).map((row, r) => row.map((node, c) => bent(nodes[r][c], node)));
  return Array.from({ length: count }, (_, i) => {
    const [r, c] = [Math.floor(i / columns), i % columns];
    const ring = [...across[r][c], ...down[r][c + 1].slice(1), ...across[r + 1][c].toReversed().slice(1), ...down[r][c].toReversed().slice(1)];
    const community = `990101${String(1 + Math.floor(r / 20)).padStart(3, '0')}${String(1 + Math.floor(c / 5) + 20 * (Math.floor(r / 5) % 4)).padStart(3, '0')}`;
    return { code: `${community}${String(i + 1).padStart(5, '0')}`, community, ring };
  });
}

/** A file of so many cells. */
export function cellsFile(path, roll, count) {
  const features = cells(roll, count).map(({ code, community, ring }) => ({
    type: 'Feature',
    properties: { code, name: `网格${code.slice(-5)}`, community },
    geometry: { type: 'Polygon', coordinates: [ring] },
  }));
  writeFileSync(path, JSON.stringify({ type: 'FeatureCollection', features }));
}

/** Writes lines with regard to how fast the disk takes them. */
async function written(path, count, line) {
  const out = createWriteStream(path);
  for (let from = 0; from < count; from += 5000) {
    let text = '';
    for (let i = from; i < Math.min(count, from + 5000); i++) text += line(i);
    if (!out.write(text)) await new Promise((drained) => out.once('drain', drained));
  }
  out.end();
  await finished(out);
}

/** Three in four near some hundred places, the rest anywhere. */
function placer(roll, cells) {
  const columns = columnsOf(cells);
  const span = [columns * SIDE, Math.ceil(cells / columns) * SIDE];
  const spots = Array.from({ length: 100 }, () => [roll(), roll()]);
  return () => {
    const spot = spots[Math.floor(roll() * spots.length)];
    const near = () => (roll() + roll() - 1) * 0.05;
    const [x, y] = roll() < 0.75 ? [spot[0] + near(), spot[1] + near()] : [roll(), roll()];
    return [WEST + x * span[0], NORTH - y * span[1]].map((v) => v.toFixed(6));
  };
}

/** A file of so many tickets in a city of so many cells. */
export async function ticketsFile(path, roll, count, cells) {
  const place = placer(roll, cells);
  await written(path, count, (i) => {
    const reported = NOW_MS - roll() * YEAR_H * HOUR_MS;
    const due = reported + (2 + roll() * 120) * HOUR_MS;
    const closed = roll() < 0.9 ? reported + roll() * 200 * HOUR_MS : Infinity;
    const [lon, lat] = place();
    const done = closed < NOW_MS;
    const ticket = {
      source: 'bench',
      external_id: `B${String(i).padStart(8, '0')}`,
      category: `c${Math.floor(roll() ** 2 * CATEGORIES)}`,
      title: `${WORDS[Math.floor(roll() * WORDS.length)]} ${i % 977}`,
      lon: Number(lon),
      lat: Number(lat),
      severity: 1 + Math.floor(roll() * 4),
      reported_at: new Date(reported).toISOString(),
      due_at: new Date(due).toISOString(),
      status: done ? 'closed' : 'in_progress',
      ...(done ? { closed_at: new Date(closed).toISOString() } : { status_at: new Date(Math.min(NOW_MS, reported + HOUR_MS)).toISOString() }),
    };
    return `${JSON.stringify(ticket)}\n`;
  });
}

/** A table of so many points. */
export async function pointsFile(path, roll, count, cells) {
  const place = placer(roll, cells);
  await written(path, count + 1, (i) => (i === 0 ? 'lon,lat\n' : `${place().join(',')}\n`));
}

/** The middle of a city of so many cells, as text. */
export function middle(cells) {
  const columns = columnsOf(cells);
  return [WEST + (columns * SIDE) / 2, NORTH - (Math.ceil(cells / columns) * SIDE) / 2].map((v) => v.toFixed(6));
}

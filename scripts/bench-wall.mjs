// Start, memory, commands and questions of a wall with a whole city in it: 1,000,000 tickets over 9,005 cells, made by a
// seeded generator. Prints a table: what was measured before, what is now, what is aimed for.
//
//   node scripts/bench-wall.mjs [--tickets 1000000] [--cells 9005] [--seed 1] [--runs 5] [--keep FOLDER]
//
// With --keep the store stays in FOLDER and is used again when it is there. The program is $GRIDWALL_BIN, else this tree's
// debug build, whose figures say nothing: `make bench` builds for release. Nothing here is a test: only answers that fail do.

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { NOW_MS, WORDS, cellsFile, middle, now, pointsFile, ticketsFile } from './lib/city.mjs';
import { dice } from './lib/dice.mjs';
import { footprint } from './lib/footprint.mjs';
import { atEnd } from './lib/endings.mjs';
import { scratch, startWall, until, wallBinary, wallCommand } from './lib/wall.mjs';

const { values: asked } = parseArgs({
  options: {
    tickets: { type: 'string', default: '1000000' },
    cells: { type: 'string', default: '9005' },
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '5' },
    keep: { type: 'string' },
  },
});
const TICKETS = Number(asked.tickets);
const CELLS = Number(asked.cells);
const RUNS = Number(asked.runs);
const HOUR_MS = 3_600_000;

const iso = (ms) => new Date(ms).toISOString().replace('.000', '');

/** A store with the city in it, and the points to be located. */
async function city(folder) {
  const at = (name) => join(folder, name);
  if (existsSync(at('made'))) return;
  mkdirSync(folder, { recursive: true });
  const roll = dice(Number(asked.seed));
  cellsFile(at('cells.geojson'), roll, CELLS);
  await ticketsFile(at('tickets.ndjson'), roll, TICKETS, CELLS);
  await pointsFile(at('points.csv'), roll, TICKETS, CELLS);
  const command = (...args) => wallCommand(at('data'), ['--now', now, '--zone', 'Asia/Shanghai', ...args]);
  const taken = command('import', 'cells', at('cells.geojson'), '--code-field', 'code', '--name-field', 'name', '--community-field', 'community', '--publish');
  if (taken.imported !== CELLS) throw new Error(`${taken.imported} of ${CELLS} cells were imported`);
  const began = performance.now();
  const { created } = command('import', 'tickets', at('tickets.ndjson'));
  if (created !== TICKETS) throw new Error(`${created} of ${TICKETS} tickets were imported`);
  console.log(`imported ${TICKETS} tickets in ${((performance.now() - began) / 1000).toFixed(1)} s`);
  writeFileSync(at('made'), '');
}

/** Wall time of a command that must succeed, ms; what it prints is not kept. */
async function commandMs(folder, args) {
  const began = performance.now();
  const child = spawn(wallBinary(), ['--data-dir', join(folder, 'data'), '--now', now, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  child.on('exit', atEnd(() => child.kill('SIGKILL')));
  const code = await new Promise((done, failed) => child.on('error', failed).on('exit', done));
  if (code !== 0) throw new Error(`gridwall ${args.join(' ')} ended with ${code}`);
  return performance.now() - began;
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

async function medianOf(runs, work) {
  const took = [];
  for (let i = 0; i < runs; i++) took.push(await work(i));
  return median(took);
}

function get(agent, base, token, path) {
  return new Promise((done, failed) => {
    const headers = token ? { authorization: `Bearer ${token}` } : {};
    const sent = request(new URL(path, base), { agent, headers, timeout: 120_000 }, (answer) => {
      let bytes = 0;
      answer.on('data', (part) => (bytes += part.length));
      answer.on('error', failed);
      answer.on('end', () => done({ status: answer.statusCode, bytes }));
    });
    sent.on('error', failed).end();
  });
}

/** The figures of a served wall. */
async function served(folder) {
  const data = join(folder, 'data');
  const name = `bench-${Date.now().toString(36)}`;
  const { token } = wallCommand(data, ['token', 'create', name, '--role', 'operator', '--unlimited']);
  const agent = new Agent({ keepAlive: true });
  const began = performance.now();
  const wall = await startWall(data, { args: ['--now', now, '--zone', 'Asia/Shanghai', 'serve', '--listen', '127.0.0.1:0'] });
  try {
    await until('ready', async () => (await get(agent, wall.base, null, '/readyz')).status === 200, { pauseMs: 5 });
    const ready = performance.now() - began;
    const memory = () => footprint(wall.pid)?.rssMb;
    const started = memory();
    const took = async (path) => {
      const asked = performance.now();
      const { status } = await get(agent, wall.base, token, `/api/v1/${path}`);
      if (status !== 200) throw new Error(`GET ${path}: ${status}`);
      return performance.now() - asked;
    };
    const first = await took('areas?level=cell');
    const again = await medianOf(RUNS, () => took('areas?level=cell'));
    const byCell = await medianOf(RUNS, () => took('stats?by=cell'));
    const byNumber = await medianOf(RUNS, (i) => took(`search?q=B${String(Math.floor((TICKETS * (i + 1)) / (RUNS + 2))).padStart(8, '0')}`));
    const byText = await medianOf(RUNS, (i) => took(`search?q=${encodeURIComponent(`${WORDS[i % WORDS.length]} ${(i * 131) % 977}`)}`));
    // Another time for each question: none is answered by what the one before left behind.
    let days = 0;
    const asOf = (path) => medianOf(RUNS, () => took(`${path}as_of=${encodeURIComponent(iso(NOW_MS - (days += 7) * 24 * HOUR_MS))}`));
    const then = [await asOf('snapshot?'), await asOf('areas?level=cell&'), await asOf('stats?by=cell&')];
    return { ready, started, first, again, byCell, byNumber, byText, then, after: memory() };
  } finally {
    agent.destroy();
    await wall.stop();
    wallCommand(data, ['token', 'revoke', name]);
  }
}

async function main() {
  const room = asked.keep ? { path: resolve(asked.keep), remove: () => {} } : scratch('gridwall-bench-');
  try {
    await city(room.path);
    const at = middle(CELLS);
    const near = await medianOf(RUNS, () => commandMs(room.path, ['near', ...at, '--kind', 'ticket']));
    const point = await medianOf(RUNS, () => commandMs(room.path, ['locate', '--point', at.join(',')]));
    const all = await commandMs(room.path, ['locate', join(room.path, 'points.csv')]);
    const s = await served(room.path);
    const ms = (value) => (value >= 1000 ? `${(value / 1000).toFixed(2)} s` : `${value.toFixed(value < 10 ? 1 : 0)} ms`);
    const mb = (value) => (value === undefined ? 'not known' : `${value.toFixed(0)} MB`);
    // What stood before the rebuild, at 873e50f, and what the rebuild is judged by.
    const table = [
      ['`serve` until `/readyz`', '6.2 s', ms(s.ready), '< 1 s'],
      ['`gridwall near`', '5.5 s', ms(near), '< 0.15 s'],
      ['`gridwall locate --point`', '5.5 s', ms(point), '< 0.15 s'],
      [`\`locate\` of ${TICKETS} points`, '7.3 s', ms(all), '≤ 1.0 s'],
      ['memory after start', '446 MB', mb(s.started), '≤ 300 MB'],
      [`memory after ${3 * RUNS} as-of questions`, '1,160 MB', mb(s.after), '≤ 400 MB'],
      ['as of: snapshot', '230 ms', ms(s.then[0]), '≤ 50 ms'],
      ['as of: areas', '200 ms', ms(s.then[1]), '≤ 50 ms'],
      ['as of: stats', '225 ms', ms(s.then[2]), '≤ 50 ms'],
      ['search by number', '120–150 ms', ms(s.byNumber), '≤ 20 ms'],
      ['search by text', '120–150 ms', ms(s.byText), '≤ 20 ms'],
      ['`stats?by=cell`', '146 ms', ms(s.byCell), '≤ 30 ms'],
      ['first `areas?level=cell`', '250 ms', ms(s.first), '≤ 80 ms'],
      ['… and again', '', ms(s.again), ''],
    ];
    console.log(`\n${TICKETS} tickets over ${CELLS} cells; medians of ${RUNS}\n\n| work | before (873e50f, 1,000,000 tickets) | now | aim |\n|---|--:|--:|--:|`);
    for (const row of table) console.log(`| ${row.join(' | ')} |`);
  } finally {
    room.remove();
  }
}

await main();

// How fast tickets come in on both engines: imports of a file, and intake over HTTP one by one and in batches. On PostgreSQL
// an import is set beside the server's own COPY of the same rows into the same tables, keys and checks as they are.
//
//   scripts/postgres.sh run node scripts/rates.mjs [--tickets 200000] [--cells 9005] [--seconds 15] [--file TICKETS --profile NAME --zone ZONE]
//
// The PostgreSQL is the one named by GRIDWALL_TEST_DB; without it only SQLite is measured, and that is said. With --file that
// file is imported instead of a generated one. The program is $GRIDWALL_BIN, else this tree's debug build, whose figures say
// nothing. Nothing here is a test: numbers are printed; only a ticket that was acknowledged and is not there fails.

import { execFileSync } from 'node:child_process';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ask } from './lib/ask.mjs';
import { cellsFile, now, ticketsFile } from './lib/city.mjs';
import { dice } from './lib/dice.mjs';
import { scratch, startWall, until, wallCommand } from './lib/wall.mjs';

const { values: asked } = parseArgs({
  options: {
    tickets: { type: 'string', default: '200000' },
    cells: { type: 'string', default: '9005' },
    seconds: { type: 'string', default: '15' },
    file: { type: 'string' },
    profile: { type: 'string' },
    zone: { type: 'string', default: 'Asia/Shanghai' },
  },
});
const [TICKETS, CELLS, SECONDS] = [Number(asked.tickets), Number(asked.cells), Number(asked.seconds)];
/** What an import writes for each ticket, parents first. */
const TABLES = ['ticket', 'ticket_event', 'attribution', 'ticket_home', 'change_log'];
const CLIENTS = 64;
const BATCH = 500;
const SCHEMA = 'rates';
const server = process.env.GRIDWALL_TEST_DB;

const timed = async (work) => {
  const began = performance.now();
  const answer = await work();
  return [answer, (performance.now() - began) / 1000];
};
const rate = (count, seconds) => `${Math.round(count / seconds).toLocaleString('en')}/s`;

/** Posts as fast as it is answered, for so many seconds; how many tickets a second were acknowledged. */
async function intake(wall, token, run, clients, batch) {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const roll = dice(7);
  const end = performance.now() + SECONDS * 1000;
  const headers = { authorization: `Bearer ${token}`, 'content-type': batch > 1 ? 'application/x-ndjson' : 'application/json' };
  let [sent, taken] = [0, 0];
  const ticket = () => ({ source: 'rates', external_id: `${run}-${(sent += 1)}`, category: `c${sent % 40}`, title: `负载 ${sent}`, lon: 113.8 + roll() * 0.3, lat: 22.6 + roll() * 0.3, severity: 3 });
  const client = async () => {
    while (performance.now() < end) {
      const body = Array.from({ length: batch }, () => JSON.stringify(ticket())).join('\n');
      const answer = await ask(agent, wall.base, { method: 'POST', path: '/api/v1/tickets', headers, body });
      if (answer.status !== 200) throw new Error(`POST: ${answer.status} ${answer.body.slice(0, 200)}`);
      taken += batch > 1 ? answer.body.trim().split('\n').filter((line) => JSON.parse(line).status === 'created').length : 1;
    }
  };
  const [, seconds] = await timed(() => Promise.all(Array.from({ length: clients }, client)));
  agent.destroy();
  return { taken, seconds };
}

/** The figures of one engine; `database` = its address, none for SQLite. */
async function engine(room, database) {
  const folder = join(room, database ? 'postgres' : 'sqlite');
  const at = database ? ['--db', database] : [];
  const command = (...args) => wallCommand(folder, [...at, '--now', now, '--zone', asked.zone, ...args]);
  command('import', 'cells', join(room, 'cells.geojson'), '--code-field', 'code', '--name-field', 'name', '--community-field', 'community', '--publish');
  const file = asked.file ? [asked.file, ...(asked.profile ? ['--profile', asked.profile] : [])] : [join(room, 'tickets.ndjson')];
  const [report, seconds] = await timed(() => command('import', 'tickets', ...file));
  const out = { imported: report.created, seconds };
  if (database) out.copy = await ownCopy(room, server, SCHEMA);
  // Intake is told by the system's clock: a wall at a time of its own would hide what comes now.
  const open = () => wallCommand(folder, [...at, '--zone', asked.zone, 'stats', '--by', 'category']).lines.reduce((sum, row) => sum + row.open, 0);
  const before = open();
  const { token } = wallCommand(folder, [...at, 'token', 'create', 'rates', '--unlimited']);
  const wall = await startWall(folder, { args: [...at, '--zone', asked.zone, 'serve', '--listen', '127.0.0.1:0'] });
  try {
    await until('ready', async () => (await fetch(new URL('/readyz', wall.base))).status === 200);
    out.single = await intake(wall, token, `s${Date.now()}`, CLIENTS, 1);
    out.batches = await intake(wall, token, `b${Date.now()}`, 4, BATCH);
  } finally {
    await wall.stop();
  }
  const [acknowledged, there] = [out.single.taken + out.batches.taken, open() - before];
  if (there !== acknowledged) throw new Error(`${acknowledged} tickets were acknowledged, ${there} are there`);
  return out;
}

/** Seconds that the server's own COPY takes for the rows of a schema. */
async function ownCopy(room, address, schema) {
  const psql = (sql) => execFileSync('psql', [address, '-q', '-v', 'ON_ERROR_STOP=1', '-c', sql], { stdio: ['ignore', 'ignore', 'inherit'] });
  const file = (table) => join(room, `${table}.copy`);
  for (const table of TABLES) psql(`\\copy ${schema}.${table} TO ${file(table)}`);
  psql(`TRUNCATE ${TABLES.map((table) => `${schema}.${table}`).join(', ')} CASCADE`);
  const [, seconds] = await timed(async () => TABLES.forEach((table) => psql(`\\copy ${schema}.${table} FROM ${file(table)}`)));
  return seconds;
}

const room = scratch('gridwall-rates-');
try {
  cellsFile(join(room.path, 'cells.geojson'), dice(1), CELLS);
  if (!asked.file) await ticketsFile(join(room.path, 'tickets.ndjson'), dice(2), TICKETS, CELLS);
  const figures = [['SQLite', await engine(room.path)]];
  if (server) figures.push(['PostgreSQL', await engine(room.path, `${server}&schema=${SCHEMA}`)]);
  else console.log('SQLite only: GRIDWALL_TEST_DB names no PostgreSQL (scripts/postgres.sh run …)');
  const line = (name, figure) => console.log(`| ${name} | ${figures.map(([, f]) => figure(f)).join(' | ')} |`);
  console.log(`\n| work | ${figures.map(([name]) => name).join(' | ')} |\n|---|${figures.map(() => '--:|').join('')}`);
  line(`import of ${figures[0][1].imported.toLocaleString('en')} tickets`, (f) => `${f.seconds.toFixed(1)} s`);
  line("the server's own `COPY` of the same rows", (f) => (f.copy ? `${f.copy.toFixed(1)} s (import: ${(f.seconds / f.copy).toFixed(2)} ×)` : ''));
  line(`intake one by one, ${CLIENTS} clients`, (f) => rate(f.single.taken, f.single.seconds));
  line(`intake in batches of ${BATCH}, 4 clients`, (f) => rate(f.batches.taken, f.batches.seconds));
} finally {
  room.remove();
}

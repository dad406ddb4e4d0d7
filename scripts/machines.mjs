// Several machines on one: network namespaces for a database, two servers and a station, joined by a bridge. Links are cut and
// slowed down, a server and the database are killed, while feeds post and viewers look on. Says for each trial what the walls said
// meanwhile and how long they took to go on by themselves, and at the end what was acknowledged against what is on disk.
//
//   scripts/machines.sh        builds what is needed and runs it, as root
//   node scripts/machines.mjs [--seconds 25] [--only WORDS]     how long each trouble lasts; some of them
//
// Nothing of it touches the machine's own network. It ends with 1 when a ticket that was acknowledged is not there, is there twice,
// or a wall does not come back.

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { createServer, connect } from 'node:net';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { atEnd } from './lib/endings.mjs';
import { scratch, until, wallBinary } from './lib/wall.mjs';

const ROOT = resolve(fileURLToPath(new URL('..', import.meta.url)));
const { values: asked } = parseArgs({ options: { seconds: { type: 'string', default: '25' }, only: { type: 'string', default: '' }, inside: { type: 'string' } } });
const TROUBLE_MS = Number(asked.seconds) * 1000;
const PORT = 8443;
/** Namespaces of this run: the middle with the database, two servers, the station. */
const tag = asked.inside ?? `gw${process.pid}`;
const space = { middle: `${tag}m`, a: `${tag}a`, b: `${tag}b`, station: `${tag}s` };
const address = { middle: '10.77.0.1', a: '10.77.0.11', b: '10.77.0.12', station: '10.77.0.21' };

const ip = (...words) => execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'pipe'] });
const within = (name, command, ...words) => ['ip', ['netns', 'exec', space[name], command, ...words]];
const wait = (ms) => new Promise((wake) => setTimeout(wake, ms));

function makeSpaces() {
  for (const name of Object.values(space)) {
    ip('netns', 'add', name);
    ip('-n', name, 'link', 'set', 'lo', 'up');
  }
  ip('-n', space.middle, 'link', 'add', 'br0', 'type', 'bridge');
  ip('-n', space.middle, 'addr', 'add', `${address.middle}/24`, 'dev', 'br0');
  ip('-n', space.middle, 'link', 'set', 'br0', 'up');
  for (const name of ['a', 'b', 'station']) {
    ip('-n', space.middle, 'link', 'add', `to_${name}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space[name]);
    ip('-n', space.middle, 'link', 'set', `to_${name}`, 'master', 'br0', 'up');
    ip('-n', space[name], 'addr', 'add', `${address[name]}/24`, 'dev', 'eth0');
    ip('-n', space[name], 'link', 'set', 'eth0', 'up');
  }
}

function removeSpaces() {
  for (const name of Object.values(space)) spawnSync('ip', ['netns', 'del', name], { stdio: 'ignore' });
}

// The feeds and viewers live in the station's namespace, and so does everything that asks a server.
if (!asked.inside) {
  if (process.getuid?.() !== 0) {
    console.error('skipped: network namespaces need root');
    process.exit(0);
  }
  const folder = scratch('gridwall-machines-');
  atEnd(removeSpaces);
  makeSpaces();
  const [command, words] = within('station', process.execPath, fileURLToPath(import.meta.url), '--inside', tag, '--seconds', asked.seconds, '--only', asked.only);
  const inside = spawn(command, words, { stdio: 'inherit', env: { ...process.env, MACHINES_FOLDER: folder.path } });
  // It ends what it started itself: servers and the database outlive their namespaces.
  atEnd(() => {
    if (inside.exitCode === null && inside.signalCode === null && inside.kill('SIGTERM')) spawnSync('tail', [`--pid=${inside.pid}`, '-f', '/dev/null'], { timeout: 30_000 });
  });
  process.exit(await new Promise((done) => inside.on('exit', (code) => done(code ?? 1))));
}

const folder = process.env.MACHINES_FOLDER;
const bin = wallBinary();
const faults = [];
const fault = (words) => {
  faults.push(words);
  console.log(`  FAULT: ${words}`);
};

// The database: a cluster of its own, reached over the bridge.
const cluster = join(folder, 'cluster');
mkdirSync(cluster, { mode: 0o755 });
execFileSync('chmod', ['755', folder]);
const postgres = (...words) => {
  const [command, all] = within('middle', join(ROOT, 'scripts/postgres.sh'), ...words);
  return execFileSync(command, all, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
};
atEnd(() => postgres('stop', cluster, 'immediate'));
postgres('start', cluster);
postgres('stop', cluster);
for (const [file, text] of [
  ['postgresql.conf', `listen_addresses = '127.0.0.1,${address.middle}'\n`],
  ['pg_hba.conf', 'host all all 10.77.0.0/24 trust\n'],
]) {
  writeFileSync(join(cluster, 'data', file), text, { flag: 'a' });
}
const local = new URL(postgres('start', cluster));
const database = `postgres://gridwall@${address.middle}:${local.port}/postgres?sslmode=disable&schema=machines`;

/** Runs a command of the program on a machine. */
function gridwall(name, words, input = '') {
  const [command, all] = within(name, bin, '--data-dir', join(folder, name), '--db', database, '--json', ...words);
  return JSON.parse(execFileSync(command, all, { encoding: 'utf8', input, maxBuffer: 1 << 28, stdio: ['pipe', 'pipe', 'pipe'] }));
}

const servers = {};
async function serve(name) {
  const [command, all] = within(name, bin, '--data-dir', join(folder, name), '--db', database, 'serve', '--listen', `0.0.0.0:${PORT}`);
  const child = spawn(command, all, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, DISPLAY: '', WAYLAND_DISPLAY: '' } });
  const server = { child, said: '' };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (part) => (server.said = (server.said + part).slice(-50_000)));
  servers[name] = server;
  child.on('exit', atEnd(() => child.kill('SIGKILL')));
  await until(`server ${name} listens`, () => /once=/.test(server.said) || (child.exitCode !== null && Promise.reject(new Error(server.said))));
}

const agents = { a: new Agent({ keepAlive: true, rejectUnauthorized: false }), b: new Agent({ keepAlive: true, rejectUnauthorized: false }) };

/** Asks a server; status 0 = nobody answered in time. */
function ask(name, path, { method = 'GET', body, host = address[name], port = PORT, waitMs = 4_000 } = {}) {
  return new Promise((done) => {
    const headers = { authorization: `Bearer ${token}`, host: `${address[name]}:${PORT}` };
    if (body) Object.assign(headers, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
    const sent = request({ host, port, path, method, headers, agent: agents[name], rejectUnauthorized: false, timeout: waitMs }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part) => (text += part));
      answer.on('end', () => done({ status: answer.statusCode, text })).on('error', () => done({ status: 0, text: '' }));
    });
    const late = setTimeout(() => sent.destroy(new Error('late')), waitMs);
    sent.on('close', () => clearTimeout(late));
    sent.on('error', () => done({ status: 0, text: '' })).end(body);
  });
}

// Two by two cells, as the tests have them.
const cell = (code, west, south) => ({
  type: 'Feature',
  properties: { code, name: code, community: '330102001001' },
  geometry: { type: 'Polygon', coordinates: [[[west, south], [west + 0.01, south], [west + 0.01, south + 0.01], [west, south + 0.01], [west, south]]] },
});
const cells = join(folder, 'cells.geojson');
writeFileSync(cells, JSON.stringify({ type: 'FeatureCollection', features: [cell('A1', 10, 50.01), cell('A2', 10.01, 50.01), cell('B1', 10, 50), cell('B2', 10.01, 50)] }));
gridwall('a', ['import', 'cells', cells, '--code-field', 'code', '--name-field', 'name', '--publish']);
const { token } = gridwall('a', ['token', 'create', 'machines', '--unlimited', '--source', '*']);
const sealed = join(folder, 'keys.json');
gridwall('a', ['keys', 'export', sealed, '--passphrase-stdin'], 'several words do well\n');
gridwall('b', ['keys', 'import', sealed, '--passphrase-stdin'], 'several words do well\n');
await serve('a');
await serve('b');

// Feeds: each posts to its server one ticket after the other, again until it is taken.
const acknowledged = new Set();
let feeding = true;
const posted = { a: 0, b: 0 };
const feeds = ['a', 'b', 'a', 'b'].map(async (name, feed) => {
  for (let n = 0; feeding; n += 1) {
    const id = `${name}${feed}-${n}`;
    const body = JSON.stringify({ external_id: id, source: 'machines', category: 'drain', title: id, severity: 3, lon: 10.005 + 0.01 * (n % 2), lat: 50.005 });
    for (;;) {
      const { status } = await ask(name, '/api/v1/tickets', { method: 'POST', body });
      if (status === 200) {
        acknowledged.add(id);
        posted[name] += 1;
        break;
      }
      if (!feeding) break;
      await wait(200);
    }
    await wait(20);
  }
});

// Viewers: what each wall says of itself, and since when it is silent.
const seen = {};
let looking = true;
function look(name) {
  const view = (seen[name] = { heardAt: 0, revision: 0, trouble: null, opened: 0 });
  const follow = () =>
    new Promise((done) => {
      const headers = { authorization: `Bearer ${token}`, host: `${address[name]}:${PORT}`, accept: 'text/event-stream' };
      const stream = request({ host: address[name], port: PORT, path: '/api/v1/frames', headers, rejectUnauthorized: false, agent: false }, (answer) => {
        view.opened += answer.statusCode === 200 ? 1 : 0;
        let rest = '';
        answer.setEncoding('utf8').on('data', (part) => {
          const lines = (rest + part).split('\n');
          rest = lines.pop();
          for (const line of lines.filter((l) => l.startsWith('data:'))) {
            const frame = JSON.parse(line.slice(5));
            if (process.env.MACHINES_TRACE && view.trouble !== frame.freshness.store_trouble) console.log(new Date().toISOString(), name, frame.freshness.store_trouble);
            Object.assign(view, { heardAt: Date.now(), revision: frame.to_revision, trouble: frame.freshness.store_trouble ?? null });
          }
        });
        answer.on('close', done);
      });
      // As the wall's own page does: a silent stream is opened anew.
      const watch = setInterval(() => Date.now() - view.heardAt > 7_000 && Date.now() - since > 7_000 && stream.destroy(), 500);
      const since = Date.now();
      stream.on('error', done).on('close', done).end();
      stream.on('close', () => clearInterval(watch));
    });
  return (async () => {
    while (looking) {
      await follow();
      await wait(300);
    }
  })();
}
const viewers = ['a', 'b'].map(look);
const fresh = (name) => Date.now() - seen[name].heardAt < 3_000 && !seen[name].trouble;
const newest = () => Math.max(seen.a.revision, seen.b.revision);

await until('both walls are live', () => fresh('a') && fresh('b') && acknowledged.size > 20);

/** A question that the store answers is answered within this time, with an answer or with words. */
const ANSWER_MS = 10_000;
/** Asks a server one question after the other, of those that the store is asked for, until it is told to end: what came of them. */
function interview(name) {
  const heard = { asked: 0, refused: 0, unanswered: 0, slowestMs: 0, isOver: false };
  heard.done = (async () => {
    while (!heard.isOver) {
      const began = Date.now();
      const { status, text } = await ask(name, `/api/v1/ticket-card?id=${1 + (heard.asked % 20)}`, { waitMs: 60_000 });
      heard.asked += 1;
      heard.slowestMs = Math.max(heard.slowestMs, Date.now() - began);
      if (status === 0) heard.unanswered += 1;
      else if (status === 503 && JSON.parse(text).message) heard.refused += 1;
      else if (status !== 200) fault(`${name} answered ${status}: ${text}`);
      await wait(100);
    }
    return heard;
  })();
  return heard;
}

const table = [];
/** One trouble: what it does, and what undoes it. Servers in `answering` are reached and answer every question meanwhile. */
async function trial(words, begin, end, answering = []) {
  if (!new RegExp(asked.only).test(words)) return;
  console.log(`${words} …`);
  // Several at once: some are on their way when it begins.
  const interviews = answering.flatMap((name) => Array.from({ length: 8 }, () => interview(name)));
  if (interviews.length > 0) await wait(1_000);
  await begin();
  const before = { ...posted };
  const began = Date.now();
  const said = {};
  while (Date.now() - began < TROUBLE_MS) {
    await wait(250);
    for (const name of ['a', 'b']) {
      const after = `after ${((Date.now() - began) / 1000).toFixed(1)} s`;
      // A word of the wall itself outweighs what its viewers see.
      if (seen[name].trouble && !said[name]?.startsWith('says')) said[name] = `says ${seen[name].trouble} ${after}`;
      else if (Date.now() - seen[name].heardAt > 5_000) said[name] ??= `is silent: its viewers say since when, ${after}`;
    }
  }
  const meanwhile = { a: posted.a - before.a, b: posted.b - before.b };
  const ended = Date.now();
  await end();
  let backS = null;
  try {
    await until('both walls are live again', () => fresh('a') && fresh('b') && Math.min(seen.a.revision, seen.b.revision) > 0 && newest() - Math.min(seen.a.revision, seen.b.revision) < 50, { deadlineMs: 90_000 });
    backS = ((Date.now() - ended) / 1000).toFixed(1);
  } catch {
    fault(`${words}: not both walls went on within 90 s: ${JSON.stringify(seen)}`);
  }
  for (const one of interviews) one.isOver = true;
  const heard = await Promise.all(interviews.map((one) => one.done));
  if (heard.length > 0) {
    const sum = (key) => heard.reduce((all, one) => all + one[key], 0);
    const slowestMs = Math.max(...heard.map((one) => one.slowestMs));
    console.log(`  questions to ${answering}: ${sum('asked')} asked, ${sum('refused')} refused with words, ${sum('unanswered')} unanswered, the slowest after ${(slowestMs / 1000).toFixed(1)} s`);
    if (sum('unanswered') > 0 || slowestMs > ANSWER_MS) fault(`${words}: a question was not answered within ${ANSWER_MS / 1000} s`);
    if (sum('refused') === 0) fault(`${words}: no question met it`);
  }
  const word = (name) => said[name] ?? 'goes on';
  table.push([words, `${word('a')} (${meanwhile.a} taken)`, `${word('b')} (${meanwhile.b} taken)`, backS === null ? 'never' : `${backS} s`]);
  console.log(`  a ${word('a')}, took ${meanwhile.a}; b ${word('b')}, took ${meanwhile.b}; all live ${backS ?? '–'} s after its end`);
}

const link = (name, state) => ip('-n', space[name], 'link', 'set', 'eth0', state);
await trial('the link of server a is cut', () => link('a', 'down'), () => link('a', 'up'));

const route = (verb) => ip('-n', space.a, 'route', verb, 'blackhole', `${address.middle}/32`);
await trial('server a is cut off from the database alone', () => route('add'), () => route('del'), ['a']);

// Slow: by the kernel where it can, else by a relay that holds everything back.
const netem = (verb) => spawnSync('ip', ['netns', 'exec', space.a, 'tc', 'qdisc', verb, 'dev', 'eth0', 'root', ...(verb === 'add' ? ['netem', 'delay', '400ms', 'rate', '256kbit'] : [])], { stdio: 'ignore' }).status === 0;
let relay;
await trial(
  'the link of server a is slow (400 ms)',
  async () => {
    if (netem('add')) return;
    console.log('  (this kernel has no netem: a viewer looks on through a relay that holds everything back for 400 ms)');
    relay = createServer((near) => {
      const far = connect(PORT, address.a);
      for (const [from, to] of [[near, far], [far, near]]) {
        from.on('data', (part) => setTimeout(() => to.writable && to.write(part), 400));
        from.on('error', () => {}).on('close', () => setTimeout(() => to.destroy(), 450));
      }
    });
    await new Promise((done) => relay.listen(0, '127.0.0.1', done));
    const began = Date.now();
    const { status } = await ask('a', '/api/v1/snapshot', { host: '127.0.0.1', port: relay.address().port, waitMs: 30_000 });
    console.log(`  a snapshot over it: ${status} after ${((Date.now() - began) / 1000).toFixed(1)} s`);
    if (status !== 200) fault('a slow link gave no snapshot');
  },
  async () => {
    netem('del');
    relay?.closeAllConnections?.();
    relay?.close();
  },
);

const keeping = () => gridwall('b', ['store', 'leases']).leases.find((l) => l.name === 'keeping');
const before = keeping();
const killed = before.holder.endsWith(` ${pidOf('a')}`) ? 'a' : 'b';
await trial(
  `server ${killed}, which has the leases, is killed`,
  () => process.kill(pidOf(killed), 'SIGKILL'),
  async () => {
    await serve(killed);
    const next = await until('a lease of somebody who lives', () => {
      const now = keeping();
      return now.in_force && now.number > before.number && now;
    }).catch((e) => fault(e.message));
    if (next) console.log(`  what is done once is done by ${next.holder}, number ${next.number}`);
  },
);

await trial('the database is killed', () => postgres('stop', cluster, 'immediate'), () => postgres('start', cluster), ['a', 'b']);

/** The program's own process: `ip netns exec` becomes it. */
function pidOf(name) {
  return servers[name].child.pid;
}

feeding = false;
await Promise.all(feeds);
const exported = join(folder, 'stored.ndjson');
execFileSync(...within('b', bin, '--data-dir', join(folder, 'b'), '--db', database, 'export', 'tickets', exported), { stdio: 'ignore' });
const stored = readFileSync(exported, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line).external_id);
const there = new Set(stored);
const lost = [...acknowledged].filter((id) => !there.has(id));
if (lost.length > 0) fault(`${lost.length} acknowledged tickets are not there: ${lost.slice(0, 5)}`);
if (there.size !== stored.length) fault(`${stored.length - there.size} tickets are there twice`);
const audit = gridwall('a', ['audit', 'verify']);
if (!audit.whole) fault(`the audit log is not whole: ${audit.faults}`);
const open = async (name) => JSON.parse((await ask(name, '/api/v1/snapshot')).text).figures.find((f) => f.key === 'open').value;
await until('both walls show what is stored', async () => (await open('a')) === stored.length && (await open('b')) === stored.length).catch((e) => fault(e.message));
looking = false;
if (process.env.MACHINES_TRACE) for (const name of ['a', 'b']) console.log(name, servers[name].said.slice(-3_000));
for (const name of ['a', 'b']) servers[name].child.kill('SIGTERM');
await Promise.all(['a', 'b'].map((name) => new Promise((done) => (servers[name].child.exitCode === null && servers[name].child.signalCode === null ? servers[name].child.on('exit', done) : done()))));
console.log('\n| trouble | wall a meanwhile | wall b meanwhile | all live after its end |\n|---|---|---|--:|');
for (const row of table) console.log(`| ${row.join(' | ')} |`);
console.log(`\nacknowledged ${acknowledged.size}, on disk ${stored.length} (those that were on disk and whose answer was lost are more), lost ${lost.length}, twice ${stored.length - there.size}; audit log ${audit.whole ? 'whole' : 'damaged'}, ${audit.lines} lines`);
console.log(faults.length === 0 ? 'every wall came back by itself, and nothing acknowledged was lost' : `FAULTS: ${faults.length}`);
process.exit(faults.length === 0 ? 0 : 1);

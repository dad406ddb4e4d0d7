// Posts tickets to a wall at a steady rate and says what came of it: rate, latencies, memory, and whether all are stored.
//
//   node scripts/load.mjs [--rate 1000] [--seconds 60] [--batch 1] [--seed 1]          a demonstration wall of its own
//   node scripts/load.mjs --url http://127.0.0.1:8787 --token TOKEN [--pid PID] …      a wall that runs (loopback only)
//
// The token of a running wall: gridwall token create load --unlimited (any role that may feed can read).
// Tickets are posted on schedule whether or not earlier ones were answered, so that a slow wall shows as latency
// and not as a lower rate. Nothing here is a test: numbers are printed, only lost tickets fail.

import { Agent } from 'node:http';
import { parseArgs } from 'node:util';
import { ask } from './lib/ask.mjs';
import { dice } from './lib/dice.mjs';
import { footprint } from './lib/footprint.mjs';
import { demoStore, scratch, startWall, until, wallCommand } from './lib/wall.mjs';

const { values: asked } = parseArgs({
  options: {
    rate: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '60' },
    batch: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    url: { type: 'string' },
    token: { type: 'string' },
    pid: { type: 'string' },
  },
});
const rate = Number(asked.rate);
const seconds = Math.min(Number(asked.seconds), 3600);
const batch = Math.max(1, Number(asked.batch));
const MOST_UNDER_WAY = 512;
const TICK_MS = 10;

function percentile(sorted, share) {
  return sorted.length === 0 ? NaN : sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

/** A wall to post to: the one named, else a demonstration wall of its own. */
async function target() {
  if (asked.url) {
    if (!asked.token) throw new Error('--url needs --token');
    if (!['127.0.0.1', 'localhost', '[::1]'].includes(new URL(asked.url).hostname)) throw new Error('loopback only');
    return { base: asked.url, token: asked.token, pid: asked.pid, end: async () => {} };
  }
  const folder = scratch('gridwall-load-');
  const wall = await startWall(folder.path, { args: ['serve', '--demo', '--listen', '127.0.0.1:0'] });
  const { token } = wallCommand(demoStore(folder.path), ['token', 'create', 'load', '--unlimited']);
  const end = async () => {
    await wall.stop();
    folder.remove();
  };
  return { base: wall.base, token, pid: wall.pid, folder: folder.path, end };
}

/** How many of this run's tickets the wall has, read back page by page. */
async function stored(agent, base, headers, run) {
  let found = 0;
  let cursor = '';
  for (;;) {
    const path = `/api/v1/tickets?limit=1000${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`;
    const { status, body } = await ask(agent, base, { path, headers });
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${body.slice(0, 200)}`);
    const page = JSON.parse(body);
    found += page.tickets.filter(({ external_id: id }) => id.startsWith(`${run}-`)).length;
    cursor = page.cursor ?? page.next ?? '';
    if (!cursor || page.tickets.length === 0) return found;
  }
}

async function main() {
  const { base, token, pid, end } = await target();
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const headers = { authorization: `Bearer ${token}` };
  const roll = dice(Number(asked.seed));
  const run = `load-${Date.now().toString(36)}`;
  try {
    const info = JSON.parse((await ask(agent, base, { path: '/api/v1/wall', headers })).body);
    const [west, south, east, north] = info.bounds ?? [0, 0, 1, 1];
    const categories = info.categories.length > 0 ? info.categories.map(({ code }) => code) : ['load'];
    const make = (n) => ({
      source: 'load',
      external_id: `${run}-${n}`,
      category: categories[Math.floor(roll() * categories.length)],
      title: `负载测试 ${n}`,
      lon: west + roll() * (east - west),
      lat: south + roll() * (north - south),
      severity: 1 + Math.floor(roll() * 4),
    });

    const before = pid ? footprint(pid) : null;
    const latencies = [];
    const outcomes = new Map();
    const count = (key, n = 1) => outcomes.set(key, (outcomes.get(key) ?? 0) + n);
    let acknowledged = 0;
    let underWay = 0;
    const post = async (tickets, due) => {
      underWay += 1;
      try {
        const body = tickets.map((ticket) => JSON.stringify(ticket)).join('\n');
        const type = tickets.length > 1 ? 'application/x-ndjson' : 'application/json';
        const answer = await ask(agent, base, { method: 'POST', path: '/api/v1/tickets', headers: { ...headers, 'content-type': type }, body });
        latencies.push(performance.now() - due);
        if (answer.status === 200 || answer.status === 207) {
          const created = answer.body.trim().split('\n').filter((line) => JSON.parse(line).status === 'created').length;
          acknowledged += created;
          if (created < tickets.length) count('not created', tickets.length - created);
        } else count(`HTTP ${answer.status}`, tickets.length);
      } catch (error) {
        count(error.code ?? error.message, tickets.length);
      } finally {
        underWay -= 1;
      }
    };

    // A viewer beside the load: the wall must go on answering.
    const looks = [];
    let watching = true;
    const viewer = (async () => {
      while (watching) {
        const asked = performance.now();
        const { status } = await ask(agent, base, { path: '/api/v1/snapshot', headers }).catch(() => ({ status: 0 }));
        if (status === 200) looks.push(performance.now() - asked);
        else count('snapshot failed');
        await new Promise((wake) => setTimeout(wake, 1000));
      }
    })();

    const total = rate * seconds;
    const began = performance.now();
    let sent = 0;
    let heldBack = 0;
    while (sent < total) {
      const elapsed = performance.now() - began;
      const wanted = Math.min(total, Math.floor((elapsed / 1000) * rate));
      while (sent < wanted) {
        if (underWay >= MOST_UNDER_WAY) {
          heldBack += 1;
          break;
        }
        const size = Math.min(batch, total - sent);
        const due = began + (sent / rate) * 1000;
        void post(Array.from({ length: size }, (_, i) => make(sent + i)), due);
        sent += size;
      }
      if (elapsed > (seconds + 120) * 1000) break;
      await new Promise((wake) => setTimeout(wake, TICK_MS));
    }
    await until('the last answers', () => underWay === 0, { deadlineMs: 120_000 });
    const took = (performance.now() - began) / 1000;
    watching = false;
    await viewer;
    const after = pid ? footprint(pid) : null;

    const sorted = latencies.toSorted((a, b) => a - b);
    const ms = (value) => `${value.toFixed(1)} ms`;
    console.log(`sent ${sent} tickets in batches of ${batch} over ${took.toFixed(1)} s; acknowledged ${acknowledged} (${(acknowledged / took).toFixed(0)}/s)`);
    console.log(`latency from due time: median ${ms(percentile(sorted, 0.5))}, 95 % ${ms(percentile(sorted, 0.95))}, 99 % ${ms(percentile(sorted, 0.99))}, worst ${ms(sorted.at(-1) ?? NaN)}`);
    const lookSorted = looks.toSorted((a, b) => a - b);
    console.log(`snapshots meanwhile: ${looks.length}, median ${ms(percentile(lookSorted, 0.5))}, worst ${ms(lookSorted.at(-1) ?? NaN)}`);
    if (heldBack > 0) console.log(`held back ${heldBack} times: ${MOST_UNDER_WAY} requests were under way`);
    for (const [key, n] of outcomes) console.log(`${key}: ${n}`);
    if (before && after) {
      const grown = after.rssMb - before.rssMb;
      console.log(`memory of the wall: ${before.rssMb.toFixed(0)} MB before, ${after.rssMb.toFixed(0)} MB after: ${((grown * 1024 * 1024) / Math.max(1, acknowledged)).toFixed(0)} bytes per stored ticket; ${(after.cpuS - before.cpuS).toFixed(1)} s of processor`);
    }
    // The list follows the store within a moment: what was acknowledged last is not in it at once.
    let kept = 0;
    const all = async () => (kept = await stored(agent, base, headers, run)) === acknowledged;
    await until('every acknowledged ticket in the list', all, { deadlineMs: 10_000 }).catch(() => {});
    console.log(`stored: ${kept} of ${acknowledged} acknowledged${kept === acknowledged ? '' : ' — LOST SOME'}`);
    if (kept !== acknowledged || acknowledged !== total) process.exitCode = 1;
  } finally {
    agent.destroy();
    await end();
  }
}

await main();

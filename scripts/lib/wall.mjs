// The program `gridwall` for tests, screenshots and load: where it is, how to start one on its own data and end it.
// `node scripts/lib/wall.mjs` prints the path of the built program.

import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { atEnd } from './endings.mjs';

const ROOT = resolve(fileURLToPath(new URL('../..', import.meta.url)));

/** Path of the program: `$GRIDWALL_BIN`, else the newest build of this tree. */
export function wallBinary(profile = 'debug') {
  if (process.env.GRIDWALL_BIN) return process.env.GRIDWALL_BIN;
  const path = resolve(ROOT, process.env.CARGO_TARGET_DIR ?? 'target', profile, 'gridwall');
  if (!existsSync(path)) throw new Error(`${path} is not there: run cargo build --workspace --bins`);
  return path;
}

/** A folder that only this run uses; it goes with the script, if not before. */
export function scratch(prefix = 'gridwall-') {
  const path = mkdtempSync(join(tmpdir(), prefix));
  const remove = () => rmSync(path, { recursive: true, force: true, maxRetries: 5 });
  atEnd(remove);
  return { path, remove };
}

/** The data directory of the demonstration started with `--data-dir dataDir`: it never touches other data. */
export function demoStore(dataDir) {
  return join(dataDir, 'demo', 'store');
}

/** Runs a command to its end; returns what it printed with `--json`. Throws with its words when it fails. */
export function wallCommand(dataDir, args, { bin = wallBinary(), env = {} } = {}) {
  const out = execFileSync(bin, ['--data-dir', dataDir, '--json', ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(out);
}

/**
 * Starts a wall and waits until it printed its one-time address. It ends with the script, if not before.
 * @returns {Promise<{child, pid, link, base, output: () => string, stop: (signal?) => Promise<void>}>}
 *   `link` is the one-time address, `base` the root without it.
 */
export async function startWall(dataDir, { args = ['serve', '--listen', '127.0.0.1:0'], bin = wallBinary(), env = {}, deadlineMs = 120_000 } = {}) {
  // A group of its own: whatever it starts ends with it.
  const child = spawn(bin, ['--data-dir', dataDir, ...args], {
    detached: true,
    env: { ...process.env, DISPLAY: '', WAYLAND_DISPLAY: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let ended = null;
  const link = new Promise((found, failed) => {
    const late = setTimeout(() => failed(new Error(`no address within ${deadlineMs} ms:\n${output}`)), deadlineMs);
    const read = (chunk) => {
      output = (output + chunk).slice(-200_000);
      const address = /https?:\/\/[^\s"]+[?&]once=[\w-]+/.exec(output);
      if (address) {
        clearTimeout(late);
        found(address[0]);
      }
    };
    child.stdout.setEncoding('utf8').on('data', read);
    child.stderr.setEncoding('utf8').on('data', read);
    child.on('error', failed);
    child.on('exit', (code, signal) => {
      ended = { code, signal };
      clearTimeout(late);
      failed(new Error(`the wall ended (${code ?? signal}) before it printed an address:\n${output}`));
    });
  });
  const signalGroup = (name) => {
    try {
      process.kill(-child.pid, name);
    } catch {
      // Gone already.
    }
  };
  const isStopped = atEnd(() => signalGroup('SIGKILL'));
  child.on('exit', isStopped);
  const stop = async (signal = 'SIGTERM') => {
    if (ended) return;
    const gone = new Promise((done) => child.once('exit', done));
    signalGroup(signal);
    const hard = setTimeout(() => signalGroup('SIGKILL'), 10_000);
    await gone;
    clearTimeout(hard);
  };
  try {
    const address = await link;
    return { child, pid: child.pid, link: address, base: new URL('/', address).href, output: () => output, stop };
  } catch (error) {
    await stop('SIGKILL');
    throw error;
  }
}

/** Asks again and again until `question` answers with something true, or throws after `deadlineMs` saying `what`. */
export async function until(what, question, { deadlineMs = 60_000, pauseMs = 100 } = {}) {
  const end = Date.now() + deadlineMs;
  let last;
  for (;;) {
    try {
      const answer = await question();
      if (answer) return answer;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`${what}: not within ${deadlineMs} ms`, { cause: last });
    await new Promise((wake) => setTimeout(wake, pauseMs));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(wallBinary());

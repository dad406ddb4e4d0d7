// A real window on a private virtual screen, driven over the WebDriver protocol by WebKitWebDriver.
// Everything started here is in process groups of its own and ends with `stop`, whatever happened.

import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { atEnd } from '../../scripts/lib/endings.mjs';
import { scratch, until } from '../../scripts/lib/wall.mjs';

/** The key under which WebDriver hands out elements. */
const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';

/** A loopback port that was free a moment ago. */
export function freePort() {
  return new Promise((found, failed) => {
    const server = createServer().on('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => found(port));
    });
  });
}

function group(command, args, options) {
  const child = spawn(command, args, { detached: true, ...options });
  child.once('exit', atEnd(() => process.kill(-child.pid, 'SIGKILL')));
  let ended = false;
  const gone = new Promise((done) => {
    child.once('exit', () => {
      ended = true;
      done();
    });
    child.once('error', () => {
      ended = true;
      done();
    });
  });
  const end = async () => {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // The group is gone.
    }
    await gone;
  };
  return { child, end, ended: () => ended };
}

/** A virtual screen; `display` is its name. */
async function screen(size) {
  // Xvfb picks a free number itself and writes it to the descriptor it is given.
  const xvfb = group('Xvfb', ['-displayfd', '3', '-screen', '0', `${size}x24`, '-ac', '-nolisten', 'tcp', '-noreset'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  let said = '';
  xvfb.child.stdio[3].setEncoding('utf8').on('data', (part) => (said += part));
  await until('the virtual screen', () => {
    if (xvfb.ended()) throw new Error('Xvfb did not start');
    return said.endsWith('\n');
  });
  return { display: `:${said.trim()}`, end: xvfb.end };
}

/**
 * Opens the program's window.
 * @param {string} binary the program
 * @param {string[]} args its arguments
 * @returns `{ execute, text, waitFor, screenshot, log, stop }`
 */
export async function openWindow(binary, args, { size = '1920x1080', env = {} } = {}) {
  const folder = scratch('gridwall-window-');
  const logPath = join(folder.path, 'driver.log');
  const homes = Object.fromEntries(['CONFIG', 'DATA', 'CACHE', 'RUNTIME'].map((kind) => [kind, join(folder.path, kind.toLowerCase())]));
  for (const path of Object.values(homes)) mkdirSync(path, { mode: 0o700 });
  const endings = [async () => folder.remove()];
  const stop = async () => {
    for (const end of endings.reverse()) await end().catch(() => {});
  };
  const log = () => readFileSync(logPath, 'utf8').slice(-20_000);
  try {
    const { display, end } = await screen(size);
    endings.push(end);
    const port = await freePort();
    const out = openSync(logPath, 'a');
    const driver = group('WebKitWebDriver', [`--port=${port}`, '--host=127.0.0.1'], {
      stdio: ['ignore', out, out],
      env: {
        ...process.env,
        ...env,
        DISPLAY: display,
        WAYLAND_DISPLAY: '',
        GDK_BACKEND: 'x11',
        // Software GL: see the recovery from a crashed web process in the shell; tests want none to recover from.
        WEBKIT_DISABLE_DMABUF_RENDERER: '1',
        TAURI_AUTOMATION: 'true',
        TAURI_WEBVIEW_AUTOMATION: 'true',
        XDG_CONFIG_HOME: homes.CONFIG,
        XDG_DATA_HOME: homes.DATA,
        XDG_CACHE_HOME: homes.CACHE,
        XDG_RUNTIME_DIR: homes.RUNTIME,
        DBUS_SESSION_BUS_ADDRESS: 'disabled:',
      },
    });
    closeSync(out);
    endings.push(driver.end);

    const ask = async (method, path, body) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, {
        method,
        body: body && JSON.stringify(body),
        signal: AbortSignal.timeout(180_000),
      });
      const { value } = await response.json();
      if (!response.ok) throw new Error(`${value.error}: ${value.message}`);
      return value;
    };
    await until('the driver', async () => {
      if (driver.ended()) throw new Error('WebKitWebDriver did not start');
      return (await ask('GET', '/status')).ready !== false;
    });
    const { sessionId } = await ask('POST', '/session', {
      capabilities: { alwaysMatch: { browserName: 'wry', 'webkitgtk:browserOptions': { binary, args } } },
    });
    const session = `/session/${sessionId}`;
    // The window's own end lets the program finish its writing before the group is killed.
    endings.push(() => ask('DELETE', session));

    const execute = (script, ...values) => ask('POST', `${session}/execute/sync`, { script, args: values });
    const find = (testId) => ask('POST', `${session}/element`, { using: 'css selector', value: `[data-testid="${testId}"]` });
    const text = async (testId) => ask('GET', `${session}/element/${(await find(testId))[ELEMENT]}/text`);
    const waitFor = (what, script, ...values) => until(what, () => execute(script, ...values), { deadlineMs: 120_000, pauseMs: 250 });
    const screenshot = async () => Buffer.from(await ask('GET', `${session}/screenshot`), 'base64');
    return { execute, text, waitFor, screenshot, log, stop };
  } catch (error) {
    let said = '';
    try {
      said = log();
    } catch {
      // No log was begun.
    }
    await stop();
    throw new Error(`the window did not open: ${error.message}\n${said}`, { cause: error });
  }
}

// A served demonstration wall and a page on it, for the browser tests.

import { connect, createServer } from 'node:net';
import { launch } from '../../scripts/lib/chromium.mjs';
import { demoStore, scratch, startWall, wallCommand } from '../../scripts/lib/wall.mjs';

/** Longest a test waits for something on the page. A bound against hanging, not a promise of speed. */
export const PATIENCE_MS = 60_000;

/** A cable between page and wall that can be cut, mended and made slow: a plain TCP relay on a port of its own. */
async function cable(toPort) {
  const sockets = new Set();
  /** Milliseconds that everything takes each way; `Infinity`: it is taken and never arrives. */
  let delayMs = 0;
  const carry = (from, to, number) => {
    from.on('data', (bytes) => {
      if (delayMs === Infinity || number < stalledBefore) return;
      if (delayMs === 0) to.write(bytes);
      else setTimeout(() => to.writable && to.write(bytes), delayMs);
    });
    from.on('end', () => setTimeout(() => to.end(), Number.isFinite(delayMs) ? delayMs : 0));
  };
  const keep = (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // The other end went away: that is what a cut is for.
    socket.on('error', () => socket.destroy());
  };
  /** Sockets opened before this one swallow everything, as behind a switch that forgot them; later ones work. */
  let stalledBefore = 0;
  let opened = 0;
  let server;
  const listen = (port) =>
    new Promise((done, failed) => {
      server = createServer((near) => {
        const far = connect(toPort, '127.0.0.1');
        keep(near);
        keep(far);
        opened += 1;
        carry(near, far, opened);
        carry(far, near, opened);
        // Nobody listens there: refused here too, as without a cable between.
        far.on('error', () => near.destroy());
      });
      server.on('error', failed);
      server.listen(port, '127.0.0.1', () => done(server.address().port));
    });
  const port = await listen(0);
  const cut = () =>
    new Promise((done) => {
      server.close(() => done());
      for (const socket of sockets) socket.destroy();
    });
  return {
    port,
    cut,
    mend: () => (server.listening ? port : listen(port)),
    slow: (ms) => {
      delayMs = ms;
    },
    stall: () => {
      stalledBefore = opened + 1;
    },
  };
}

/** The database of a wall: on the PostgreSQL of GRIDWALL_TEST_DB in a schema of its own, else the file in its folder. */
function database() {
  const server = process.env.GRIDWALL_TEST_DB;
  if (!server) return { wall: {}, demonstration: {} };
  const schema = `browser_${process.pid}`;
  // A demonstration lies beside the schema that is named.
  return { wall: { GRIDWALL_DB: `${server}&schema=${schema}` }, demonstration: { GRIDWALL_DB: `${server}&schema=${schema}_demo` } };
}

/** A demonstration wall on data of its own, with a cable to it. */
export async function demoWall() {
  const folder = scratch('gridwall-browser-');
  const db = database();
  const serve = (port) => startWall(folder.path, { args: ['serve', '--demo', '--listen', `127.0.0.1:${port}`], env: db.wall });
  let wall = await serve(0);
  const port = Number(new URL(wall.base).port);
  const line = await cable(port);
  const { token } = wallCommand(demoStore(folder.path), ['token', 'create', 'test', '--unlimited', '--role', 'replay', '--source', '*'], { env: db.demonstration });
  const authorization = `Bearer ${token}`;
  const link = new URL(wall.link);
  link.port = String(line.port);
  return {
    link: link.href,
    origin: link.origin,
    cut: line.cut,
    mend: line.mend,
    slow: line.slow,
    /** The one-time address of the program as it runs now: for a page of its own after a restart. */
    door() {
      const door = new URL(wall.link);
      door.port = String(line.port);
      return door.href;
    },
    stall: line.stall,
    /** Runs a command on the data of the wall. */
    command: (args) => wallCommand(demoStore(folder.path), args, { env: db.demonstration }),
    /** Ends the program as a power cut does. */
    kill: () => wall.stop('SIGKILL'),
    /** Starts it again on the same data and port. */
    async restart() {
      wall = await serve(port);
    },
    async post(ticket) {
      const answer = await fetch(new URL('api/v1/tickets', wall.base), {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify({ source: 'browser-test', category: 'test', severity: 1, ...ticket }),
      });
      if (answer.status !== 200) throw new Error(`POST: ${answer.status} ${await answer.text()}`);
    },
    async get(path) {
      const answer = await fetch(new URL(path, wall.base), { headers: { authorization } });
      if (!answer.ok) throw new Error(`GET ${path}: ${answer.status} ${await answer.text()}`);
      return answer.json();
    },
    /** Puts the wall's clock to a time; it runs on from there, and comes back by itself when nobody says it again. */
    async clock(ms) {
      const answer = await fetch(new URL('api/v1/clock', wall.base), {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify({ wall_at: new Date(ms).toISOString(), speed: 1 }),
      });
      if (!answer.ok) throw new Error(`clock: ${answer.status} ${await answer.text()}`);
    },
    async end() {
      await line.cut();
      await wall.stop();
      folder.remove();
    },
  };
}

/** Notes among the errors whatever the content security policy keeps the pages of a context from doing. */
export async function noteViolations(context, errors) {
  await context.exposeFunction('noteViolation', (words) => errors.push(words));
  await context.addInitScript(() =>
    document.addEventListener('securitypolicyviolation', (event) =>
      window.noteViolation(`policy: ${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber} ${event.sample}`),
    ),
  );
}

/** A page on the wall, signed in by its one-time link, with every request and error (broken policies too) noted. */
export async function openPage(browser, wall, { width = 1920, height = 1080 } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, locale: 'zh-CN', timezoneId: 'Asia/Shanghai' });
  context.setDefaultTimeout(PATIENCE_MS);
  const requests = [];
  const errors = [];
  await noteViolations(context, errors);
  const page = await context.newPage();
  page.on('request', (request) => requests.push({ url: request.url(), kind: request.resourceType() }));
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(wall.link);
  await page.waitForFunction(() => document.documentElement.dataset.ready === '1', null, { timeout: 180_000 });
  return { page, requests, errors };
}

export { launch };

// The real window on a wall that another process serves over TLS: it comes in by a one-time link, follows the frames, says
// when the server is gone and goes on by itself when it is back; another key stops it, in words.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { request } from 'node:https';
import { after, before, test } from 'node:test';
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { demoStore, scratch, startWall, until, wallBinary, wallCommand } from '../../scripts/lib/wall.mjs';
import { freePort, openWindow } from './driver.mjs';

const served = scratch('gridwall-served-');
const own = scratch('gridwall-station-');
let wall;
let opened;
let port;

async function serve() {
  wall = await startWall(served.path, { args: ['serve', '--tls', '--listen', `127.0.0.1:${port}`, '--demo'] });
}

/** The fingerprint that the server prints, as a person compares it: without it nothing is sent to a server that is met first. */
function publicKey() {
  const { publicKey: key } = new X509Certificate(readFileSync(join(served.path, 'tls', 'certificate.pem')));
  return createHash('sha256').update(key.export({ type: 'spki', format: 'der' })).digest('hex');
}

/** Posts over TLS; the certificate is the wall's own. */
function post(path, token, body) {
  return new Promise((done, failed) => {
    const text = JSON.stringify(body);
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    const asked = request({ host: '127.0.0.1', port, path, method: 'POST', headers, rejectUnauthorized: false }, (answer) => {
      answer.resume().on('end', () => done(answer.statusCode));
    });
    asked.on('error', failed).end(text);
  });
}

const is = (testId) => `return !!document.querySelector('[data-testid=${testId}]')`;

before(
  async () => {
    port = await freePort();
    await serve();
    opened = await openWindow(wallBinary(), ['--data-dir', own.path, 'run', '--name', '大厅', '--server', wall.link, '--fingerprint', publicKey()]);
    await opened.waitFor('the wall', "return document.documentElement.dataset.ready === '1'");
  },
  { timeout: 300_000 },
);

after(async () => {
  await opened?.stop();
  await wall?.stop();
  served.remove();
  own.remove();
});

test('the window shows the wall of the server, as a station of its name', { timeout: 120_000 }, async () => {
  assert.equal(await opened.execute('return "__TAURI_INTERNALS__" in window'), true, 'the page runs in the window');
  assert.match(await opened.text('figure-open'), /\d/);
  const { stations } = wallCommand(demoStore(served.path), ['station', 'list']);
  assert.deepEqual(
    stations.map(({ name, in_force: inForce }) => [name, inForce]),
    [['大厅', true]],
  );
});

test('a ticket of the server is on the wall by its frame', { timeout: 180_000 }, async () => {
  await opened.execute('window.sameDocument = true');
  const title = '远程墙事件一件';
  const { bounds } = await opened.execute("return fetch('api/v1/wall').then((answer) => answer.json())");
  const [west, south, east, north] = bounds;
  const { token } = wallCommand(demoStore(served.path), ['token', 'create', 'smoke', '--unlimited']);
  const ticket = { external_id: title, category: 'smoke', title, severity: 1, lon: (west + east) / 2, lat: (south + north) / 2 };
  assert.equal(await post('/api/v1/tickets', token, ticket), 200);
  await opened.waitFor(
    'the ticket in the stream',
    "return document.querySelector('[data-testid=stream]').textContent.includes(arguments[0])",
    title,
  );
});

test('a server that dies is said with its time, and the window goes on when it is back', { timeout: 240_000 }, async () => {
  await wall.stop('SIGKILL');
  await opened.waitFor('that the link is lost', is('lost'));
  assert.match(await opened.text('lost'), /\d{2}:\d{2}/, 'since when is said');
  assert.match(await opened.text('figure-open'), /\d/, 'the last figure stays');
  await serve();
  await opened.waitFor('the live wall', "return document.querySelector('[data-testid=connection]').className.includes('live')");
  assert.equal(await opened.execute('return window.sameDocument === true'), true, 'the page was not loaded again');
});

test('another key is refused, by the window and at the next start', { timeout: 240_000 }, async () => {
  await wall.stop();
  renameSync(join(served.path, 'tls'), join(served.path, 'tls-before'));
  await serve();
  const asked = "return fetch('api/v1/wall').then((answer) => answer.json()).then((answer) => answer.code)";
  await until('the refusal', async () => (await opened.execute(asked)) === 'other_key');
  const check = ['--data-dir', own.path, 'run', '--check', '--server', `https://127.0.0.1:${port}`];
  assert.throws(
    () => execFileSync(wallBinary(), check, { encoding: 'utf8', stdio: 'pipe' }),
    (error) => error.status === 5 && /another key than before/.test(error.stderr) && /--fingerprint/.test(error.stderr),
  );
});

// Smoke test of the real Tauri window: it opens on the demonstration district, shows the wall, and a ticket that
// arrives is on it without the page being loaded again.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { demoStore, scratch, wallBinary, wallCommand } from '../../scripts/lib/wall.mjs';
import { freePort, openWindow } from './driver.mjs';

const folder = scratch('gridwall-window-data-');
let opened;
let port;

before(
  async () => {
    port = await freePort();
    opened = await openWindow(wallBinary(), ['--data-dir', folder.path, 'run', '--demo', '--listen', `127.0.0.1:${port}`]);
    await opened.waitFor('the wall', "return document.documentElement.dataset.ready === '1'");
  },
  { timeout: 300_000 },
);

after(async () => {
  await opened?.stop();
  folder.remove();
});

test('the window shows the wall', { timeout: 120_000 }, async () => {
  assert.match(await opened.text('demo-mark'), /演示数据/);
  assert.match(await opened.text('clock'), /\d{2}:\d{2}/);
  assert.match(await opened.text('figure-open'), /\d/);
  assert.equal(await opened.execute('return "__TAURI_INTERNALS__" in window'), true, 'the page runs in the window');
  assert.ok((await opened.screenshot()).length > 20_000, 'a picture with something on it');
});

test('a ticket that arrives is on the wall without reload', { timeout: 180_000 }, async () => {
  await opened.execute('window.sameDocument = true');
  const title = '冒烟测试事件一件';
  const { bounds } = await opened.execute("return fetch('api/v1/wall').then((answer) => answer.json())");
  const [west, south, east, north] = bounds;
  const { token } = wallCommand(demoStore(folder.path), ['token', 'create', 'smoke', '--unlimited']);
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/tickets`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ external_id: title, category: 'smoke', title, severity: 1, lon: (west + east) / 2, lat: (south + north) / 2 }),
  });
  assert.equal(answer.status, 200, await answer.text());
  await opened.waitFor(
    'the ticket in the stream',
    "return document.querySelector('[data-testid=stream]').textContent.includes(arguments[0])",
    title,
  );
  assert.equal(await opened.execute('return window.sameDocument === true'), true, 'the page was not loaded again');
});

test('a person signs in and out in the window, and the wall goes on in that name', { timeout: 180_000 }, async () => {
  await opened.execute("document.querySelector('[data-testid=account]').click()");
  await opened.waitFor('the dialog', "return !!document.querySelector('[data-testid=demo-planner]')");
  await opened.execute("document.querySelector('[data-testid=demo-planner]').click()");
  await opened.waitFor('the name', "return document.querySelector('[data-testid=account]').textContent.includes('规划员')");
  const who = "return window.__gridwall.wall.host.get('api/v1/session')";
  const planner = await opened.execute(who);
  assert.deepEqual([planner.name, planner.signed_in, planner.can.plan], ['planner', true, true]);
  const { actor } = await opened.execute("return window.__gridwall.wall.host.get('api/v1/wall')");
  assert.deepEqual(actor, { who: 'planner', role: 'planner', station: 'wall' });
  await opened.waitFor('frames in that name', "const { link } = window.__gridwall.state; return link.connection === 'live' && Date.now() - link.heardAt < 5000");
  await opened.execute("document.querySelector('[data-testid=account]').click()");
  await opened.waitFor('the way out', "return !!document.querySelector('[data-testid=sign-out]')");
  await opened.execute("document.querySelector('[data-testid=sign-out]').click()");
  await opened.waitFor('nobody signed in', "return document.querySelector('[data-testid=account]').textContent.trim() === ''");
  assert.equal((await opened.execute(who)).signed_in, false);
});

// A served demonstration wall and a page on it, for the browser tests.

import { launch } from '../../scripts/lib/chromium.mjs';
import { scratch, startWall, wallCommand } from '../../scripts/lib/wall.mjs';

/** Longest a test waits for something on the page. A bound against hanging, not a promise of speed. */
export const PATIENCE_MS = 60_000;

/** A demonstration wall on data of its own. `restart` ends it with SIGKILL and serves the same data on the same port. */
export async function demoWall() {
  const folder = scratch('gridwall-browser-');
  const data = folder.path;
  const made = await startWall(data, { args: ['run', '--demo', '--listen', '127.0.0.1:0'] });
  const { token } = wallCommand(data, ['token', 'create', 'test', '--unlimited']);
  const self = {
    current: made,
    data,
    token,
    kill: () => self.current.stop('SIGKILL'),
    async restart() {
      await self.kill();
      self.current = await startWall(data, { args: ['run', '--demo', '--listen', new URL(made.base).host] });
    },
    async post(ticket) {
      const answer = await fetch(new URL('api/v1/tickets', self.current.base), {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ source: 'browser-test', category: 'test', severity: 1, ...ticket }),
      });
      if (answer.status !== 200) throw new Error(`POST: ${answer.status} ${await answer.text()}`);
    },
    async get(path) {
      const answer = await fetch(new URL(path, self.current.base), { headers: { authorization: `Bearer ${token}` } });
      if (!answer.ok) throw new Error(`GET ${path}: ${answer.status} ${await answer.text()}`);
      return answer.json();
    },
    async end() {
      await self.current.stop();
      folder.remove();
    },
  };
  return self;
}

/** A page on the wall, signed in by its one-time link, with every request and error noted. */
export async function openPage(browser, wall, { width = 1920, height = 1080 } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, locale: 'zh-CN', timezoneId: 'Asia/Shanghai' });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const requests = [];
  const errors = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(wall.current.link);
  await ready(page);
  return { page, requests, errors };
}

/** Waits until the wall says that it stands. */
export function ready(page) {
  return page.waitForFunction(() => document.documentElement.dataset.ready === '1');
}

export { launch };

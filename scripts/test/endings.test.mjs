// A script that fails half-way, or is ended, leaves neither its servers nor its folders behind.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { until } from '../lib/wall.mjs';

/** Runs a script that starts a server in a scratch folder and then goes on with `rest`; what it started, and how it ended. */
async function run(rest, signal) {
  const folder = mkdtempSync(join(tmpdir(), 'gridwall-endings-'));
  try {
    const server = join(folder, 'server');
    writeFileSync(server, '#!/bin/sh\necho "http://127.0.0.1:1/?once=x"\nexec sleep 600\n', { mode: 0o755 });
    const script = join(folder, 'script.mjs');
    const from = JSON.stringify(new URL('../lib/wall.mjs', import.meta.url).href);
    writeFileSync(script, `import { scratch, startWall } from ${from};\nconst { path } = scratch('gridwall-left-');\nconst { pid } = await startWall(path, { bin: ${JSON.stringify(server)} });\nconsole.log(JSON.stringify({ path, pid }));\n${rest}\n`);
    const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'ignore'] });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (part) => {
      said += part;
      if (signal && said.includes('\n')) child.kill(signal);
    });
    const code = await new Promise((done) => child.on('exit', done));
    return { ...JSON.parse(said), code };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const lives = (pid) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

for (const [name, rest, signal, code] of [
  ['an exception', "throw new Error('half-way');", null, 1],
  ['a call to exit', 'process.exit(3);', null, 3],
  ['a signal', 'setInterval(() => {}, 1000);', 'SIGTERM', 143],
]) {
  test(`${name} leaves nothing behind`, { timeout: 60_000 }, async () => {
    const ended = await run(rest, signal);
    assert.equal(ended.code, code);
    await until('the server is gone', () => !lives(ended.pid), { deadlineMs: 10_000 });
    assert.equal(existsSync(ended.path), false);
  });
}

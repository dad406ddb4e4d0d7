// Questions to a wall over connections that are kept, for loads and benches.

import { request } from 'node:http';

/** One question with its whole answer; fails when none comes within 60 s. */
export function ask(agent, base, { method = 'GET', path, headers = {}, body }) {
  return new Promise((done, failed) => {
    const sent = request(new URL(path, base), { agent, method, headers, timeout: 60_000 }, (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('error', failed);
      answer.on('end', () => done({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts).toString() }));
    });
    sent.on('timeout', () => sent.destroy(new Error('no answer within 60 s')));
    sent.on('error', failed);
    sent.end(body);
  });
}

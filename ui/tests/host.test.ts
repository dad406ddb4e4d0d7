import { afterEach, describe, expect, it, vi } from 'vitest';
import { HostError } from '@/host';
import { httpHost } from '@/host/http';
import { eventParser } from '@/host/sse';
import type { Frame } from '@/wire/wire';

describe('events', () => {
  const parsed = (...pieces: string[]): string[] => {
    const data: string[] = [];
    const parse = eventParser((one) => data.push(one));
    pieces.forEach(parse);
    return data;
  };
  it('come whole, however the stream is cut', () => {
    const text = ': gridwall\nretry: 1000\n\nid: 7\ndata: {"a":1}\n\n:\n\ndata:x\r\ndata: y\r\n\r\ndata: cut off';
    const whole = ['{"a":1}', 'x\ny'];
    expect(parsed(text)).toEqual(whole);
    expect(parsed(...text)).toEqual(whole);
    for (let at = 1; at < text.length; at += 1) expect(parsed(text.slice(0, at), text.slice(at)), String(at)).toEqual(whole);
  });
});

/** What was asked over fetch, answered one by one. */
function answers(...responses: (() => Response)[]): { url: string; init: RequestInit }[] {
  const asked: { url: string; init: RequestInit }[] = [];
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
    asked.push({ url, init });
    const next = responses.shift();
    return next ? Promise.resolve(next()) : Promise.reject(new TypeError('nobody there'));
  });
  return asked;
}
const problem = (status: number, code: string, headers: Record<string, string> = {}) => () => Response.json({ code, message: code, place: [1, 2] }, { status, headers });
const authorization = (asked: { init: RequestInit } | undefined): string | undefined => (asked?.init.headers as Record<string, string> | undefined)?.authorization;

describe('patience', () => {
  it('grows while a slow network answers nothing in time, and comes back when answers are quick', async () => {
    const waits: number[] = [];
    let late = true;
    vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
      waits.push(ms);
      return late ? AbortSignal.abort() : new AbortController().signal;
    });
    vi.stubGlobal('fetch', (_: string, init: RequestInit) =>
      init.signal?.aborted ? Promise.reject(new DOMException('late', 'TimeoutError')) : Promise.resolve(Response.json({})),
    );
    for (let i = 0; i < 4; i += 1) await expect(httpHost().get('api/v1/wall')).rejects.toMatchObject({ status: 0, code: 'timeout' });
    expect(waits).toEqual([20_000, 40_000, 80_000, 120_000]);
    late = false;
    for (let i = 0; i < 4; i += 1) await httpHost().get('api/v1/wall');
    expect(waits.slice(4)).toEqual([120_000, 60_000, 30_000, 20_000]);
    vi.restoreAllMocks();
  });
});

afterEach(() => {
  httpHost().setBearer(null);
  vi.unstubAllGlobals();
});

describe('the host', () => {
  it('sends commands as JSON and takes an answer without a body', async () => {
    const asked = answers(() => Response.json({ id: 1 }), () => new Response(null, { status: 204 }), () => Response.json(2));
    const host = httpHost();
    expect(await host.post('api/v1/clock', { a: '网' }, { q: 1 })).toEqual({ id: 1 });
    expect(await host.delete('api/v1/session')).toBeUndefined();
    expect(await host.put('api/v1/planning/settings', [1] as never)).toBe(2);
    expect(asked.map(({ init }) => [init.method, init.body])).toEqual([['POST', '{"a":"网"}'], ['DELETE', null], ['PUT', '[1]']]);
    expect(asked[0]?.url).toMatch(/api\/v1\/clock\?q=1$/);
    expect((asked[0]?.init.headers as Record<string, string>)['content-type']).toBe('application/json');
  });

  it('sends bytes as they are', async () => {
    const asked = answers(() => Response.json(1));
    const bytes = new Uint8Array([0, 1, 255]);
    expect(await httpHost().post('api/v1/plans/import', bytes)).toBe(1);
    expect(asked[0]?.init.body).toEqual(bytes);
    expect((asked[0]?.init.headers as Record<string, string>)['content-type']).toBe('application/octet-stream');
  });

  it('says why a command was refused, with all that the answer says', async () => {
    answers(problem(429, 'too_many_tries', { 'retry-after': '7' }));
    const error = await httpHost().post('api/v1/session', {}).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(HostError);
    expect(error).toMatchObject({ status: 429, code: 'too_many_tries', retryAfterS: 7, answer: { place: [1, 2] } });
  });

  it('asks in the name of the account until the session is over, then by its own right', async () => {
    const asked = answers(() => Response.json(1), problem(401, 'session_ended'), () => Response.json(1));
    const host = httpHost();
    const ended = vi.fn();
    host.onSessionEnded(ended);
    host.setBearer('secret');
    await host.get('api/v1/wall');
    await expect(host.get('api/v1/wall')).rejects.toMatchObject({ status: 401 });
    expect(ended).toHaveBeenCalledTimes(1);
    await host.get('api/v1/wall');
    expect(asked.map(authorization)).toEqual(['Bearer secret', 'Bearer secret', undefined]);
  });

  it('keeps a newer session when an older one is refused late', async () => {
    const host = httpHost();
    const ended = vi.fn();
    host.onSessionEnded(ended);
    let answer: (response: Response) => void = () => undefined;
    vi.stubGlobal('fetch', () => new Promise<Response>((done) => (answer = done)));
    host.setBearer('old');
    const late = host.get('api/v1/wall').catch(() => undefined);
    host.setBearer('new');
    answer(problem(401, 'session_ended')());
    await late;
    expect(ended).not.toHaveBeenCalled();
    const asked = answers(() => Response.json(1));
    await host.get('api/v1/wall');
    expect(authorization(asked[0])).toBe('Bearer new');
  });

  it('follows frames in the name of the account and says when they end', async () => {
    const body = 'id: 3\ndata: {"to_revision":3}\n\n';
    const asked = answers(() => new Response(body), problem(401, 'session_ended'));
    const host = httpHost();
    host.setBearer('secret');
    const frames: Frame[] = [];
    const causes: unknown[] = [];
    const follow = (): Promise<string[]> =>
      new Promise((done) => {
        const states: string[] = [];
        host.subscribe(2, (frame) => frames.push(frame), (state, cause) => {
          states.push(state);
          if (state === 'lost') causes.push(cause);
          if (state === 'lost') done(states);
        });
      });
    expect(await follow()).toEqual(['open', 'lost']);
    expect(frames.map((frame) => frame.to_revision)).toEqual([3]);
    expect(asked[0]?.url).toMatch(/since=2/);
    expect(authorization(asked[0])).toBe('Bearer secret');
    expect(await follow()).toEqual(['lost']);
    // An end gives no reason, a refusal does.
    expect(causes).toMatchObject([undefined, { status: 401, code: 'session_ended' }]);
  });
});

/**
 * The one seam between the wall and whatever answers it: a server over HTTP, or the Rust side of the window.
 * Paths are relative to the root of the page (`api/v1/wall`).
 */
import type { Frame, Problem, Route } from '@/wire/wire';

/** Query parameters; `undefined` and `null` are left out. */
export type Query = Record<string, string | number | undefined | null>;

type Method = Route[0];

/** The paths that take a method and answer JSON. */
export type PathOf<M extends Method> = Extract<Route, [M, string, unknown, unknown]>[1];
type RouteOf<M extends Method, P> = Route extends infer R ? (R extends [M, infer K, infer B, infer A] ? (P extends K ? { body: B; answer: A } : never) : never) : never;
/** What is sent to a path as JSON; `unknown` where that is a file, or its handler looks. */
export type BodyOf<M extends Method, P> = RouteOf<M, P>['body'];
/** What a path answers. */
export type AnswerOf<M extends Method, P> = RouteOf<M, P>['answer'];

/** A command with a JSON body; see `Host`. */
type Command<M extends Method> = <P extends PathOf<M>>(path: P, body?: BodyOf<M, P>, query?: Query, signal?: AbortSignal) => Promise<AnswerOf<M, P>>;

/** Bytes with the headers that explain them. */
export interface BytesAnswer {
  bytes: Uint8Array;
  headers: Headers;
}

/** State of the stream of frames: it was opened, or it broke (the host does not retry by itself). */
export type StreamState = 'open' | 'lost';

/** What the wall asks of its host. */
export interface Host {
  /** Asks for JSON; throws `HostError`. */
  get<P extends PathOf<'GET'>>(path: P, query?: Query, signal?: AbortSignal): Promise<AnswerOf<'GET', P>>;
  /** Asks for bytes; throws `HostError`. */
  getBytes(path: string, query?: Query, signal?: AbortSignal): Promise<BytesAnswer>;
  /** Commands with a JSON body (bytes and files go as they are, files without being held); the JSON of the answer, `undefined` when it has none; throws `HostError`. */
  post: Command<'POST'>;
  /** The same with PUT. */
  put: Command<'PUT'>;
  /** The same with DELETE. */
  delete: Command<'DELETE'>;
  /** Asks in the name of an account from now on (frames from the next `subscribe`); `null`: by the page's own right. */
  setBearer(secret: string | null): void;
  /** Called when the account's session is over: the host has gone back to the page's own right by itself. */
  onSessionEnded(told: () => void): void;
  /** Follows the frames after a revision, until the returned function is called. `cause`: why it is lost, where that was said. */
  subscribe(sinceRevision: number, onFrame: (frame: Frame) => void, onState: (state: StreamState, cause?: unknown) => void): () => void;
  /** Absolute address of a path, for the map's tiles and for pictures. */
  url(path: string, query?: Query): string;
  /** Lets the viewer keep bytes as a file. Answers where it went, empty where that is the browser's to say; throws `HostError`. */
  save(name: string, bytes: Uint8Array, type: string): Promise<string>;
}

/** Why a question went unanswered. `status` 0 means that nobody answered at all. */
export class HostError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    /** When to try again, in seconds, where the answer says so. */
    readonly retryAfterS: number | null = null,
    /** The whole answer: some refusals say more than code and message. */
    readonly answer: unknown = null,
  ) {
    super(message);
    this.name = 'HostError';
  }
}

/** Absolute address of a path below the root of the page. */
export function pageUrl(path: string, query: Query = {}): string {
  // The document may carry `?once=…`; `new URL` drops it.
  const url = new URL(path.replaceAll('{', '%7B').replaceAll('}', '%7D'), new URL('.', document.baseURI));
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined && value !== null) url.searchParams.set(key, String(value));
  }
  return url.href.replaceAll('%7B', '{').replaceAll('%7D', '}');
}

/**
 * How long a question may take before it counts as unanswered: grows when an answer does not come in time, so that a slow
 * network is waited for rather than asked the same thing for ever, and shrinks again once answers come quickly.
 */
const patience = { leastMs: 20_000, mostMs: 120_000, nowMs: 20_000 };
/** How long a command may take: it may compute. */
const doneWithinMs = 60_000;
/** How long a file may take to be sent and read. */
const fileWithinMs = 40 * 60_000;

/** The session of an account, on top of whatever right the page has. */
let bearer: string | null = null;
const tellEnded: (() => void)[] = [];

/** `Host.setBearer` of both hosts. */
export function setBearer(secret: string | null): void {
  bearer = secret;
}

/** `Host.onSessionEnded` of both hosts. */
export function onSessionEnded(told: () => void): void {
  tellEnded.push(told);
}

/** The session's secret, for streams. */
export function currentBearer(): string | null {
  return bearer;
}

/** The headers of every question. */
export function askHeaders(): Record<string, string> {
  return bearer === null ? {} : { authorization: `Bearer ${bearer}` };
}

/** The error of an answer that is no success. */
export async function refusal(response: Response, asked: string | null): Promise<HostError> {
  const problem: Problem = await response.json().catch(() => ({ code: 'unknown', message: response.statusText }));
  // Only the session that was refused is dropped: a newer one may have taken its place meanwhile.
  if (response.status === 401 && problem.code === 'session_ended' && asked !== null && asked === bearer) {
    bearer = null;
    for (const told of tellEnded) told();
  }
  const wait = Number(response.headers.get('retry-after') ?? Number.NaN);
  return new HostError(response.status, problem.code, problem.message, Number.isFinite(wait) ? wait : null, problem);
}

interface Asked {
  method?: 'POST' | 'PUT' | 'DELETE';
  query?: Query | undefined;
  body?: unknown;
  signal?: AbortSignal | undefined;
}

async function ask(path: string, { method, query, body, signal }: Asked): Promise<Response> {
  const file = typeof Blob !== 'undefined' && body instanceof Blob;
  const waitMs = file ? fileWithinMs : method ? Math.max(doneWithinMs, patience.nowMs) : patience.nowMs;
  const limit = AbortSignal.timeout(waitMs);
  const began = performance.now();
  const asked = bearer;
  const headers = askHeaders();
  const raw = body instanceof Uint8Array;
  if (body !== undefined) headers['content-type'] = raw || file ? 'application/octet-stream' : 'application/json';
  let response: Response;
  try {
    response = await fetch(pageUrl(path, query), {
      method: method ?? 'GET',
      headers,
      body: body === undefined ? null : file ? body : raw ? new Uint8Array(body) : JSON.stringify(body),
      credentials: 'same-origin',
      cache: 'no-store',
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    if (!limit.aborted) throw new HostError(0, 'unreachable', String(cause));
    if (!file) patience.nowMs = Math.min(patience.mostMs, waitMs * 2);
    throw new HostError(0, 'timeout', String(cause), null, { waited_s: Math.round(waitMs / 1000) });
  }
  if (performance.now() - began < patience.nowMs / 4) patience.nowMs = Math.max(patience.leastMs, patience.nowMs / 2);
  if (response.ok) return response;
  throw await refusal(response, asked);
}

/** `Host.get` over fetch: the same for HTTP and for the window's own scheme. */
export async function fetchJson<P extends PathOf<'GET'>>(path: P, query?: Query, signal?: AbortSignal): Promise<AnswerOf<'GET', P>> {
  const response = await ask(path, { query, signal });
  // What the list of routes says of the path; the other side is built from the same list.
  return (await response.json()) as AnswerOf<'GET', P>;
}

/** `Host.getBytes` over fetch. */
export async function fetchBytes(path: string, query?: Query, signal?: AbortSignal): Promise<BytesAnswer> {
  const response = await ask(path, { query, signal });
  return { bytes: new Uint8Array(await response.arrayBuffer()), headers: response.headers };
}

function command<M extends 'POST' | 'PUT' | 'DELETE'>(method: M): Command<M> {
  return async (path, body, query, signal) => {
    const response = await ask(path, { method, query, body, signal });
    const text = await response.text();
    return text === '' ? undefined : JSON.parse(text);
  };
}

/** What both hosts do alike. */
export const overFetch = {
  get: fetchJson,
  getBytes: fetchBytes,
  post: command('POST'),
  put: command('PUT'),
  delete: command('DELETE'),
  url: pageUrl,
  setBearer,
  onSessionEnded,
};

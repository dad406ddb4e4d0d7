/**
 * The one seam between the wall and whatever answers it: a server over HTTP, or the Rust side of the window.
 * Paths are relative to the root of the page (`api/v1/wall`).
 */
import type { Frame, Problem } from '@/wire/wire';

/** Query parameters; `undefined` and `null` are left out. */
export type Query = Record<string, string | number | undefined | null>;

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
  get<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T>;
  /** Asks for bytes; throws `HostError`. */
  getBytes(path: string, query?: Query, signal?: AbortSignal): Promise<BytesAnswer>;
  /** Follows the frames after a revision, until the returned function is called. */
  subscribe(sinceRevision: number, onFrame: (frame: Frame) => void, onState: (state: StreamState) => void): () => void;
  /** Absolute address of a path, for the map's tiles and for pictures. */
  url(path: string): string;
}

/** Why a question went unanswered. `status` 0 means that nobody answered at all. */
export class HostError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
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

/** How long a question may take before it counts as unanswered. */
const answerWithinMs = 20_000;

async function ask(path: string, query: Query | undefined, signal: AbortSignal | undefined): Promise<Response> {
  const limit = AbortSignal.timeout(answerWithinMs);
  let response: Response;
  try {
    response = await fetch(pageUrl(path, query), {
      credentials: 'same-origin',
      cache: 'no-store',
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new HostError(0, 'unreachable', String(cause));
  }
  if (response.ok) return response;
  const problem: Problem = await response.json().catch(() => ({ code: 'unknown', message: response.statusText }));
  throw new HostError(response.status, problem.code, problem.message);
}

/** `Host.get` over fetch: the same for HTTP and for the window's own scheme. */
export async function fetchJson<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> {
  const response = await ask(path, query, signal);
  return (await response.json()) as T;
}

/** `Host.getBytes` over fetch. */
export async function fetchBytes(path: string, query?: Query, signal?: AbortSignal): Promise<BytesAnswer> {
  const response = await ask(path, query, signal);
  return { bytes: new Uint8Array(await response.arrayBuffer()), headers: response.headers };
}

import { watch } from 'vue';
import { describe, expect, it, vi } from 'vitest';
import { HostError, type BytesAnswer, type Host } from '@/host';
import { openFeed, pauseMs } from '@/state/feed';
import { pictureStands, storeTrouble, troubles } from '@/state/trouble';
import { applyFrame, applySnapshot, forget, judgeFrame, streamLimit, type FrameChange } from '@/state/tables';
import { emptyState } from '@/state/wall';
import type { AreaStat, Figure, Frame, Snapshot, StaffView, TicketView } from '@/wire/wire';

const freshness = { last_write_ms: 1, last_feed_ms: 1, store_ok: true, store_trouble: null, served_ms: 1 };
const clock = { kind: 'system' as const, now_ms: 1, speed: 1, later: 0 };
const stat = (key: string, open: number): AreaStat => ({ key, open, overdue: 0, received_today: 0, closed_today: 0, heat: 0, time_left_s: null });
const ticket = (id: number, more: Partial<TicketView> = {}): TicketView => ({
  id, external_id: String(id), title: '', category: 'a', category_name: 'A', platform: '', channel: '', severity: 3, status: 'received', open: true, overdue: false,
  alarm: '', lon: 0, lat: 0, cell_key: '1', cell_code: '', cell_name: '', reported_ms: id, since_ms: id, ahead: false, reopened: false, due_ms: null, closed_ms: null, ...more,
});
const snapshot = (revision: number, more: Partial<Snapshot> = {}): Snapshot => ({ revision, clock, as_of: false, figures: [], unplaced: 0, alarms: { total: 0, groups: [] }, areas: [], tickets: [], staff: [], late_events: 0, known_at_ms: null, nothing_known: false, positions_kept: true, freshness, ...more });
const frame = (from: number, to: number, more: Partial<Frame> = {}): Frame => ({ from_revision: from, to_revision: to, clock, figures: null, unplaced: 0, alarms: null, areas: [], tickets: [], staff: [], reload: false, freshness, ...more });

describe('frames', () => {
  it.each([
    [5, 5, 6, 'apply'],
    [5, 5, 5, 'apply'],
    [5, 3, 5, 'skip'],
    [5, 3, 4, 'skip'],
    [5, 4, 7, 'apply'],
    [5, 6, 7, 'gap'],
    [5, 6, 6, 'gap'],
  ])('at %i, a frame %i..%i: %s', (known, from, to, verdict) => {
    expect(judgeFrame(known, { from_revision: from, to_revision: to })).toBe(verdict);
  });

  it('change only their own rows and say what is new', () => {
    const state = emptyState();
    applySnapshot(state, snapshot(1, { areas: [stat('a', 1), stat('b', 2)], tickets: [ticket(1)], unplaced: 4 }));
    expect(state.unplaced.value).toBe(4);
    const change = applyFrame(state, frame(1, 2, { areas: [stat('b', 3)], tickets: [ticket(1, { status: 'closed' }), ticket(2)], unplaced: 3 }));
    expect(state.unplaced.value).toBe(3);
    expect(state.stats.value.get('a')?.open).toBe(1);
    expect(state.stats.value.get('b')?.open).toBe(3);
    expect(state.tickets.value.get(1)?.status).toBe('closed');
    expect(change.fresh.map((t) => t.id)).toEqual([2]);
    expect(change.areas).toEqual(['b']);
    expect(state.link.revision).toBe(2);
  });

  it.each(['stats', 'tickets', 'staff', 'figures', 'alarms', 'unplaced', 'freshness'] as const)('reach the kind %s by the rule of its kind, and nothing of it is left when the picture is forgotten', (kind) => {
    const state = emptyState();
    const empty = JSON.stringify(state[kind].value);
    const person = { id: 7, name: '甲' } as StaffView;
    const alarms = { total: 1, groups: [] };
    const figures = [{ key: 'open' }] as unknown as Figure[];
    applySnapshot(state, snapshot(1, { areas: [stat('a', 1)], tickets: [ticket(1)], staff: [person], figures, alarms, unplaced: 4 }));
    let woken = 0;
    watch(state[kind], () => (woken += 1), { flush: 'sync' });
    const before = state[kind].value;
    const quiet = applyFrame(state, frame(1, 2, { unplaced: 4 }));
    expect([quiet.areas, quiet.tickets, quiet.staff, quiet.fresh]).toEqual([[], [], [], []]);
    expect([woken, state[kind].value]).toEqual([0, before]);
    const change = applyFrame(state, frame(2, 3, { areas: [stat('b', 2)], tickets: [ticket(2)], staff: [{ ...person, id: 8 }], figures: [], alarms: { total: 2, groups: [] }, unplaced: 5, freshness: { ...freshness, store_ok: false } }));
    expect([change.areas, change.tickets, change.staff]).toEqual([['b'], [2], [8]]);
    expect(woken).toBe(1);
    // Of a table the other rows stay; a value is replaced.
    const now = state[kind].value;
    if (now instanceof Map) expect(now.size).toBe(2);
    forget(state);
    const left = state[kind].value;
    expect(left instanceof Map ? left.size : JSON.stringify(left)).toBe(left instanceof Map ? 0 : empty);
  });

  it('never push an open alarm out of the stream', () => {
    const state = emptyState();
    applySnapshot(state, snapshot(1, { tickets: [ticket(1, { alarm: 'red' })] }));
    applyFrame(state, frame(1, 2, { tickets: Array.from({ length: streamLimit + 50 }, (_, i) => ticket(i + 2)) }));
    expect(state.tickets.value.size).toBe(streamLimit);
    expect(state.tickets.value.has(1)).toBe(true);
    expect(state.tickets.value.has(2)).toBe(false);
  });
});

/** A host whose answers and stream the test drives. */
function testHost(): { host: Host; snapshots: number; revision: number; store: string; failing: HostError | null; subscriptions: number; since: number; send(f: Frame): void; cut(cause?: unknown): void; asked: string[] } {
  const listeners: { frame: (f: Frame) => void; state: (s: 'open' | 'lost', cause?: unknown) => void }[] = [];
  const test = {
    snapshots: 0,
    revision: 10,
    store: 'one',
    failing: null as HostError | null,
    asked: [] as string[],
    subscriptions: 0,
    since: -1,
    send: (f: Frame) => listeners.at(-1)?.frame(f),
    cut: (cause?: unknown) => listeners.at(-1)?.state('lost', cause),
    host: {
      url: (path: string) => path,
      getBytes: (): Promise<BytesAnswer> => (test.failing ? Promise.reject(test.failing) : Promise.resolve({ bytes: new Uint8Array(), headers: new Headers() })),
      post: () => Promise.reject(new HostError(0, 'unreachable', '')),
      put: () => Promise.reject(new HostError(0, 'unreachable', '')),
      delete: () => Promise.reject(new HostError(0, 'unreachable', '')),
      setBearer: () => undefined,
    save: () => Promise.resolve(''),
      onSessionEnded: () => undefined,
      get: <T>(path: string, query?: Record<string, unknown>): Promise<T> => {
        if (test.failing) return Promise.reject(test.failing);
        test.asked.push(`${path}${query?.as_of ? '@' : ''}`);
        if (path === 'api/v1/snapshot') {
          test.snapshots += 1;
          return Promise.resolve(snapshot(test.revision) as T);
        }
        if (path === 'api/v1/areas') return Promise.resolve({ type: 'FeatureCollection', features: [] } as T);
        return Promise.resolve({ title: 'T', store: test.store } as T);
      },
      subscribe: (since: number, onFrame: (f: Frame) => void, onState: (s: 'open' | 'lost', cause?: unknown) => void) => {
        test.subscriptions += 1;
        test.since = since;
        listeners.push({ frame: onFrame, state: onState });
        return () => undefined;
      },
    } satisfies Host,
  };
  return test;
}
const settle = async (): Promise<void> => {
  for (let i = 0; i < 20; i += 1) await Promise.resolve();
};

describe('feed', () => {
  it('starts from a snapshot, applies frames, and takes a new snapshot after a gap', async () => {
    const test = testHost();
    const state = emptyState();
    const changes: (FrameChange | null)[] = [];
    const feed = openFeed(test.host, state, (c) => changes.push(c));
    feed.start();
    await settle();
    expect(state.link).toMatchObject({ revision: 10, connection: 'live' });
    test.send(frame(10, 11, { tickets: [ticket(1)] }));
    expect(state.link.revision).toBe(11);
    expect(test.snapshots).toBe(1);
    test.revision = 20;
    test.send(frame(15, 16));
    await settle();
    expect(test.snapshots).toBe(2);
    expect(state.link.revision).toBe(20);
    feed.stop();
  });

  it('asks for wall and areas again when told, but not for a snapshot', async () => {
    const test = testHost();
    const feed = openFeed(test.host, emptyState(), () => undefined);
    feed.start();
    await settle();
    test.asked.length = 0;
    test.send(frame(10, 11, { reload: true }));
    await settle();
    expect(test.asked.sort()).toEqual(['api/v1/areas', 'api/v1/areas', 'api/v1/areas', 'api/v1/wall']);
    feed.stop();
  });

  it('a stream that dies without a word is not called live, and is opened anew where somebody answers', async () => {
    vi.useFakeTimers();
    const test = testHost();
    const state = emptyState();
    const feed = openFeed(test.host, state, () => undefined);
    feed.start();
    await settle();
    await vi.advanceTimersByTimeAsync(6_000);
    expect(state.link.silent).toBe(false);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(state.link).toMatchObject({ silent: true, connection: 'live' });
    expect([test.subscriptions, test.snapshots]).toEqual([1, 1]);
    await vi.advanceTimersByTimeAsync(3_000);
    // Somebody answers: the stream goes on from the revision that is shown, without another snapshot.
    expect([test.subscriptions, test.since, test.snapshots]).toEqual([2, 10, 1]);
    test.send(frame(10, 11, { tickets: [ticket(1)] }));
    expect(state.link).toMatchObject({ silent: false, revision: 11, connection: 'live' });
    // Nobody answers any more: then it is lost.
    test.failing = new HostError(0, 'unreachable', 'gone');
    await vi.advanceTimersByTimeAsync(11_000);
    expect(state.link.connection).toBe('lost');
    expect(state.tickets.value.size).toBe(1);
    feed.stop();
    vi.useRealTimers();
  });

  it('keeps the last picture when the link is lost, and tries again', async () => {
    vi.useFakeTimers();
    const test = testHost();
    const state = emptyState();
    const feed = openFeed(test.host, state, () => undefined);
    feed.start();
    await settle();
    test.send(frame(10, 11, { tickets: [ticket(1)] }));
    test.failing = new HostError(0, 'unreachable', 'gone');
    test.cut();
    expect(state.link.connection).toBe('lost');
    expect(state.tickets.value.size).toBe(1);
    await vi.advanceTimersByTimeAsync(pauseMs(0) + 1);
    expect(state.link).toMatchObject({ connection: 'lost', attempt: 2 });
    test.failing = null;
    await vi.advanceTimersByTimeAsync(pauseMs(1) + 1);
    expect(state.link).toMatchObject({ connection: 'live', attempt: 0 });
    feed.stop();
    vi.useRealTimers();
  });

  it('says that all places are taken, and comes back when it was told to', async () => {
    vi.useFakeTimers();
    const test = testHost();
    const state = emptyState();
    const feed = openFeed(test.host, state, () => undefined);
    feed.start();
    await settle();
    const full = new HostError(429, 'too_many_streams', '64 are the most', 5);
    test.cut(full);
    expect(state.link).toMatchObject({ connection: 'lost', problem: full });
    await vi.advanceTimersByTimeAsync(4_900);
    expect(test.snapshots).toBe(1);
    await vi.advanceTimersByTimeAsync(200);
    expect(test.snapshots).toBe(2);
    feed.stop();
    vi.useRealTimers();
  });

  it('says when signing in is needed', async () => {
    const test = testHost();
    test.failing = new HostError(401, 'sign_in', '');
    const state = emptyState();
    const feed = openFeed(test.host, state, () => undefined);
    feed.start();
    await settle();
    expect(state.link.connection).toBe('sign_in');
    feed.stop();
  });

  it('keeps the picture when the right is lost, and forgets it when told to', async () => {
    const test = testHost();
    const state = emptyState();
    const feed = openFeed(test.host, state, () => undefined);
    feed.start();
    await settle();
    test.send(frame(10, 11, { tickets: [ticket(1)] }));
    test.failing = new HostError(401, 'sign_in', '');
    test.cut();
    feed.retry();
    await settle();
    expect(state.link.connection).toBe('sign_in');
    expect(state.info.value).not.toBeNull();
    expect(state.tickets.value.size).toBe(1);
    forget(state);
    expect(state.info.value).toBeNull();
    expect(state.tickets.value.size).toBe(0);
    feed.stop();
  });

  it.each([
    ['another store', { store: 'two', revision: 500 }],
    ['the same store put back to an earlier state', { store: 'one', revision: 3 }],
  ])('says when %s answers, and lets go of what was chosen', async (_, other) => {
    const test = testHost();
    const state = emptyState();
    const replaced = vi.fn();
    const feed = openFeed(test.host, state, () => undefined, replaced);
    feed.start();
    await settle();
    feed.retry();
    await settle();
    expect(replaced).not.toHaveBeenCalled();
    Object.assign(test, other);
    feed.retry();
    await settle();
    expect(replaced).toHaveBeenCalledOnce();
    expect(state.link).toMatchObject({ replaced: true, revision: other.revision });
    feed.stop();
  });

  it('says why there is no picture yet', async () => {
    const test = testHost();
    test.failing = new HostError(0, 'timeout', 'x', null, { waited_s: 20 });
    const state = emptyState();
    const feed = openFeed(test.host, state, () => undefined);
    feed.start();
    await settle();
    expect(state.link.problem).toBe(test.failing);
    test.failing = null;
    feed.retry();
    await settle();
    expect(state.link.problem).toBeNull();
    feed.stop();
  });

  it('shows another time as a whole, lets frames pass by, and returns with a fresh snapshot', async () => {
    const test = testHost();
    const state = emptyState();
    const feed = openFeed(test.host, state, () => undefined);
    feed.start();
    await settle();
    test.asked.length = 0;
    await feed.showTime(1_000_000);
    expect(test.asked.filter((a) => a.endsWith('@'))).toHaveLength(5);
    test.send(frame(10, 11, { tickets: [ticket(9)] }));
    expect(state.tickets.value.has(9)).toBe(false);
    test.revision = 11;
    await feed.showTime(null);
    expect(state.link).toMatchObject({ asOf: null, revision: 11, connection: 'live' });
    feed.stop();
  });

  it('waits longer and longer, with a ceiling', () => {
    const pauses = [0, 1, 2, 3, 4, 5, 6, 7, 20].map(pauseMs);
    expect(pauses).toEqual([500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
  });
});

describe('the store', () => {
  it('says what keeps it from being used, and whether the picture stands', () => {
    expect(storeTrouble(freshness)).toBeNull();
    expect(storeTrouble(null)).toBeNull();
    for (const trouble of troubles) expect(storeTrouble({ store_ok: false, store_trouble: trouble })).toBe(trouble);
    expect(storeTrouble({ store_ok: false, store_trouble: 'of a later edition' })).toBe('silent');
    expect(troubles.filter((one) => !pictureStands(one))).toEqual(['full', 'read_only']);
    expect(pictureStands(null)).toBe(false);
  });
});

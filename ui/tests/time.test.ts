/** One contract of honest time: what a label says is the time of the data it stands beside, never of the question. */
import { createI18n } from 'vue-i18n';
import { createApp, h, nextTick, ref, type App as VueApp, type Component, type VNode } from 'vue';
import { afterEach, describe, expect, it } from 'vitest';
import { HostError, type Host } from '@/host';
import { dictionaries } from '@/locale';
import { appKey, type App } from '@/state/app';
import { tick } from '@/state/clock';
import { openFeed, type Link } from '@/state/feed';
import { openViewer } from '@/state/viewer';
import { emptyState, isPresent, nothingHeld, type WallState } from '@/state/wall';
import type { Clock, Snapshot } from '@/wire/wire';
import AgeMark from '@/wall/AgeMark.vue';
import FiguresPanel from '@/wall/FiguresPanel.vue';
import StateBand from '@/wall/StateBand.vue';
import TopBar from '@/wall/TopBar.vue';

const now = Date.parse('2026-11-20T04:00:00Z');
const noon = Date.parse('2026-11-19T04:00:00Z');
const freshness = { last_write_ms: now, last_feed_ms: now, store_ok: true, store_trouble: null, served_ms: now };

/** A host that answers when the test lets it, of the time that was asked. */
function slowHost(kind: Clock['kind'] = 'system'): { host: Host; release(): void; fail(): void } {
  let waiting: { go: () => void; fail: () => void }[] = [];
  const get = <T>(path: string, query?: Record<string, unknown>, signal?: AbortSignal): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      const asOf = typeof query?.as_of === 'string' ? Date.parse(query.as_of) : null;
      const clock: Clock = { kind, now_ms: asOf ?? now, speed: kind === 'system' ? 1 : 0, later: kind === 'system' || asOf !== null ? 0 : 3 };
      const snapshot: Snapshot = { revision: 1, clock, as_of: asOf !== null, figures: [], unplaced: 0, alarms: { total: 0, groups: [] }, areas: [], tickets: [], staff: [], late_events: 0, known_at_ms: null, nothing_known: false, positions_kept: asOf === null, freshness };
      const answer: unknown = path === 'api/v1/snapshot' ? snapshot : path === 'api/v1/areas' ? { type: 'FeatureCollection', features: [] } : { title: 'T', store: 's', zone: 'Asia/Shanghai', clock };
      waiting.push({ go: () => resolve(answer as T), fail: () => reject(new HostError(0, 'unreachable', '')) });
      signal?.addEventListener('abort', () => reject(new DOMException('', 'AbortError')));
    });
  const no = (): Promise<never> => Promise.reject(new HostError(0, 'unreachable', ''));
  const host: Host = { url: (path) => path, get, getBytes: no, post: no, put: no, delete: no, save: () => Promise.resolve(''), setBearer: () => undefined, onSessionEnded: () => undefined, subscribe: () => () => undefined };
  const all = (what: 'go' | 'fail'): void => {
    const these = waiting;
    waiting = [];
    for (const one of these) one[what]();
  };
  return { host, release: () => all('go'), fail: () => all('fail') };
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 30; i += 1) await Promise.resolve();
  await nextTick();
};

function show(render: () => VNode | VNode[], provided: App, root: HTMLElement): VueApp {
  const app = createApp({ setup: () => render });
  app.provide(appKey, provided).use(createI18n({ legacy: false, locale: 'zh-CN', messages: dictionaries })).mount(root);
  return app;
}

let opened: { app: VueApp; feed: Link }[] = [];
afterEach(() => {
  for (const { app, feed } of opened) {
    app.unmount();
    feed.stop();
  }
  opened = [];
});

async function page(kind: Clock['kind'] = 'system'): Promise<{ state: WallState; feed: Link; slow: ReturnType<typeof slowHost>; words(id: string): string | null }> {
  const slow = slowHost(kind);
  const state = emptyState();
  const feed = openFeed(slow.host, state, () => undefined);
  const parts = {
    view: { mode: 'heat', level: 'cell', dialog: null, page: 'wall', slow: false, selection: null, panels: {} }, display: {}, base: { px: 16, rows: 60 },
  } as unknown as Parameters<typeof openViewer>[1];
  const provided = {
    host: slow.host, feed: { ...feed, ...tick(state), state, news: { listen: () => () => undefined } }, viewer: openViewer(state, parts), session: { state: { view: null } },
  } as unknown as App;
  const root = document.createElement('div');
  const children: Component[] = [TopBar, StateBand, FiguresPanel];
  const app = show(() => children.map((one) => h(one)), provided, root);
  opened.push({ app, feed });
  feed.start();
  slow.release();
  await settle();
  return { state, feed, slow, words: (id) => root.querySelector(`[data-testid=${id}]`)?.textContent ?? null };
}

describe('the time of a label', () => {
  it('is of the data while another time is still being fetched, and after that failed', async () => {
    const { state, feed, slow, words } = await page();
    expect([words('connection'), words('age'), words('not-live')]).toEqual(['实时', '刚刚', null]);
    expect(words('positions-not-kept')).toBeNull();
    void feed.showTime(noon);
    await settle();
    // Asked for, not there: the picture is of now and says so, and nothing calls it live beside 非实时.
    expect(state.held.value.asOf).toBeNull();
    expect(words('age')).toBe('刚刚');
    expect(words('held-time')).toBeNull();
    expect(words('asked-time')).toMatch(/画面仍是现在/);
    expect(words('connection')).toBe('已连接');
    slow.release();
    await settle();
    expect(words('age')).toMatch(/12:00 的数据/);
    expect(words('held-time')).toMatch(/12:00/);
    expect(words('positions-not-kept')).toBe('未保存人员当时的位置');
    expect(words('asked-time')).toBeNull();
    // Back to now, and the host does not answer: the picture stays, of noon, and never turns into the present by itself.
    void feed.showTime(null);
    await settle();
    expect(words('asked-time')).toBe('正在返回现在');
    slow.fail();
    await settle();
    expect(state.held.value.asOf).toBe(noon);
    expect(words('age')).toMatch(/12:00 的数据/);
    expect(words('not-live')).toMatch(/非实时/);
    expect(words('connection')).not.toBe('实时');
    expect(isPresent(state)).toBe(false);
  });

  it('is of the clock beside a fixed one, which is never live, and what lies behind it is counted', async () => {
    const { words } = await page('fixed');
    expect(words('connection')).toBe('已连接');
    expect(words('age')).toMatch(/12:00 的数据/);
    expect(words('clock')).toMatch(/固定时钟/);
    expect(words('later')).toBe('另有 3 件晚于时钟');
  });

  it('says that nothing came yet', () => {
    const root = document.createElement('div');
    const provided = { feed: { state: emptyState(), realNow: ref(now), now: ref(now) } } as unknown as App;
    const app = show(() => h(AgeMark, { held: nothingHeld }), provided, root);
    expect(root.textContent).toBe('尚无数据');
    app.unmount();
  });
});

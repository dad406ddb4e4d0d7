import { createApp, nextTick, ref, shallowRef, type App as VueApp } from 'vue';
import { afterEach, describe, expect, it } from 'vitest';
import { HostError, type Query } from '@/host';
import { i18n } from '@/locale';
import { appKey, type App } from '@/state/app';
import { listQuery, siblings } from '@/state/lists';
import { news } from '@/state/news';
import { initialView, type View } from '@/state/view';
import { emptyState } from '@/state/wall';
import { press as pressOn } from '@/actions';
import type { Press } from '@/actions/action';
import TicketListPanel from '@/wall/TicketListPanel.vue';
import type { ListedTicket, TicketList, TicketView } from '@/wire/wire';

const press = (wall: App, event: Press): boolean => pressOn('wall', wall, event);

describe('the question behind a number', () => {
  it('carries area, period and the time shown', () => {
    const query = listQuery({ set: 'received', area: { level: 'cell', key: '7' }, category: { code: 'c', name: 'C' }, from: 0, to: 3_600_000 }, 4, { as_of: new Date(86_400_000).toISOString() });
    expect(query).toMatchObject({ set: 'received', area: 'cell:7', category: 'c', from: '1970-01-01T00:00:00.000Z', to: '1970-01-01T01:00:00.000Z', as_of: '1970-01-02T00:00:00.000Z' });
  });
  it('asks about now where the number is about now', () => {
    expect(listQuery({ set: 'received', live: true }, 4, { as_of: new Date(5).toISOString() }).as_of).toBeUndefined();
    expect(listQuery({ set: 'open' }, 4, {}).as_of).toBeUndefined();
  });
  it('tells nobody from anybody', () => {
    expect(listQuery({ set: 'late', owner: '' }, 4, {})).toMatchObject({ owner: undefined, unowned: 1 });
    expect(listQuery({ set: 'late', owner: '甲' }, 4, {})).toMatchObject({ owner: '甲', unowned: undefined });
    expect(listQuery({ set: 'late', area: 'outside' }, 4, {})).toMatchObject({ owner: undefined, unowned: undefined, area: 'outside' });
    expect(listQuery({ set: 'open', area: 'unplaced' }, 4, {})).toMatchObject({ set: 'open', area: 'unplaced' });
  });
  it('knows which sets belong together', () => {
    expect(siblings('near_due')).toEqual(['late', 'overdue', 'near_due']);
    expect(siblings('missed')).toEqual(['due', 'on_time', 'missed']);
    expect(siblings('alarm')).toEqual([]);
  });
});

function ticket(id: number): TicketView {
  return {
    id, external_id: `e${id}`, title: `事件${id}`, category: 'c', category_name: '类', platform: '', channel: '', severity: 3, status: 'received', open: true, overdue: true, alarm: '',
    lon: 120, lat: 30, cell_key: '1', cell_code: '001', cell_name: '第一网格', reported_ms: 0, since_ms: 0, ahead: false, reopened: false, due_ms: id * 60_000, closed_ms: null,
  };
}
const line = (id: number): ListedTicket => ({ ticket: ticket(id), owner: id % 2 ? '张三' : '', community: '试验社区' });
function answer(lines: ListedTicket[], change: Partial<TicketList> = {}): TicketList {
  return {
    lines, total: lines.length, overdue: lines.length, near_due: 0, owners: [{ owner: '张三', total: 2, overdue: 2, near_due: 0 }, { owner: '', total: 1, overdue: 1, near_due: 0 }], owner_count: 2, cursor: null,
    late_events: 0, near_s: 14_400, from_ms: null, to_ms: null, area: null, at_ms: 86_400_000, revision: 1, ...change,
  };
}

describe('the lateness list', () => {
  let app: VueApp | null = null;
  let asked: Query[] = [];
  function open(replies: (TicketList | Error)[]): { wall: App; view: View; root: HTMLElement } {
    asked = [];
    const state = emptyState();
    const view = initialView('');
    view.list = { set: 'late' };
    const wall = {
      session: null,
      host: {
        get: (_: string, query: Query) => {
          asked.push(query);
          const reply = replies[Math.min(asked.length, replies.length) - 1] ?? new Error('nothing');
          return reply instanceof Error ? Promise.reject(reply) : Promise.resolve(reply);
        },
      },
      feed: { state, news: news(), now: ref(86_400_000), showTime: () => undefined },
      viewer: {
        view, base: { px: 15 }, map: shallowRef(null),
        openTicket: (t: { id: number }) => (view.selection = { kind: 'ticket', id: t.id }),
        openList: (question: View['list']) => (view.list = question),
        select: (s: null) => (view.selection = s),
      },
    } as unknown as App;
    const root = document.createElement('div');
    document.body.append(root);
    app = createApp(TicketListPanel, { question: view.list });
    app.provide(appKey, wall);
    app.use(i18n);
    app.mount(root);
    return { wall, view, root };
  }
  const settled = async (): Promise<void> => {
    for (let i = 0; i < 6; i += 1) await nextTick();
  };
  const text = (root: HTMLElement): string => root.textContent ?? '';
  const down = (root: HTMLElement, key: string): void => void (document.activeElement ?? root).dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
  afterEach(() => {
    app?.unmount();
    document.body.replaceChildren();
  });

  it('says how many, by how much, where and whose, and the time of the data', async () => {
    const { root } = open([answer([line(1), line(2)], { total: 2 })]);
    await settled();
    expect(text(root)).toMatch(/超期清单/);
    expect(text(root)).toMatch(/超 23 小时/);
    expect(text(root)).toMatch(/第一网格 · 试验社区 · 张三/);
    expect(text(root)).toMatch(/暂无责任人/);
    expect(text(root)).toMatch(/临期：距到期不足/);
    expect(text(root)).toMatch(/已列 2 \/ 2 件/);
    expect(root.querySelector('[data-testid=list-at]')?.textContent).toMatch(/00:00:00 的数据/);
  });
  it('goes through its lines by arrows and comes back to the same one', async () => {
    const { wall, view, root } = open([answer([line(1), line(2), line(3)])]);
    await settled();
    const at = (): string | undefined => document.activeElement?.closest<HTMLElement>('[data-ticket]')?.dataset.ticket;
    expect(at()).toBe('1');
    down(root, 'ArrowDown');
    down(root, 'ArrowDown');
    down(root, 'ArrowDown');
    expect(at()).toBe('3');
    (document.activeElement as HTMLElement).click();
    expect(view.selection).toEqual({ kind: 'ticket', id: 3 });
    (document.activeElement as HTMLElement).blur();
    await settled();
    press(wall, { key: 'Escape', shiftKey: false, target: null });
    await settled();
    expect(view.list).not.toBeNull();
    expect(at()).toBe('3');
    press(wall, { key: 'Escape', shiftKey: false, target: null });
    expect(view.list).toBeNull();
  });
  it('gets the next page with the cursor, and keeps what it has', async () => {
    const { root } = open([answer([line(1)], { total: 2, cursor: '1.0.1' }), answer([line(2)], { total: 2 })]);
    await settled();
    root.querySelector<HTMLElement>('[data-testid=list-more]')?.click();
    await settled();
    expect(asked[1]).toMatchObject({ cursor: '1.0.1' });
    expect(root.querySelectorAll('[data-testid=list-line]')).toHaveLength(2);
    expect(root.querySelector('[data-testid=list-more]')).toBeNull();
  });
  it('says that nothing is late, and never says it when nobody answered', async () => {
    const { root } = open([answer([])]);
    await settled();
    expect(root.querySelector('[data-testid=list-empty]')?.textContent).toMatch(/没有超期或临期/);
    app?.unmount();
    const failed = open([new HostError(0, 'unreachable', 'no route')]);
    await settled();
    expect(failed.root.querySelector('[data-testid=list-empty]')).toBeNull();
    expect(failed.root.querySelector('[role=alert]')?.textContent).toMatch(/没有取到清单：(?!no route)/);
  });
  it('keeps its lines when it cannot be renewed, and says so', async () => {
    const { root } = open([answer([line(1)], { total: 2, cursor: '1.0.1' }), new HostError(503, 'busy', 'busy')]);
    await settled();
    root.querySelector<HTMLElement>('[data-testid=list-more]')?.click();
    await settled();
    expect(root.querySelectorAll('[data-testid=list-line]')).toHaveLength(1);
    expect(root.querySelector('[role=alert]')?.textContent).toMatch(/下面是上次取到的内容/);
  });
  it('shows whose they are, and opens one owner', async () => {
    const { view, root } = open([answer([line(1)])]);
    await settled();
    root.querySelector<HTMLElement>('[data-testid=list-by-owner]')?.click();
    await settled();
    const owners = [...root.querySelectorAll<HTMLElement>('[data-testid=list-owners] button')];
    expect(owners.map((o) => o.textContent)).toEqual(['张三超期 2临期 0', '暂无责任人超期 1临期 0']);
    owners[1]?.click();
    expect(view.list).toEqual({ set: 'late', owner: '' });
  });
  it('opens and closes by one key', () => {
    const { wall, view } = open([answer([])]);
    view.list = null;
    press(wall, { key: 'd', shiftKey: false, target: null });
    expect(view.list).toEqual({ set: 'late' });
    press(wall, { key: 'D', shiftKey: false, target: null });
    expect(view.list).toBeNull();
  });
});

import { describe, expect, it } from 'vitest';
import { openScale, paintedLevel, roundUp } from '@/map/areas';
import type { AreaCollection } from '@/state/wall';
import { softenEdge } from '@/map/heat';
import { Pace } from '@/map/pace';
import { sector, zoomAt } from '@/map/points';
import { wallTime } from '@/state/clock';
import { arcMinutes, baseSize, leastArcMinutes, subtends, type Display } from '@/state/display';
import { initialView, type View, modes, neighbour } from '@/state/view';
import type { WallHere } from '@/actions/wall';
import { areaOfHit } from '@/state/viewer';
import type { TicketView } from '@/wire/wire';
import { ageParts, spanParts } from '@/wall/format';
import { press as pressOn } from '@/actions';
import type { Press } from '@/actions/action';
import { floodAt, newest, pinned } from '@/wall/stream';

const press = (here: WallHere, event: Press): boolean => pressOn('wall', here, event);

describe('base size', () => {
  const wall = (distance_m: number, width_mm: number): Display => ({ preset: 'wall', distance_m, width_mm });
  it.each([
    [8, 46.5],
    [10, 58.2],
  ])('at %d m dense Chinese text needs %d mm', (distance, mm) => expect(subtends(leastArcMinutes, distance)).toBeCloseTo(mm, 1));
  it('at 8 m sixteen arc-minutes are 37 mm', () => expect(subtends(16, 8)).toBeCloseTo(37.2, 1));
  it('subtending and measuring agree', () => expect(arcMinutes(subtends(17, 6), 6)).toBeCloseTo(17, 6));
  it('gives the size the distance asks for when the screen holds it', () => {
    const { px, capped } = baseSize(wall(8, 6000), 3840, 2160);
    expect(capped).toBe(false);
    expect(arcMinutes((px * 6000) / 3840, 8)).toBeGreaterThan(19.8);
  });
  it('caps what cannot be laid out, and says so', () => {
    const { capped, columns, rows } = baseSize(wall(15, 2000), 1920, 1080);
    expect(capped).toBe(true);
    expect(columns).toBeGreaterThanOrEqual(61);
    expect(rows).toBeGreaterThanOrEqual(34);
  });
  it('keeps the proportions from 1080p to 4K by default', () => {
    const usual: Display = { preset: 'auto', distance_m: 8, width_mm: 4800 };
    expect(baseSize(usual, 3840, 2160).px).toBe(2 * baseSize(usual, 1920, 1080).px);
    expect(baseSize(usual, 7680, 2160).px).toBe(baseSize(usual, 3840, 2160).px);
    expect(baseSize(usual, 1366, 768).px).toBeGreaterThanOrEqual(12);
  });
});

describe('hits of the search', () => {
  const exists = (level: string, key: string): boolean => ['cell 7', 'community 330', 'street 33'].includes(`${level} ${key}`);
  it.each([
    ['cell:7', { level: 'cell', key: '7' }],
    ['community:330', { level: 'community', key: '330' }],
    ['33', { level: 'street', key: '33' }],
    ['cell:330', null],
    ['9', null],
  ])('%s', (key, found) => expect(areaOfHit(key, exists)).toEqual(found));
});

describe('words for time', () => {
  const minute = 60_000;
  it.each([
    [30_000, 'lessMinute'],
    [5 * minute, 'm'],
    [60 * minute, 'h'],
    [90 * minute, 'hm'],
    [7 * 60 * minute, 'h'],
    [24 * 60 * minute, 'd'],
    [26 * 60 * minute, 'dh'],
    [300 * 60 * minute, 'd'],
    [-90 * minute, 'hm'],
  ])('a span of %i ms is said as %s', (ms, key) => expect(spanParts(ms).key).toBe(key));
  it.each([
    [-5, 'just', 0],
    [4_000, 'just', 0],
    [13_000, 'seconds', 10],
    [61_000, 'minutes', 1],
    [7_200_000, 'hours', 2],
    [200_000_000, 'days', 2],
  ])('an age of %i ms: %s %i', (ms, key, n) => expect(ageParts(ms)).toEqual({ key, n }));
});

describe('clock', () => {
  const read = (kind: string, speed: number): Parameters<typeof wallTime>[0] => ({ clock: { kind, now_ms: 1000, speed }, readAt: 0 });
  it('runs on between the words of the server', () => expect(wallTime(read('system', 1), 60_000)).toBe(61_000));
  it('stands when it is fixed', () => expect(wallTime(read('fixed', 0), 60_000)).toBe(1000));
  it('runs fast in a replay, but not for ever without news', () => {
    expect(wallTime(read('replay', 600), 1_000)).toBe(601_000);
    expect(wallTime(read('replay', 600), 60_000)).toBe(1000 + 5_000 * 600);
  });
});

describe('stream', () => {
  const ticket = (id: number, alarm: string, cell = '1', open = true): TicketView =>
    ({ id, alarm, cell_key: cell, category: 'a', open, since_ms: id }) as TicketView;
  it('pins open alarms, gravest first, newest first within', () => {
    const { lines } = pinned([ticket(1, 'yellow'), ticket(2, 'red'), ticket(3, 'red'), ticket(4, ''), ticket(5, 'red', '1', false)], null);
    expect(lines.map((l) => l.ticket.id)).toEqual([3, 2, 1]);
  });
  it('groups a flood by cell and category and loses none', () => {
    const many = Array.from({ length: floodAt + 5 }, (_, i) => ticket(i, 'orange', String(i % 3)));
    const { lines, flood, total } = pinned(many, null);
    expect(total).toBe(many.length);
    expect(flood).toBe(true);
    expect(lines).toHaveLength(3);
    expect(lines.reduce((sum, l) => sum + l.count, 0)).toBe(many.length);
  });
  it('counts all members of a flood, not only those it holds', () => {
    const held = Array.from({ length: floodAt + 5 }, (_, i) => ticket(i, 'orange', String(i % 3)));
    const groups = ['0', '1', '2', '3'].map((cell_key) => ({ alarm: 'orange' as const, cell_key, category: 'a', newest: 1, count: 100 }));
    const { lines, total } = pinned(held, { total: 1_234, groups });
    expect(lines.map((l) => l.count)).toEqual([100, 100, 100]);
    expect(total).toBe(1_234);
    expect(pinned([ticket(1, 'red')], { total: 0, groups: [] }).flood).toBe(false);
  });
  it('tells what has no place from what lies outside all cells', () => {
    const held = Array.from({ length: floodAt + 2 }, (_, i): TicketView => ({ ...ticket(i, 'orange', ''), ...(i % 3 === 0 ? { unplaced: true } : {}) }));
    const group = { alarm: 'orange' as const, cell_key: '', category: 'a', newest: 1 };
    const { lines } = pinned(held, { total: 90, groups: [{ ...group, count: 70 }, { ...group, unplaced: true, count: 20 }] });
    expect(lines.map((l) => [l.ticket.unplaced ?? false, l.count])).toEqual([[false, 70], [true, 20]]);
  });
  it('lists the newest without the pinned', () => expect(newest([ticket(1, ''), ticket(2, 'red'), ticket(3, '')], 5).map((t) => t.id)).toEqual([3, 1]));
});

describe('map', () => {
  it.each([[0, 5], [5, 5], [6, 10], [11, 20], [21, 50], [51, 100], [101, 200], [999, 1000]])('a scale for %i ends at %i', (n, top) => expect(roundUp(n)).toBe(top));
  it('one crowded area does not darken the others', () => {
    const keys = Array.from({ length: 40 }, (_, i) => String(i));
    const areas = { type: 'FeatureCollection', features: keys.map((key) => ({ properties: { key } })) } as unknown as AreaCollection;
    const stats = new Map(keys.map((key, i) => [key, { open: i === 7 ? 17_000 : i }]));
    expect(openScale({ cell: areas, community: null, street: null }, stats as never)).toEqual({ cell: 50, community: 5, street: 5 });
  });
  it('where communities have no owners, their cells show theirs', () => {
    const of = (color: number): AreaCollection => ({ type: 'FeatureCollection', features: [{ properties: { owner_color: color } }] }) as unknown as AreaCollection;
    const tables = { cell: of(3), community: of(-1), street: of(2) };
    expect(paintedLevel({ mode: 'owner', level: 'community' }, tables)).toBe('cell');
    expect(paintedLevel({ mode: 'owner', level: 'street' }, tables)).toBe('street');
    expect(paintedLevel({ mode: 'heat', level: 'community' }, tables)).toBe('community');
  });
  it('a denser wall shows the same things one zoom later', () => expect(zoomAt(14.5, 30)).toBeCloseTo(15.5));
  it('a camera looking north has its sector north of it, as far as it sees', () => {
    const points = sector(120, 31, { heading_deg: 0, fov_deg: 60, range_m: 100 })?.coordinates[0] ?? [];
    const lats = points.map((p) => p[1] ?? 0);
    expect(Math.min(...lats)).toBeCloseTo(31, 9);
    expect((Math.max(...lats) - 31) * 111_195).toBeCloseTo(100, 0);
  });
  it('a camera without direction has none', () => expect(sector(120, 31, { heading_deg: null, fov_deg: 60, range_m: 100 })).toBeNull());
  it('softens an edge inwards only', () => {
    const [w, h] = [40, 40];
    const pixels = new Uint8ClampedArray(4 * w * h);
    for (let y = 10; y < 30; y += 1) for (let x = 10; x < 30; x += 1) pixels[4 * (y * w + x) + 3] = 200;
    softenEdge(pixels, w, h, 3);
    const alpha = (x: number, y: number): number => pixels[4 * (y * w + x) + 3] ?? -1;
    expect(alpha(9, 20)).toBe(0);
    expect(alpha(10, 20)).toBeLessThan(60);
    expect(alpha(20, 20)).toBe(200);
  });
  it('slow frames lower the quality, a fast map keeps it', () => {
    const run = (step: number): string => {
      const pace = new Pace(() => undefined);
      for (let i = 1; i < 12; i += 1) pace.frame(i * step, true);
      return `${pace.quality} ${pace.ratio(true)} ${pace.ratio(false)}`;
    };
    expect(run(20)).toBe('full 1 1');
    expect(run(200)).toBe('moving 0.5 1');
    expect(run(3000)).toBe('always 0.5 0.5');
  });
});

describe('keys', () => {
  function testWall(): { here: WallHere; view: View; calls: string[] } {
    const calls: string[] = [];
    const view = initialView('');
    const note = (name: string) => (...args: unknown[]) => void calls.push([name, ...args].join(' '));
    const viewer = {
      view, map: { value: { pan: note('pan'), zoom: note('zoom'), fit: note('fit') } },
      setMode: (m: (typeof modes)[number]) => (view.mode = m), stepMode: (s: number) => (view.mode = neighbour(modes, view.mode, s)), stepLevel: note('level'), select: note('select'),
    };
    return { here: { feed: { state: { link: { asOf: null } }, showTime: note('time') }, viewer } as unknown as WallHere, view, calls };
  }
  const key = (name: string): Press => ({ key: name, shiftKey: false, target: null });

  it('digits choose the scenes, a presenter steps through them and round', () => {
    const { here, view } = testWall();
    for (const [i, mode] of modes.entries()) {
      expect(press(here, key(String(i + 1)))).toBe(true);
      expect(view.mode).toBe(mode);
    }
    press(here, key('PageDown'));
    expect(view.mode).toBe(modes[0]);
    press(here, key('PageUp'));
    expect(view.mode).toBe(modes.at(-1));
    expect(press(here, key('9'))).toBe(false);
  });
  it('arrows and signs drive the map, Home returns to now', () => {
    const { here, calls } = testWall();
    for (const name of ['ArrowLeft', 'ArrowUp', '+', '-', '0', 'Home', 'l']) press(here, key(name));
    expect(calls).toEqual(['pan -0.18 0', 'pan 0 0.18', 'zoom 0.5', 'zoom -0.5', 'fit', 'time ', 'level']);
  });
  it('Escape undoes the topmost thing first', () => {
    const { here, view, calls } = testWall();
    view.dialog = 'keys';
    view.selection = { kind: 'ticket', id: 1 };
    here.feed.state.link.asOf = 5;
    press(here, key('Escape'));
    expect(view.dialog).toBeNull();
    press(here, key('Escape'));
    expect(calls).toEqual(['select ']);
    view.selection = null;
    press(here, key('Escape'));
    expect(calls).toEqual(['select ', 'time ']);
  });
  it('an open dialog keeps the keys to itself', () => {
    const { here, view } = testWall();
    view.dialog = 'search';
    expect(press(here, key('2'))).toBe(false);
    expect(view.mode).toBe('heat');
  });
});

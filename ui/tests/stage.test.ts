/** The stage under every map, and what is asked for again and again to lie on it. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HostError, type Query } from '@/host';
import { Stage, type Easel, type Make } from '@/map/stage';
import type { Board } from '@/map/wall/board';
import { layRounds, Rounds } from '@/map/wall/rounds';
import { emptyState } from '@/state/wall';

/** A map that does nothing but tell. */
class FakeMap {
  static last: FakeMap;
  listeners = new Map<string, ((event?: unknown) => void)[]>();
  ratio = 1;
  moving = false;
  loaded = true;
  removed = false;
  wheel: number | null = null;
  touchZoomRotate = { disableRotation: vi.fn() };
  scrollZoom = { setWheelZoomRate: (rate: number) => void (this.wheel = rate) };
  constructor(readonly options: Record<string, unknown>) {
    FakeMap.last = this;
  }
  on(name: string, told: () => void): void {
    this.listeners.set(name, [...(this.listeners.get(name) ?? []), told]);
  }
  once(name: string, told: () => void): void {
    this.on(name, told);
  }
  fire(name: string): void {
    for (const told of this.listeners.get(name) ?? []) told();
  }
  isMoving = (): boolean => this.moving;
  isStyleLoaded = (): boolean => this.loaded;
  setPixelRatio = (ratio: number): void => void (this.ratio = ratio);
  getPixelRatio = (): number => this.ratio;
  remove = (): void => void (this.removed = true);
}
vi.mock('maplibre-gl', () => ({ Map: class { constructor(options: Record<string, unknown>) { return new FakeMap(options); } }, setWorkerUrl: () => undefined }));
vi.mock('maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url', () => ({ default: 'worker.js' }));

const easel = (): Easel => ({ host: { url: (path: string) => path } as Easel['host'], state: emptyState(), base: { px: 15, capped: false, columns: 100, rows: 60 } });
function stand(make: Partial<Make> = {}): { stage: Stage; map: FakeMap } {
  const stage = new Stage(document.createElement('div'), easel(), { maxZoom: 20, ...make });
  return { stage, map: FakeMap.last };
}
/** Draws seven frames so many ms apart, in motion. */
function draw(map: FakeMap, apartMs: number): void {
  let at = 1000;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => (at += apartMs));
  map.moving = true;
  map.fire('movestart');
  for (let i = 0; i < 7; i += 1) map.fire('render');
  clock.mockRestore();
}

describe('a stage', () => {
  it('makes every map alike, but for what it is told', () => {
    const { map } = stand({ boxZoom: false, fadeDuration: 0, wheelRate: 1 / 250 });
    expect(map.options).toMatchObject({ keyboard: false, dragRotate: false, pitchWithRotate: false, touchPitch: false, attributionControl: false, minZoom: 3, maxZoom: 20, boxZoom: false, fadeDuration: 0 });
    expect(map.options).not.toHaveProperty('wheelRate');
    expect(map.wheel).toBe(1 / 250);
    expect(map.touchZoomRotate.disableRotation).toHaveBeenCalled();
    expect(stand().map.wheel).toBeNull();
  });
  it('draws fewer pixels while a slow map moves, and all of them when it rests', () => {
    const slow: boolean[] = [];
    const { map } = stand({ onSlow: (one) => slow.push(one) });
    draw(map, 200);
    expect(slow).toEqual([true]);
    map.fire('movestart');
    expect(map.ratio).toBe(devicePixelRatio / 2);
    map.moving = false;
    map.fire('idle');
    expect(map.ratio).toBe(devicePixelRatio);
  });
  it('leaves a fast map and an unpaced one as fine as the screen', () => {
    for (const [make, apartMs] of [[{}, 16], [{ unpaced: true }, 5000]] as const) {
      const { map } = stand(make);
      draw(map, apartMs);
      map.fire('movestart');
      expect(map.ratio).toBe(1);
    }
  });
  it('keeps still where the person wishes it or nothing else can be afforded', () => {
    const { stage, map } = stand();
    expect([stage.calm(false), stage.calm(true)]).toEqual([false, true]);
    draw(map, 5000);
    expect(stage.calm(false)).toBe(true);
  });
  it('tells a change of room from one of its own pixels', () => {
    const { stage, map } = stand();
    const told: boolean[] = [];
    stage.onResize((settled) => told.push(settled));
    map.fire('resize');
    map.ratio = 0.25;
    map.fire('resize');
    expect(told).toEqual([true, false]);
  });
  it('is lost with the graphics, and says when layers can be laid on it again', async () => {
    const { stage, map } = stand();
    const told = vi.fn();
    stage.onRestored(told);
    map.fire('webglcontextlost');
    expect(stage.lost).toBe(true);
    map.loaded = false;
    map.fire('webglcontextrestored');
    await Promise.resolve();
    expect([stage.lost, told.mock.calls.length]).toEqual([true, 0]);
    map.fire('style.load');
    await vi.waitFor(() => expect(told).toHaveBeenCalledTimes(1));
    expect(stage.lost).toBe(false);
  });
  it('is taken away, and says nothing after that', async () => {
    const { stage, map } = stand();
    const told = vi.fn();
    stage.onRestored(told);
    stage.destroy();
    map.fire('webglcontextrestored');
    await new Promise((resolve) => setTimeout(resolve));
    expect([stage.destroyed, map.removed, told.mock.calls.length]).toEqual([true, true, 0]);
  });
});

describe('what is asked for again and again', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());
  const later = async (ms: number): Promise<void> => void (await vi.advanceTimersByTimeAsync(ms));

  it('is asked for once, however often it is wanted meanwhile, and not while it is not', async () => {
    let wanted = true;
    const ask = vi.fn();
    const rounds = new Rounds(ask, () => wanted);
    rounds.after(0);
    rounds.after(50);
    await later(100);
    expect(ask).toHaveBeenCalledTimes(1);
    rounds.soon(1000);
    await later(500);
    expect(ask).toHaveBeenCalledTimes(1);
    await later(600);
    expect(ask).toHaveBeenCalledTimes(2);
    rounds.after(10);
    wanted = false;
    rounds.after(10);
    await later(100);
    expect(ask).toHaveBeenCalledTimes(2);
    wanted = true;
    rounds.after(10);
    rounds.end();
    await later(100);
    expect(ask).toHaveBeenCalledTimes(2);
  });

  it('lies there until another time is asked for in vain', async () => {
    const state = emptyState();
    const asked: Query[] = [];
    const laid: (string | null)[] = [];
    let answer: string | HostError = 'one';
    const get = (_: string, query: Query): Promise<unknown> => {
      asked.push(query);
      return answer instanceof HostError ? Promise.reject(answer) : Promise.resolve(answer);
    };
    const board = { built: true, stage: { destroyed: false }, shown: { host: {}, state } } as unknown as Board;
    const rounds = layRounds<string>(board, { ask: (_host, query) => get('x', query) as Promise<string>, query: () => ({ limit: 5 }), lay: (one) => laid.push(one) });
    const round = async (): Promise<void> => {
      rounds.after(0);
      await later(1);
    };
    await round();
    answer = new HostError(503, 'busy', '');
    await round();
    expect(laid).toEqual(['one']);
    state.link.asOf = 86_400_000;
    await round();
    expect(laid).toEqual(['one', null]);
    expect(asked.at(-1)).toEqual({ limit: 5, as_of: '1970-01-02T00:00:00.000Z' });
    // Nobody has to ask for it again.
    answer = 'two';
    await later(70_000);
    expect(laid).toEqual(['one', null, 'two']);
    board.built = false;
    const before = asked.length;
    await round();
    expect(asked).toHaveLength(before);
    rounds.end();
  });
});

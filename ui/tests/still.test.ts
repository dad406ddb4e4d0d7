/** A browser without WebGL: what is shown and said when a picture comes, and when the next one does not. */
import { createApp, nextTick, ref, shallowRef, type App as VueApp } from 'vue';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HostError } from '@/host';
import { i18n } from '@/locale';
import { appKey, type App } from '@/state/app';
import { news } from '@/state/news';
import { initialView } from '@/state/view';
import { emptyState } from '@/state/wall';
import WallMap from '@/wall/WallMap.vue';

vi.mock('@/map/stage', () => ({ hasWebgl: () => false }));
vi.mock('@/map/wall-map', () => ({ openMap: () => Promise.reject(new Error('no map is opened without WebGL')) }));

describe('a still picture in place of the map', () => {
  let app: VueApp | null = null;
  let asked = 0;
  const realNow = ref(0);

  /** A wall whose server gives these answers, one after the other, and the last one again and again. */
  function open(answers: (Uint8Array | Error)[]): HTMLElement {
    asked = 0;
    const state = emptyState();
    const host = {
      getBytes: () => {
        const answer = answers[Math.min(asked, answers.length - 1)];
        asked += 1;
        return answer instanceof Uint8Array ? Promise.resolve({ bytes: answer, headers: new Headers() }) : Promise.reject(answer);
      },
    };
    const view = initialView('');
    const shared = {
      host,
      feed: { state, now: ref(0), realNow, news: news() },
      viewer: { view, map: shallowRef(null), base: { px: 16 }, comparison: ref(null) },
      session: { state: { view: null } },
    } as unknown as App;
    const root = document.createElement('div');
    app = createApp(WallMap);
    app.use(i18n);
    app.provide(appKey, shared);
    app.mount(root);
    return root;
  }
  const words = (root: HTMLElement): string => root.querySelector('[data-testid=no-webgl]')?.textContent ?? '';
  const picture = (root: HTMLElement): HTMLImageElement | null => root.querySelector('img.still');
  async function after(ms: number): Promise<void> {
    await vi.advanceTimersByTimeAsync(ms);
    realNow.value = Date.now();
    await nextTick();
  }

  beforeEach(() => {
    vi.useFakeTimers();
    vi.spyOn(Math, 'random').mockReturnValue(0);
    i18n.global.locale.value = 'en';
    vi.stubGlobal('ResizeObserver', class {
      constructor(private readonly told: () => void) {}
      observe(): void {
        this.told();
      }
      readonly disconnect = vi.fn();
    });
    vi.stubGlobal('URL', Object.assign(URL, { createObjectURL: () => 'blob:picture', revokeObjectURL: vi.fn() }));
  });
  afterEach(() => {
    app?.unmount();
    vi.useRealTimers();
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });

  it('stays with its age when the next one does not come, and the reason is the link, not the device', async () => {
    const root = open([new Uint8Array([1]), new HostError(0, 'unreachable', 'gone')]);
    await after(400);
    expect(picture(root)?.src).toBe('blob:picture');
    expect(words(root)).toContain('WebGL');
    await after(5_000);
    expect(asked).toBe(2);
    await after(60_000);
    expect(picture(root)?.src, 'the last picture stays').toBe('blob:picture');
    expect(picture(root)?.style.display).not.toBe('none');
    expect(words(root)).toContain('1 min ago');
    expect(words(root)).toContain('the service does not answer');
    expect(words(root)).not.toContain('WebGL');
  });

  it('is not there yet: it is said why, and it is asked for when the server says', async () => {
    const root = open([new HostError(503, 'not_drawn', 'no adapter', 30), new Uint8Array([1])]);
    await after(400);
    expect(picture(root)).toBeNull();
    expect(words(root)).toContain('cannot draw it');
    await after(29_000);
    expect(asked).toBe(1);
    await after(1_500);
    expect(asked).toBe(2);
    expect(picture(root)?.src).toBe('blob:picture');
  });
});

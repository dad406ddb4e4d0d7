/** The program's own picture of the map, for a browser that cannot draw one: of the scene and the time that are shown, taken anew every few seconds. */
import { onBeforeUnmount, ref, watch, type Ref } from 'vue';
import type { Query } from '@/host';
import { Rounds } from '@/map/wall/rounds';
import { useFeed, useHost, useSession, useView } from '@/state/app';
import { timeAsked } from '@/state/wall';

/** How often it is taken anew. */
const roundMs = 5000;
/** Changes that come together make one picture. */
const pauseMs = 300;
/** Largest picture there is, pixels. */
const most = { width: 3840, height: 2160 };

/** A picture that stands in for the map. */
export interface Still {
  /** Where it is; empty = there is none yet. */
  src: Ref<string>;
  /** What it was asked for. */
  of: Ref<Query>;
  /** Why the last one that was asked for did not come; `null` = it did. The picture that is there stays. */
  failure: Ref<unknown>;
  /** When the picture that is there came, by this machine's clock, ms; 0 = there is none. */
  takenAt: Ref<number>;
  /** It is of another scene or time than is asked for, until the next one is there. */
  stale: Ref<boolean>;
  /** Takes pictures as large as an element from now on. */
  begin(room: HTMLElement): void;
}

/** Takes pictures by the right of whoever is signed in, once it is begun. */
export function useStill(): Still {
  const host = useHost();
  const { state } = useFeed();
  const { view } = useView();
  const session = useSession();
  const [src, of, failure, takenAt, stale] = [ref(''), ref<Query>({}), ref<unknown>(null), ref(0), ref(false)];
  let room: HTMLElement | null = null;
  let taking = false;
  const rounds = new Rounds(() => void take(), () => room !== null);
  const sized = new ResizeObserver(() => rounds.after(pauseMs));

  function query({ clientWidth, clientHeight }: HTMLElement): Query {
    // One measure for both sides: a wide wall gets a coarser picture, not one of another shape.
    const scale = Math.min(devicePixelRatio, most.width / clientWidth, most.height / clientHeight);
    const pixels = (size: number): number => Math.max(64, Math.round(size * scale));
    // A comparison has no picture of its own: the open tickets stand in for it.
    return { scene: view.mode === 'compare' ? 'open' : view.mode, bare: 1, width: pixels(clientWidth), height: pixels(clientHeight), ...timeAsked(state.link) };
  }
  async function take(): Promise<void> {
    // However slow a picture is, the next one waits for it.
    if (!room || taking) return;
    const wanted = (): string => JSON.stringify([query(room as HTMLElement), session.state.view?.name]);
    const [asked, before] = [query(room), wanted()];
    taking = true;
    try {
      const { bytes } = await host.getBytes('api/v1/still.png', asked);
      URL.revokeObjectURL(src.value);
      src.value = URL.createObjectURL(new Blob([new Uint8Array(bytes)], { type: 'image/png' }));
      of.value = asked;
      takenAt.value = Date.now();
      failure.value = null;
      stale.value = wanted() !== before;
      rounds.again.over();
      rounds.after(stale.value ? pauseMs : roundMs);
    } catch (error) {
      failure.value = error;
      rounds.again.failed(error);
    } finally {
      taking = false;
    }
  }

  watch(
    () => [view.mode, state.link.asOf, state.link.byThen, session.state.view?.name],
    () => {
      stale.value = src.value !== '';
      rounds.after(pauseMs);
    },
  );
  onBeforeUnmount(() => {
    room = null;
    rounds.end();
    sized.disconnect();
    URL.revokeObjectURL(src.value);
  });
  return {
    src,
    of,
    failure,
    takenAt,
    stale,
    begin(element) {
      room = element;
      // Told of its size at once, and again when panels come and go around it.
      sized.observe(element);
    },
  };
}

/**
 * Keeps the state true: snapshot, then frames; a snapshot again after a gap or a lost link, with growing pauses.
 * While another time is shown the link stays up, but frames only move the clock of the link, not the picture.
 */
import { HostError, type Host } from '@/host';
import type { Frame, Level, Snapshot, WallInfo } from '@/wire/wire';
import { applyFrame, applySnapshot, judgeFrame, type FrameChange } from './tables';
import { timeAsked, type AreaCollection, type WallState } from './wall';

/** Pauses between attempts: doubling, with a ceiling. */
export function pauseMs(attempt: number): number {
  return Math.min(30_000, 500 * 2 ** Math.min(attempt, 10));
}

/** The host speaks every two seconds, whatever happens: silent for so long, the picture is not called live any more … */
const silentMs = 7_000;
/** … and after so long it is asked whether anybody is there, and the stream is opened anew. */
const deadMs = 10_000;

const levels: Level[] = ['cell', 'community', 'street'];

/** The running link. */
export interface Link {
  start(): void;
  stop(): void;
  /** Shows another time; `null` returns to now. */
  showTime(asOfMs: number | null): Promise<void>;
  /** Shows the time that is shown by what was known then, or by what is known now; of now both are the same. */
  showKnown(byThen: boolean): Promise<void>;
  /** Tries again at once. */
  retry(): void;
}

/**
 * Connects a state to a host. `onChange(null)` means that everything changed; `onReplaced` that another store answers, so
 * that what was chosen means nothing any more.
 */
export function openFeed(host: Host, state: WallState, onChange: (change: FrameChange | null) => void, onReplaced: () => void = () => undefined): Link {
  let unsubscribe: (() => void) | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let watch: ReturnType<typeof setInterval> | undefined;
  let stopped = false;
  /** Answers of an older generation are thrown away. */
  let generation = 0;
  let question: AbortController | null = null;
  /** When the stream was last opened anew for its silence. */
  let reopenedAt = 0;

  async function load(asOfMs: number | null, signal: AbortSignal): Promise<void> {
    const time = timeAsked({ asOf: asOfMs, byThen: state.link.byThen });
    const [info, snapshot, ...areas] = await Promise.all([
      host.get<WallInfo>('api/v1/wall', { ...time }, signal),
      host.get<Snapshot>('api/v1/snapshot', { ...time }, signal),
      ...levels.map((level) => host.get<AreaCollection>('api/v1/areas', { level, ...time }, signal)),
    ]);
    signal.throwIfAborted();
    const known = state.info.value;
    // Revisions only grow: a smaller one is a store that was put back, and its ids may mean other things.
    if (known !== null && (known.store !== info.store || snapshot.revision < state.link.revision)) {
      state.link.replaced = true;
      onReplaced();
    }
    state.info.value = info;
    levels.forEach((level, i) => {
      state.areas[level].value = areas[i] ?? null;
    });
    applySnapshot(state, snapshot);
    state.link.problem = null;
    state.link.askedAt = 0;
    onChange(null);
  }

  function ask(): AbortController {
    question?.abort();
    question = new AbortController();
    state.link.askedAt = Date.now();
    return question;
  }

  async function connect(): Promise<void> {
    clearTimeout(timer);
    unsubscribe?.();
    unsubscribe = null;
    const mine = (generation += 1);
    try {
      await load(null, ask().signal);
    } catch (error) {
      if (mine === generation) lost(error);
      return;
    }
    if (mine !== generation || stopped) return;
    state.link.connection = 'live';
    state.link.attempt = 0;
    listen(mine);
  }

  /** Follows the frames after the revision that is shown. */
  function listen(mine: number): void {
    unsubscribe?.();
    unsubscribe = host.subscribe(
      state.link.revision,
      (frame) => {
        if (mine === generation) heard(frame);
      },
      (stream, cause) => {
        if (mine === generation && stream === 'lost') lost(cause instanceof HostError ? cause : new HostError(0, 'unreachable', 'stream'));
      },
    );
  }

  function heard(frame: Frame): void {
    state.link.heardAt = Date.now();
    state.link.silent = false;
    if (state.link.asOf !== null) return;
    const verdict = judgeFrame(state.link.revision, frame);
    if (verdict === 'skip') return;
    if (verdict === 'gap') {
      void connect();
      return;
    }
    onChange(applyFrame(state, frame));
    if (frame.reload) void reload();
  }

  /** Areas, owners or the plan changed: asks for them again and keeps the moving state. */
  async function reload(): Promise<void> {
    try {
      const [info, ...areas] = await Promise.all([
        host.get<WallInfo>('api/v1/wall'),
        ...levels.map((level) => host.get<AreaCollection>('api/v1/areas', { level })),
      ]);
      if (state.link.asOf !== null) return;
      state.info.value = info;
      levels.forEach((level, i) => {
        state.areas[level].value = areas[i] ?? null;
      });
      onChange(null);
    } catch (error) {
      lost(error);
    }
  }

  function lost(error: unknown): void {
    if (stopped) return;
    unsubscribe?.();
    unsubscribe = null;
    generation += 1;
    state.link.askedAt = 0;
    state.link.problem = error;
    // The account's session is over and the host asks by the page's own right again: no reason to show a lost link.
    if (error instanceof HostError && error.code === 'session_ended') {
      void (state.link.asOf === null ? connect() : resume());
      return;
    }
    if (error instanceof HostError && error.status === 401) {
      state.link.connection = 'sign_in';
    } else {
      state.link.connection = 'lost';
    }
    // Nobody signs in within half a second: a closed door is tried seldom, and a full house when it says.
    const asked = error instanceof HostError ? (error.retryAfterS ?? 0) * 1000 : 0;
    const pause = Math.max(pauseMs(state.link.attempt), asked, state.link.connection === 'sign_in' ? 15_000 : 0);
    state.link.attempt += 1;
    state.link.retryAt = Date.now() + pause;
    clearTimeout(timer);
    timer = setTimeout(() => void (state.link.asOf === null ? connect() : resume()), pause);
  }

  /** While another time is shown: is somebody there again? The picture of that time stays. */
  async function resume(): Promise<void> {
    const asOf = state.link.asOf;
    if (asOf === null) return connect();
    try {
      await load(asOf, ask().signal);
      state.link.connection = 'live';
      state.link.attempt = 0;
    } catch (error) {
      lost(error);
    }
  }

  /**
   * A half-dead link gives no error. A silence is said; a long one is answered by a small question, and where somebody
   * answers that, it is the stream that died on its way: it is opened anew from where it was.
   */
  async function check(): Promise<void> {
    const now = Date.now();
    const silence = now - state.link.heardAt;
    state.link.silent = state.link.connection === 'live' && silence >= silentMs;
    if (!state.link.silent || silence < deadMs || now - reopenedAt < deadMs) return;
    reopenedAt = now;
    const mine = generation;
    try {
      await host.getBytes('healthz');
    } catch (error) {
      if (mine === generation && (!(error instanceof HostError) || error.status === 0 || error.status >= 500)) lost(error);
      return;
    }
    if (mine === generation && !stopped && state.link.silent) listen(mine);
  }

  const link: Link = {
    start() {
      stopped = false;
      void connect();
      watch = setInterval(() => void check(), 1_000);
    },
    stop() {
      stopped = true;
      generation += 1;
      clearTimeout(timer);
      clearInterval(watch);
      unsubscribe?.();
      question?.abort();
    },
    retry() {
      void (state.link.asOf === null ? connect() : resume());
    },
    async showTime(asOfMs) {
      if (asOfMs === null) {
        if (state.link.asOf === null) return;
        // By whose knowledge is asked of each visit to another time anew.
        Object.assign(state.link, { asOf: null, byThen: false, asking: true });
        await connect();
        state.link.asking = false;
        return;
      }
      state.link.asOf = asOfMs;
      state.link.asking = true;
      const mine = ask();
      try {
        await load(asOfMs, mine.signal);
        state.link.asking = false;
      } catch (error) {
        if (mine.signal.aborted) return;
        state.link.asking = false;
        lost(error);
      }
    },
    async showKnown(byThen) {
      if (state.link.asOf === null) return;
      state.link.byThen = byThen;
      await link.showTime(state.link.asOf);
    },
  };
  return link;
}

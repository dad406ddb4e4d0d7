/**
 * Keeps the state true: snapshot, then frames; a snapshot again after a gap or a lost link, with growing pauses.
 * While another time is shown the link stays up, but frames only move the clock of the link, not the picture.
 */
import { HostError, type Host } from '@/host';
import type { Frame, Level } from '@/wire/wire';
import { applyFrame, applySnapshot, judgeFrame, type FrameChange } from './tables';
import { timeAsked, type WallState } from './wall';

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

/** The link of a page: asks, listens, and begins anew. */
class Running {
  private unsubscribe: (() => void) | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private watch: ReturnType<typeof setInterval> | undefined;
  private stopped = false;
  /** Answers of an older generation are thrown away. */
  private generation = 0;
  private question: AbortController | null = null;
  /** When the stream was last opened anew for its silence. */
  private reopenedAt = 0;

  constructor(
    private readonly host: Host,
    private readonly state: WallState,
    private readonly onChange: (change: FrameChange | null) => void,
    private readonly onReplaced: () => void,
  ) {}

  private get link(): WallState['link'] {
    return this.state.link;
  }

  start(): void {
    this.stopped = false;
    void this.connect();
    this.watch = setInterval(() => void this.check(), 1_000);
  }

  stop(): void {
    this.stopped = true;
    this.generation += 1;
    clearTimeout(this.timer);
    clearInterval(this.watch);
    this.unsubscribe?.();
    this.question?.abort();
  }

  retry(): void {
    void (this.link.asOf === null ? this.connect() : this.resume());
  }

  async showTime(asOfMs: number | null): Promise<void> {
    if (asOfMs === null) {
      if (this.link.asOf === null) return;
      // By whose knowledge is asked of each visit to another time anew.
      Object.assign(this.state.link, { asOf: null, byThen: false, asking: true });
      await this.connect();
      this.link.asking = false;
      return;
    }
    this.link.asOf = asOfMs;
    this.link.asking = true;
    const mine = this.ask();
    try {
      await this.load(asOfMs, mine.signal);
      this.link.asking = false;
    } catch (error) {
      if (mine.signal.aborted) return;
      this.link.asking = false;
      this.lost(error);
    }
  }

  async showKnown(byThen: boolean): Promise<void> {
    if (this.link.asOf === null) return;
    this.link.byThen = byThen;
    await this.showTime(this.link.asOf);
  }

  private async load(asOfMs: number | null, signal: AbortSignal): Promise<void> {
    const time = timeAsked({ asOf: asOfMs, byThen: this.link.byThen });
    const [info, snapshot, ...areas] = await Promise.all([
      this.host.get('api/v1/wall', { ...time }, signal),
      this.host.get('api/v1/snapshot', { ...time }, signal),
      ...levels.map((level) => this.host.get('api/v1/areas', { level, ...time }, signal)),
    ]);
    signal.throwIfAborted();
    const known = this.state.info.value;
    // Revisions only grow: a smaller one is a store that was put back, and its ids may mean other things.
    if (known !== null && (known.store !== info.store || snapshot.revision < this.link.revision)) {
      this.link.replaced = true;
      this.onReplaced();
    }
    this.state.info.value = info;
    levels.forEach((level, i) => {
      this.state.areas[level].value = areas[i] ?? null;
    });
    applySnapshot(this.state, snapshot);
    this.link.problem = null;
    this.link.askedAt = 0;
    this.onChange(null);
  }

  private ask(): AbortController {
    this.question?.abort();
    this.question = new AbortController();
    this.link.askedAt = Date.now();
    return this.question;
  }

  private async connect(): Promise<void> {
    clearTimeout(this.timer);
    this.unsubscribe?.();
    this.unsubscribe = null;
    const mine = (this.generation += 1);
    try {
      await this.load(null, this.ask().signal);
    } catch (error) {
      if (mine === this.generation) this.lost(error);
      return;
    }
    if (mine !== this.generation || this.stopped) return;
    this.link.connection = 'live';
    this.link.attempt = 0;
    this.listen(mine);
  }

  /** Follows the frames after the revision that is shown. */
  private listen(mine: number): void {
    this.unsubscribe?.();
    this.unsubscribe = this.host.subscribe(
      this.link.revision,
      (frame) => {
        if (mine === this.generation) this.heard(frame);
      },
      (stream, cause) => {
        if (mine === this.generation && stream === 'lost') this.lost(cause instanceof HostError ? cause : new HostError(0, 'unreachable', 'stream'));
      },
    );
  }

  private heard(frame: Frame): void {
    this.link.heardAt = Date.now();
    this.link.silent = false;
    if (this.link.asOf !== null) return;
    const verdict = judgeFrame(this.link.revision, frame);
    if (verdict === 'skip') return;
    if (verdict === 'gap') {
      void this.connect();
      return;
    }
    this.onChange(applyFrame(this.state, frame));
    if (frame.reload) void this.reload();
  }

  /** Areas, owners or the plan changed: asks for them again and keeps the moving state. */
  private async reload(): Promise<void> {
    try {
      const [info, ...areas] = await Promise.all([
        this.host.get('api/v1/wall'),
        ...levels.map((level) => this.host.get('api/v1/areas', { level })),
      ]);
      if (this.link.asOf !== null) return;
      this.state.info.value = info;
      levels.forEach((level, i) => {
        this.state.areas[level].value = areas[i] ?? null;
      });
      this.onChange(null);
    } catch (error) {
      this.lost(error);
    }
  }

  private lost(error: unknown): void {
    if (this.stopped) return;
    this.unsubscribe?.();
    this.unsubscribe = null;
    this.generation += 1;
    this.link.askedAt = 0;
    this.link.problem = error;
    // The account's session is over and the host asks by the page's own right again: no reason to show a lost link.
    if (error instanceof HostError && error.code === 'session_ended') {
      void (this.link.asOf === null ? this.connect() : this.resume());
      return;
    }
    if (error instanceof HostError && error.status === 401) {
      this.link.connection = 'sign_in';
    } else {
      this.link.connection = 'lost';
    }
    // Nobody signs in within half a second: a closed door is tried seldom, and a full house when it says.
    const asked = error instanceof HostError ? (error.retryAfterS ?? 0) * 1000 : 0;
    const pause = Math.max(pauseMs(this.link.attempt), asked, this.link.connection === 'sign_in' ? 15_000 : 0);
    this.link.attempt += 1;
    this.link.retryAt = Date.now() + pause;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void (this.link.asOf === null ? this.connect() : this.resume()), pause);
  }

  /** While another time is shown: is somebody there again? The picture of that time stays. */
  private async resume(): Promise<void> {
    const asOf = this.link.asOf;
    if (asOf === null) return this.connect();
    try {
      await this.load(asOf, this.ask().signal);
      this.link.connection = 'live';
      this.link.attempt = 0;
    } catch (error) {
      this.lost(error);
    }
  }

  /**
   * A half-dead link gives no error. A silence is said; a long one is answered by a small question, and where somebody
   * answers that, it is the stream that died on its way: it is opened anew from where it was.
   */
  private async check(): Promise<void> {
    const now = Date.now();
    const silence = now - this.link.heardAt;
    this.link.silent = this.link.connection === 'live' && silence >= silentMs;
    if (!this.link.silent || silence < deadMs || now - this.reopenedAt < deadMs) return;
    this.reopenedAt = now;
    const mine = this.generation;
    try {
      await this.host.getBytes('healthz');
    } catch (error) {
      if (mine === this.generation && (!(error instanceof HostError) || error.status === 0 || error.status >= 500)) this.lost(error);
      return;
    }
    if (mine === this.generation && !this.stopped && this.link.silent) this.listen(mine);
  }
}

/**
 * Connects a state to a host. `onChange(null)` means that everything changed; `onReplaced` that another store answers, so
 * that what was chosen means nothing any more.
 */
export function openFeed(host: Host, state: WallState, onChange: (change: FrameChange | null) => void, onReplaced: () => void = () => undefined): Link {
  const running = new Running(host, state, onChange, onReplaced);
  return {
    start: () => running.start(),
    stop: () => running.stop(),
    retry: () => running.retry(),
    showTime: (asOfMs) => running.showTime(asOfMs),
    showKnown: (byThen) => running.showKnown(byThen),
  };
}

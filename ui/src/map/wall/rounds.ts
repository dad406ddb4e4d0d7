/** What lies on the map and is asked for again and again, in the past and the present. */
import type { Host, Query } from '@/host';
import { Again } from '@/state/again';
import { timeAsked } from '@/state/wall';
import type { Board } from './board';

/** When to ask: after what changes the answer, no more often than the machine can take, and again where nobody answered. */
export class Rounds {
  /** What was not answered is asked again, also where no frame comes. */
  readonly again = new Again(() => this.after(0));
  private timer: ReturnType<typeof setTimeout> | undefined;
  private askedAt = 0;

  constructor(
    private readonly ask: () => void,
    private readonly wanted: () => boolean = () => true,
  ) {}

  /** Asks after so many ms, unless it is asked for anew before that. */
  after(ms: number): void {
    clearTimeout(this.timer);
    if (!this.wanted()) return;
    this.timer = setTimeout(() => {
      this.askedAt = performance.now();
      this.ask();
    }, ms);
  }

  /** Asks as soon as so many ms have passed since it was last asked. */
  soon(pauseMs: number): void {
    this.after(Math.max(60, pauseMs - (performance.now() - this.askedAt)));
  }

  end(): void {
    clearTimeout(this.timer);
    this.again.over();
  }
}

/** An answer that is laid on the map as it comes. */
export interface Laid<Answer> {
  ask(host: Host, query: Query, signal: AbortSignal): Promise<Answer>;
  /** What is asked beside the time; `null`: nothing, what lies there stays. */
  query(): Query | null;
  /** Lays an answer on the map; `null`: what lies there is of another time, and there is none of this one. */
  lay(answer: Answer | null): void;
  wanted?(): boolean;
}

/** Keeps an answer on the map up to date. */
export function layRounds<Answer>(board: Board, { ask: askHost, query, lay, wanted }: Laid<Answer>): Rounds {
  const { host, state } = board.shown;
  let question: AbortController | null = null;
  /** Of which time, by whose knowledge, what lies there is; empty = nothing does. */
  let laidOf = '';
  const rounds = new Rounds(() => void ask(), wanted);
  async function ask(): Promise<void> {
    question?.abort();
    const asked = board.built ? query() : null;
    if (asked === null) return;
    const mine = (question = new AbortController());
    const time = timeAsked(state.link);
    const gone = (): boolean => mine.signal.aborted || board.stage.destroyed || !board.built;
    try {
      const answer = await askHost(host, { ...asked, ...time }, mine.signal);
      if (gone()) return;
      laidOf = JSON.stringify(time);
      lay(answer);
      rounds.again.over();
    } catch (error) {
      // The last answer stays; the link's own watch says that the host is gone. One of another time would be taken for one
      // of this.
      if (gone()) return;
      rounds.again.failed(error);
      if (laidOf === JSON.stringify(time)) return;
      lay(null);
    }
  }
  return rounds;
}

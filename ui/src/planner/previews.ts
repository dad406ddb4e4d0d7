/** What the edit in hand would do: asked at most once a frame, one question at a time, the last one wins. */
import { HostError, type Host } from '@/host';
import type { EditBody, EditRefusal, EditRequest, EditResult } from '@/wire/wire';
import type { Opened } from './opened';
import { refusalOf } from './state';

/** Waits for the next frame, or a little while where no frames come (a hidden page). */
function nextFrame(): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, 100);
    requestAnimationFrame(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** The previews of the open plan. */
export class Previews {
  /** Previews asked for an edit that was meanwhile done or given up are not shown. */
  private round = 0;
  private wanted: { body: EditBody; tentative: boolean } | null = null;
  private asking = false;

  constructor(
    private readonly host: Host,
    private readonly opened: Opened,
  ) {}

  /** Asks what an edit would do; `tentative`: a refusal is no news. */
  want(body: EditBody, tentative: boolean): void {
    this.wanted = { body, tentative };
    if (!this.asking) void this.ask();
  }

  /** Nothing is in hand any more. */
  end(): void {
    this.hold();
    this.opened.state.preview = null;
  }

  /** Nothing more is asked: the last preview stays in sight until the edit's own answer takes its place. */
  hold(): void {
    this.round += 1;
    this.wanted = null;
  }

  private async ask(): Promise<void> {
    const { state } = this.opened;
    this.asking = true;
    try {
      while (this.wanted && state.opened) {
        const [{ body, tentative }, round, id] = [this.wanted, this.round, state.opened.plan.id];
        this.wanted = null;
        let result: EditResult | null = null;
        let refused: EditRefusal | null = null;
        try {
          result = await this.host.post(`api/v1/plans/${id}/preview`, { edit: body, head: state.head } satisfies EditRequest);
          if (state.problem?.status === 0) state.problem = null;
        } catch (error) {
          refused = refusalOf(error);
          if (!refused && error instanceof HostError) state.problem = error;
        }
        if (round !== this.round) continue;
        state.refusal = tentative ? null : refused;
        // What cannot be done is not shown as if it could: the last possible picture goes.
        state.preview = result;
        await nextFrame();
      }
    } finally {
      this.asking = false;
    }
  }
}

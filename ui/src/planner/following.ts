/** What others change of the open plan: looked for every other second, and taken in. */
import type { Host } from '@/host';
import type { EditResult, PlanSummary } from '@/wire/wire';
import type { Changes } from './changes';
import type { Loading } from './loading';
import type { Opened } from './opened';
import type { Previews } from './previews';
import { refusalOf } from './state';

/** How often it is looked whether somebody else changed the plan. */
const lookMs = 2_000;

/** Follows the open plan. */
export class Following {
  /** The line of the change log up to which the surroundings of the open plan are shown. */
  private seen: number | null = null;

  constructor(
    private readonly host: Host,
    private readonly opened: Opened,
    private readonly previews: Previews,
    private readonly changes: Changes,
    private readonly loading: Loading,
    private readonly plan: () => PlanSummary | null,
  ) {}

  /** Another plan is open. */
  forget(): void {
    this.seen = null;
  }

  /** Looks again and again until the returned function is called. */
  start(): () => void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let ended = false;
    const next = async (): Promise<void> => {
      // The link says by itself that it is lost; the next look comes.
      await this.look().catch(() => undefined);
      if (!ended) timer = setTimeout(() => void next(), lookMs);
    };
    timer = setTimeout(() => void next(), lookMs);
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }

  /** One look whether the open plan, or what stands around it, is another than shown. */
  async look(): Promise<void> {
    const { opened, changes, loading } = this;
    const { state, id } = opened;
    if (id === undefined || changes.broken() || state.busy) return;
    const round = changes.count;
    const stand = await this.host.get(`api/v1/plans/${id}/stand`, { since: this.seen });
    if (opened.id !== id || state.busy || round !== changes.count) return;
    state.others = stand.others;
    const moved = stand.head !== state.head;
    const shown = this.plan();
    const other = stand.status !== shown?.status || stand.approved !== shown.approved;
    if (moved && stand.last !== null && !stand.last.mine) state.latest = stand.last;
    changes.heard(stand);
    if (other || stand.news) await loading.refresh();
    else if (moved) await this.takeChanges(id);
    this.seen = stand.revision;
  }

  /** Takes in what others changed, without the rest of the plan; the whole of it where the difference is not known. */
  private async takeChanges(id: number): Promise<void> {
    const { opened, changes } = this;
    const { state } = opened;
    const [from, round] = [state.head, changes.count];
    let result: EditResult;
    try {
      result = await this.host.get(`api/v1/plans/${id}/changes`, { since: from ?? 0 });
    } catch (error) {
      if (!refusalOf(error)) throw error;
      await this.loading.refresh();
      return;
    }
    if (opened.id !== id || state.busy || round !== changes.count || state.head !== from) return;
    this.previews.end();
    opened.merge(result);
  }
}

/** Edits that are stored: one at a time, none twice, and none over somebody else's without a word. */
import { HostError, type Host } from '@/host';
import type { EditRequest, EditResult, LastEdit, PlanGotoRequest, PlanStand } from '@/wire/wire';
import type { Opened } from './opened';
import type { Previews } from './previews';

/** Refusals that say: the page shows what is no more. */
const stale: ReadonlySet<string> = new Set(['head_moved', 'not_a_draft', 'wrong_status']);

/** The changes of the open plan. */
export class Changes {
  /** How many were sent: answers to questions asked before one are of a state that may be gone. */
  count = 0;
  /** A change whose answer never came: it may be stored. */
  private unsure: { head: number | null; undone: readonly number[] } | null = null;

  /** `broken`: why nothing can be sent now, if so. `refresh`: asks for the whole plan anew. */
  constructor(
    private readonly host: Host,
    private readonly opened: Opened,
    private readonly previews: Previews,
    readonly broken: () => HostError | null,
    private readonly refresh: () => Promise<void>,
  ) {}

  /** Another plan is open: what is not known of the last one does not matter any more. */
  forget(): void {
    this.unsure = null;
  }

  /** Whether the edit the plan stands on is the change whose answer never came: nobody was faster, and it is not one undone before. */
  private landed(last: LastEdit | null): boolean {
    return this.unsure !== null && last !== null && last.mine && last.parent === this.unsure.head && !this.unsure.undone.includes(last.id);
  }

  /** The answer was lost, the edit was not. */
  private settle(): void {
    const { state } = this.opened;
    state.settled += 1;
    state.problem = null;
  }

  private async lastEdit(id: number): Promise<LastEdit | null> {
    try {
      return (await this.host.get(`api/v1/plans/${id}/stand`)).last;
    } catch {
      // Who it was is a courtesy; that it happened is said all the same.
      return null;
    }
  }

  /** The stand of the plan is told: is it that of the change whose answer never came? */
  heard(stand: Pick<PlanStand, 'head' | 'last'>): void {
    if (this.landed(stand.last)) this.settle();
    // Asked for whether the picture has it already or not: a loading between the two may have brought it. What the server
    // does not have yet may still be on its way to it.
    if (this.unsure !== null && stand.head !== this.unsure.head) this.unsure = null;
  }

  /** Sends a change; answers whether it was done. */
  async send(path: 'edits' | 'undo' | 'redo' | 'goto', body: EditRequest | PlanGotoRequest): Promise<boolean> {
    const { opened, previews } = this;
    const { state, id } = opened;
    // One change at a time: the next one must stand on the head that this one makes.
    if (id === undefined || state.busy) return false;
    state.refusal = null;
    // Nothing is sent into a lost link: what is in hand waits there.
    const trouble = this.broken();
    if (trouble) {
      state.problem = trouble;
      return false;
    }
    state.busy = true;
    previews.hold();
    this.count += 1;
    const before = { head: state.head, undone: [...state.redo] };
    try {
      // In doubt whether the last one was stored, that is asked first: else it would be done twice.
      if (this.unsure !== null && this.landed(await this.lastEdit(id))) {
        this.unsure = null;
        this.settle();
        await this.refresh();
        return false;
      }
      const result = await this.host.post(`api/v1/plans/${id}/${path}`, body);
      if (opened.id === id) this.apply(result);
      state.conflict = null;
      this.unsure = null;
      return true;
    } catch (error) {
      state.preview = null;
      opened.fail(error);
      if (error instanceof HostError && error.status === 0) this.unsure = before;
      return false;
    } finally {
      state.busy = false;
      const { refusal } = opened.state;
      if (refusal && stale.has(refusal.code)) await this.overtaken(id, refusal.code);
    }
  }

  private apply(result: EditResult): void {
    const { state } = this.opened;
    state.refusal = null;
    state.problem = null;
    // Told before the preview goes, so that the map can put the one in place of the other.
    this.opened.merge(result);
    state.preview = null;
  }

  /** Somebody else changed the same plan: what is there now is shown, and who did it is said until it is read. */
  private async overtaken(id: number, code: string): Promise<void> {
    const { state } = this.opened;
    await this.refresh();
    state.refusal = null;
    const last = await this.lastEdit(id);
    // Nobody was faster but the same edit, whose answer was lost.
    if (this.landed(last)) this.settle();
    else state.conflict = { code, last: last?.mine ? null : last };
    this.unsure = null;
  }
}

/** Plans as the service has them: which there are, and the one that is open. */
import type { Host } from '@/host';
import type { Changes } from './changes';
import type { Opened } from './opened';
import type { Previews } from './previews';

/** Loads plans. */
export class Loading {
  /** Plans that were asked for: the last one is opened. */
  private opening = 0;

  constructor(
    private readonly host: Host,
    private readonly opened: Opened,
    private readonly previews: Previews,
    private readonly changes: Changes,
  ) {}

  async plans(): Promise<void> {
    const { opened } = this;
    try {
      opened.state.plans = await this.host.get('api/v1/plans');
      opened.state.listed = true;
      opened.answered();
    } catch (error) {
      opened.fail(error);
    }
  }

  /** Opens a plan; `begin` once it is there and before it is shown. */
  async open(id: number, begin: () => void): Promise<boolean> {
    const { opened } = this;
    const { state } = opened;
    state.busy = true;
    const mine = (this.opening += 1);
    try {
      const answer = await this.host.get(`api/v1/plans/${id}`);
      // Another one was asked for meanwhile.
      if (mine !== this.opening) return false;
      this.previews.end();
      opened.answered();
      begin();
      Object.assign(state, { selection: new Set(), hoverEdge: null, refusal: null, conflict: null, others: [], latest: null });
      state.overlay = null;
      state.outer = false;
      state.tool = 'select';
      opened.take(answer);
      opened.tell(null);
      return true;
    } catch (error) {
      if (mine === this.opening) opened.fail(error);
      return false;
    } finally {
      if (mine === this.opening) state.busy = false;
    }
  }

  /** The open plan anew. */
  async refresh(): Promise<void> {
    const { opened, changes } = this;
    const { state, id } = opened;
    if (id === undefined) return;
    const round = changes.count;
    try {
      const [plans, answer] = await Promise.all([this.host.get('api/v1/plans'), this.host.get(`api/v1/plans/${id}`)]);
      if (opened.id !== id || round !== changes.count) return;
      opened.answered();
      state.plans = plans;
      state.listed = true;
      this.previews.end();
      opened.take(answer);
      opened.tell(null);
    } catch (error) {
      opened.fail(error);
    }
  }

  close(): void {
    const { opened } = this;
    this.previews.end();
    Object.assign(opened.state, { opened: null, cells: new Map(), findings: [], head: null, canUndo: false, redo: [], selection: new Set(), hoverEdge: null, refusal: null, conflict: null, others: [], latest: null, overlay: null, tool: 'select', outer: false });
    opened.tell(null);
  }
}

/** The open plan: how answers reach the state, and who hears of it. */
import { shallowReactive } from 'vue';
import { HostError } from '@/host';
import type { EditResult, PlanState, PlanStuck } from '@/wire/wire';
import { emptyPlanner, overlaid, refusalOf, withFindings, type PlannerState } from './state';

/** What an edit changed, for the map: `null` = everything. */
export type PlanChange = EditResult | null;

/** Whether an answer is the one of a draft that cannot be opened where it stands. */
function isStuck(answer: unknown): answer is PlanStuck {
  return typeof answer === 'object' && answer !== null && Array.isArray((answer as Partial<PlanStuck>).rest);
}

/** The state with the ways in which answers change it. */
export class Opened {
  readonly state: PlannerState = shallowReactive(emptyPlanner());
  private readonly listeners = new Set<(change: PlanChange) => void>();

  tell(change: PlanChange): void {
    for (const told of this.listeners) told(change);
  }

  listen(told: (change: PlanChange) => void): () => void {
    this.listeners.add(told);
    return () => void this.listeners.delete(told);
  }

  /** The open plan's id. */
  get id(): number | undefined {
    return this.state.opened?.plan.id;
  }

  /** Keeps what went wrong where it is shown. */
  fail(error: unknown): void {
    const { state } = this;
    const refused = refusalOf(error);
    if (refused) {
      // The steps so far are there, and a way on: a question for the person, not a page that fails.
      if (refused.code === 'cannot_replay' && error instanceof HostError && isStuck(error.answer)) Object.assign(state, { stuck: error.answer, dialog: 'stuck' });
      else state.refusal = refused;
      return;
    }
    if (error instanceof HostError && error.status === 401) state.denied = 'sign_in';
    else if (error instanceof HostError && error.status === 403) state.denied = 'role';
    else state.problem = error instanceof HostError ? error : new HostError(500, 'program', String(error));
  }

  /** The host answered: whatever was between is over. */
  answered(): void {
    Object.assign(this.state, { problem: null, denied: null });
  }

  /** Shows a plan as it was loaded. */
  take(opened: PlanState): void {
    const { state } = this;
    state.opened = opened;
    state.cells = new Map(opened.cells.map((cell) => [cell.face, cell]));
    state.findings = opened.findings;
    state.head = opened.head;
    state.canUndo = opened.can_undo;
    state.redo = opened.redo;
    state.plans = state.plans.map((plan) => (plan.id === opened.plan.id ? opened.plan : plan));
    state.selection = new Set([...state.selection].filter((face) => state.cells.has(face)));
  }

  /** Lays what changed over what is shown, and tells the map. */
  merge(result: EditResult): void {
    const { state } = this;
    state.cells = overlaid(state.cells, result);
    state.findings = withFindings(state.findings, result.findings);
    state.head = result.head;
    state.canUndo = result.can_undo;
    state.redo = result.redo;
    if ([...state.selection].some((face) => !state.cells.has(face))) state.selection = new Set([...state.selection].filter((face) => state.cells.has(face)));
    this.tell(result);
  }
}

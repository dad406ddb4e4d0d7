/** What the planner knows and shows, and what follows from it without asking anybody. */
import { HostError } from '@/host';
import type { EditRefusal, EditResult, FindingsChange, LastEdit, PlanCell, PlanFindingView, PlanPerson, PlanState, PlanStuck, PlanSummary } from '@/wire/wire';

/** The tools of the map, in the order of the toolbar. */
export const tools = ['select', 'vertex', 'insert', 'delete', 'reshape', 'split', 'merge', 'transfer', 'fill_gap', 'simplify', 'number'] as const;

/** What the pointer and the keys do on the map. */
export type Tool = (typeof tools)[number];

/** The tabs of the right side. */
export const tabs = ['balance', 'findings', 'history', 'owners'] as const;

/** A tab of the right side. */
export type Tab = (typeof tabs)[number];

/** The dialogs over the planner, at most one at a time (`planner/dialogs/*.vue`). */
export type PlannerDialog = 'plans' | 'new_plan' | 'impact' | 'proposals' | 'review' | 'compare' | 'overlay' | 'keys' | 'settings' | 'snapshot' | 'export' | 'stuck' | null;

/** The edge under the pointer or chosen by keys; `null` on a side is ground that is no cell's. */
export interface HoverEdge {
  edge: number;
  left: number | null;
  right: number | null;
}

/** Somebody else was faster: what was refused for it, and who did what. */
export interface Conflict {
  /** head_moved, not_a_draft, wrong_status, owners_changed. */
  code: string;
  last: LastEdit | null;
}

/** Why nothing can be asked: nobody signed in, or somebody who may not plan. */
export type Denied = 'sign_in' | 'role' | null;

/** What the planner knows and shows. */
export interface PlannerState {
  /** All plans, newest first. */
  plans: PlanSummary[];
  /** They were asked for and told at least once: until then that there are none is not known. */
  listed: boolean;
  /** The open plan as it was loaded; of its fields `cells`, `findings`, `head`, `can_undo` and `redo` age: take those below. */
  opened: PlanState | null;
  /** The cells of the open plan by face, as stored. */
  cells: ReadonlyMap<number, PlanCell>;
  findings: PlanFindingView[];
  /** The edit the open plan stands on; `null` = the beginning. */
  head: number | null;
  canUndo: boolean;
  /** Edits that could be done again, the last one undone first. More than one: there are branches. */
  redo: number[];
  /** A request that changes something is under way. */
  busy: boolean;
  /** Why the last edit (or the present preview) is not possible; `null` after the next try. */
  refusal: EditRefusal | null;
  /** Trouble with the host in the last request; `null` after the next one that succeeds. */
  problem: HostError | null;
  denied: Denied;
  /** The draft that was to be opened and cannot be: an edit of its history cannot be done again. */
  stuck: PlanStuck | null;
  /** Somebody else changed the plan under an edit of ours; stays until it is read. */
  conflict: Conflict | null;
  /** Who else has the open plan before them. */
  others: readonly PlanPerson[];
  /** The last edit of somebody else that came in while the plan was open. */
  latest: LastEdit | null;
  /** Counts up when the link is there again: whoever shows a failed question asks it again. */
  returns: number;
  /** Counts up when an edit turned out to be stored although its answer was lost. */
  settled: number;
  /** Faces, in the order in which they were chosen: of a merge the first stays. */
  selection: ReadonlySet<number>;
  tool: Tool;
  /** Whether drawing and dragging may change the outer border. */
  outer: boolean;
  hoverEdge: HoverEdge | null;
  /** What the edit in hand would do; nothing of it is stored. */
  preview: EditResult | null;
  /** Another plan whose borders lie dashed over the open one: its id, or `null`. */
  overlay: number | null;
  tab: Tab;
  dialog: PlannerDialog;
}

/** A planner with nothing before it. */
export function emptyPlanner(): PlannerState {
  return {
    plans: [],
    listed: false,
    opened: null,
    cells: new Map(),
    findings: [],
    head: null,
    canUndo: false,
    redo: [],
    busy: false,
    refusal: null,
    problem: null,
    denied: null,
    stuck: null,
    conflict: null,
    others: [],
    latest: null,
    returns: 0,
    settled: 0,
    selection: new Set(),
    tool: 'select',
    outer: false,
    hoverEdge: null,
    preview: null,
    overlay: null,
    tab: 'balance',
    dialog: null,
  };
}

/** The refusal an error of the host carries, if it is one. */
export function refusalOf(error: unknown): EditRefusal | null {
  if (!(error instanceof HostError) || error.status !== 422) return null;
  const answer = error.answer as Partial<EditRefusal> | null;
  return { code: error.code, message: error.message, lon: answer?.lon ?? null, lat: answer?.lat ?? null, faces: answer?.faces ?? [] };
}

/** Cells with those of an edit's result laid over. */
export function overlaid(cells: ReadonlyMap<number, PlanCell>, result: Pick<EditResult, 'changed' | 'removed'> | null): ReadonlyMap<number, PlanCell> {
  if (!result) return cells;
  const all = new Map(cells);
  for (const face of result.removed) all.delete(face);
  for (const cell of result.changed) all.set(cell.face, cell);
  return all;
}

/** Findings after an edit: those about the cells it looked at are replaced, those about the whole plan if it says so. */
export function withFindings(findings: readonly PlanFindingView[], change: FindingsChange): PlanFindingView[] {
  const looked = new Set(change.looked_at);
  const stays = (one: PlanFindingView): boolean => (one.scope === 'plan' ? change.plan === null : one.scope !== 'cells' || !one.faces.some((face) => looked.has(face)));
  return [...(change.plan ?? []), ...findings.filter(stays), ...change.cells];
}

/** The plan in force of a network: the service says which. */
export function planInForce(plans: readonly PlanSummary[], network: string): PlanSummary | null {
  return plans.find((plan) => plan.network === network && plan.in_force) ?? null;
}

/** The published plan of a network that takes effect next. */
export function planScheduled(plans: readonly PlanSummary[], network: string, nowMs: number): PlanSummary | null {
  const coming = plans.filter((plan) => plan.network === network && plan.status === 'published' && !plan.in_force && (plan.effective_from_ms ?? 0) > nowMs);
  return coming.sort((a, b) => (a.effective_from_ms ?? 0) - (b.effective_from_ms ?? 0))[0] ?? null;
}

/**
 * The planner of the page: which plans there are, which one is open, what is selected, what an edit would do, and what can be
 * done. Map, panels and dialogs share this one object; nobody else speaks with the planner's routes about the open plan.
 *
 * - `openPlanner` makes it; `PlannerPage` provides it; components take it with `usePlanner()`.
 * - `planner.state` is shallowly reactive: its fields are replaced, never changed in place (`state.cells` is a new map after
 *   each edit, `state.selection` a new set after each choice). Read the fields where they are used, do not take them apart.
 * - While something is dragged, `state.preview` holds what it would do, and `planner.shown` the cells with those figures laid
 *   over: a panel that should move with the drag reads `shown`, one that speaks of what is stored reads `state.cells`.
 * - Everything that is stored goes through `edit`, `undo`, `redo`, `goto`; they answer whether it was done. A refusal is kept
 *   in `state.refusal` (the map marks its place, `RefusalNote` says its words), trouble with the host in `state.problem`. That
 *   somebody else was faster is kept in `state.conflict` until it is read: no later answer wipes it.
 * - `follow` looks every other second whether somebody else changed the open plan, and takes in what they changed; the whole
 *   plan only when what stands around it changed, or when the difference is not known any more.
 *   While the link is lost nothing is asked and no edit is sent; `returned` takes up where it was. What is in hand stays.
 * - A draft that cannot be opened where it stands is kept in `state.stuck` until it is left or mended (`StuckDialog`).
 */
import type { FeatureCollection, LineString } from 'geojson';
import { computed, inject, shallowReactive, type ComputedRef, type InjectionKey } from 'vue';
import { HostError, type Host } from '@/host';
import type { EditBody, EditRefusal, EditRequest, EditResult, FindingsChange, PlanCell, PlanFindingView, PlanGotoRequest, PlanHistory, PlanningSettings, PlanPerson, PlanSnapshotRequest, PlanStand, PlanState, PlanStuck, PlanSummary, LastEdit } from '@/wire/wire';

/** The tools of the map, in the order of the toolbar. */
export const tools = ['select', 'vertex', 'insert', 'delete', 'reshape', 'split', 'merge', 'transfer', 'fill_gap', 'simplify', 'number'] as const;

/** What the pointer and the keys do on the map. */
export type Tool = (typeof tools)[number];

/** Refusals that say: the page shows what is no more. */
const stale: ReadonlySet<string> = new Set(['head_moved', 'not_a_draft', 'wrong_status']);

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

/** What an edit changed, for the map: `null` = everything. */
export type PlanChange = EditResult | null;

/** What the map offers to panels. */
export interface PlanMapHandle {
  /** Shows a place close up, with a mark. */
  showPlace(lon: number, lat: number): void;
  /** Shows cells as a whole. */
  showFaces(faces: readonly number[]): void;
  /** Shows the whole plan. */
  fit(animate?: boolean): void;
  /** Moves the picture by a part of its size; zooms in (positive) or out. */
  pan(x: number, y: number): void;
  zoom(step: number): void;
  /** A key press that belongs to the tool in hand; answers whether it was used. */
  key(event: Pick<KeyboardEvent, 'key' | 'shiftKey' | 'altKey'>): boolean;
}

/** The planner. */
export interface Planner {
  host: Host;
  state: PlannerState;
  /** The open plan's summary, the newest known. */
  plan: ComputedRef<PlanSummary | null>;
  /** Whether edits are possible at all. */
  editable: ComputedRef<boolean>;
  /** Why not: published, in_review, retired, role; empty when editable or nothing is open. */
  whyNot: ComputedRef<string>;
  settings: ComputedRef<PlanningSettings | null>;
  /** The cells with what the preview would make of them. */
  shown: ComputedRef<ReadonlyMap<number, PlanCell>>;
  /** The findings with what the preview would make of them. */
  shownFindings: ComputedRef<readonly PlanFindingView[]>;
  /** The plan in force now for the network of the open plan (or the first network). */
  inForce: ComputedRef<PlanSummary | null>;
  /** The next plan that will take effect there. */
  scheduled: ComputedRef<PlanSummary | null>;

  loadPlans(): Promise<void>;
  open(id: number): Promise<boolean>;
  close(): void;
  /** Loads the open plan anew: after a step of its life, after owners or settings changed, or when somebody else edited it. */
  refresh(): Promise<void>;
  /** Watches for what others change until the returned function is called. */
  follow(): () => void;
  /** The link is there again. */
  returned(): Promise<void>;
  /** Does and stores an edit. */
  edit(body: EditBody): Promise<boolean>;
  /**
   * Shows what an edit would do; `null` ends it. Asks at most once a frame, one question at a time, the last one wins.
   * `tentative`: the hand is still on its way, so a refusal is no news and not shown.
   */
  preview(body: EditBody | null, tentative?: boolean): void;
  undo(): Promise<boolean>;
  /** Does again what was undone: the last, or the given one of several branches. */
  redo(id?: number): Promise<boolean>;
  /** Goes to a state of the history; `null` = the beginning. */
  goto(edit: number | null): Promise<boolean>;
  snapshot(name: string): Promise<PlanHistory | null>;
  /** Chooses cells: instead of the chosen ones, or each on top of (or out of) them. */
  select(faces: Iterable<number>, how?: 'only' | 'toggle'): void;
  setTool(tool: Tool): void;
  zoomToFinding(finding: PlanFindingView): void;
  zoomToFace(face: number): void;
  /** Borders of the open plan within a box `[west, south, east, north]`. */
  edges(box: readonly [number, number, number, number], signal?: AbortSignal): Promise<FeatureCollection<LineString, EdgeProperties>>;
  /** Told of every change of the open plan (`null` = everything). Returns how to stop listening. */
  listen(told: (change: PlanChange) => void): () => void;
  /** The map puts itself here. */
  map: PlanMapHandle | null;
}

/** Properties of an edge on the map. */
export interface EdgeProperties {
  edge: number;
  left: number | null;
  right: number | null;
}

/** Where components find the planner. */
export const plannerKey: InjectionKey<Planner> = Symbol('planner');

/** The planner of the page. */
export function usePlanner(): Planner {
  const planner = inject(plannerKey);
  if (!planner) throw new Error('no planner is provided');
  return planner;
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

/** Whether an answer is the one of a draft that cannot be opened where it stands. */
function isStuck(answer: unknown): answer is PlanStuck {
  return typeof answer === 'object' && answer !== null && Array.isArray((answer as Partial<PlanStuck>).rest);
}

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

const kept = new WeakMap<Host, Planner>();

/** The planner of a host: the same one after leaving for the wall and coming back, so that nothing in hand is lost. */
export function plannerOf(host: Host, now: () => number, network: () => string, broken: () => HostError | null): Planner {
  const planner = kept.get(host) ?? openPlanner(host, now, network, broken);
  kept.set(host, planner);
  return planner;
}

/** How often it is looked whether somebody else changed the plan. */
const lookMs = 2_000;

/** Makes a planner. `now` is the wall's time in ms; `network` the one to begin with; `broken`: why nothing can be sent now, if so. */
export function openPlanner(host: Host, now: () => number, network: () => string, broken: () => HostError | null = () => null): Planner {
  const state: PlannerState = shallowReactive({
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
  } satisfies PlannerState);
  const listeners = new Set<(change: PlanChange) => void>();
  const tell = (change: PlanChange): void => {
    for (const told of listeners) told(change);
  };

  /** Keeps what went wrong where it is shown. */
  function fail(error: unknown): void {
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

  /** Changes that were sent: answers to questions asked before one are of a state that may be gone. */
  let changes = 0;
  /** Plans that were asked for: the last one is opened. */
  let opening = 0;
  /** A change whose answer never came: it may be stored. */
  let unsure: { head: number | null; undone: readonly number[] } | null = null;
  /** Whether the edit the plan stands on is the change whose answer never came: nobody was faster, and it is not one undone before. */
  const landed = (last: LastEdit | null): boolean => unsure !== null && last !== null && last.mine && last.parent === unsure.head && !unsure.undone.includes(last.id);
  /** The line of the change log up to which the surroundings of the open plan are shown. */
  let seen: number | null = null;
  const answered = (): void => {
    state.problem = null;
    state.denied = null;
  };

  function take(opened: PlanState): void {
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
  function merge(result: EditResult): void {
    state.cells = overlaid(state.cells, result);
    state.findings = withFindings(state.findings, result.findings);
    state.head = result.head;
    state.canUndo = result.can_undo;
    state.redo = result.redo;
    if ([...state.selection].some((face) => !state.cells.has(face))) state.selection = new Set([...state.selection].filter((face) => state.cells.has(face)));
    tell(result);
  }

  function apply(result: EditResult): void {
    state.refusal = null;
    state.problem = null;
    // Told before the preview goes, so that the map can put the one in place of the other.
    merge(result);
    state.preview = null;
  }

  /** Previews asked for an edit that was meanwhile done or given up are not shown. */
  let previewRound = 0;
  let wanted: { body: EditBody; tentative: boolean } | null = null;
  let asking = false;

  async function askPreviews(): Promise<void> {
    asking = true;
    try {
      while (wanted && state.opened) {
        const [{ body, tentative }, round, id] = [wanted, previewRound, state.opened.plan.id];
        wanted = null;
        let result: EditResult | null = null;
        let refused: EditRefusal | null = null;
        try {
          result = await host.post<EditResult>(`api/v1/plans/${id}/preview`, { edit: body, head: state.head } satisfies EditRequest);
          if (state.problem?.status === 0) state.problem = null;
        } catch (error) {
          refused = refusalOf(error);
          if (!refused && error instanceof HostError) state.problem = error;
        }
        if (round !== previewRound) continue;
        state.refusal = tentative ? null : refused;
        // What cannot be done is not shown as if it could: the last possible picture goes.
        state.preview = result;
        await nextFrame();
      }
    } finally {
      asking = false;
    }
  }

  function endPreview(): void {
    previewRound += 1;
    wanted = null;
    state.preview = null;
  }

  const refused = (): EditRefusal | null => state.refusal;

  async function change(path: string, body: unknown): Promise<boolean> {
    const id = state.opened?.plan.id;
    // One change at a time: the next one must stand on the head that this one makes.
    if (id === undefined || state.busy) return false;
    state.refusal = null;
    // Nothing is sent into a lost link: what is in hand waits there.
    const trouble = broken();
    if (trouble) {
      state.problem = trouble;
      return false;
    }
    state.busy = true;
    // The last preview stays in sight until the answer takes its place.
    previewRound += 1;
    wanted = null;
    changes += 1;
    const before = { head: state.head, undone: [...state.redo] };
    try {
      // In doubt whether the last one was stored, that is asked first: else it would be done twice.
      if (unsure !== null && landed(await lastEdit(id))) {
        unsure = null;
        settle();
        await planner.refresh();
        return false;
      }
      const result = await host.post<EditResult>(`api/v1/plans/${id}/${path}`, body);
      if (state.opened?.plan.id === id) apply(result);
      state.conflict = null;
      unsure = null;
      return true;
    } catch (error) {
      state.preview = null;
      fail(error);
      if (error instanceof HostError && error.status === 0) unsure = before;
      return false;
    } finally {
      state.busy = false;
      // Somebody else changed the same plan: what is there now is shown, and who did it is said until it is read.
      const refusal = refused();
      if (refusal && stale.has(refusal.code)) {
        await planner.refresh();
        state.refusal = null;
        const last = await lastEdit(id);
        // Nobody was faster but the same edit, whose answer was lost.
        if (landed(last)) settle();
        else state.conflict = { code: refusal.code, last: last?.mine ? null : last };
        unsure = null;
      }
    }
  }

  /** The answer was lost, the edit was not. */
  function settle(): void {
    state.settled += 1;
    state.problem = null;
  }

  async function lastEdit(id: number): Promise<LastEdit | null> {
    try {
      return (await host.get<PlanStand>(`api/v1/plans/${id}/stand`)).last;
    } catch {
      // Who it was is a courtesy; that it happened is said all the same.
      return null;
    }
  }

  /** One look whether the open plan, or what stands around it, is another than shown. */
  async function look(): Promise<void> {
    const id = state.opened?.plan.id;
    if (id === undefined || broken() || state.busy) return;
    const round = changes;
    const stand = await host.get<PlanStand>(`api/v1/plans/${id}/stand`, { since: seen });
    if (state.opened?.plan.id !== id || state.busy || round !== changes) return;
    state.others = stand.others;
    const moved = stand.head !== state.head;
    const other = stand.status !== plan.value?.status || stand.approved !== plan.value.approved;
    if (moved && stand.last !== null && !stand.last.mine) state.latest = stand.last;
    if (landed(stand.last)) settle();
    // Asked for whether the picture has it already or not: a loading between the two may have brought it. What the server
    // does not have yet may still be on its way to it.
    if (unsure !== null && stand.head !== unsure.head) unsure = null;
    if (other || stand.news) await planner.refresh();
    else if (moved) await takeChanges(id);
    seen = stand.revision;
  }

  /** Takes in what others changed, without the rest of the plan; the whole of it where the difference is not known. */
  async function takeChanges(id: number): Promise<void> {
    const [from, round] = [state.head, changes];
    let result: EditResult;
    try {
      result = await host.get<EditResult>(`api/v1/plans/${id}/changes`, { since: from ?? 0 });
    } catch (error) {
      if (!refusalOf(error)) throw error;
      await planner.refresh();
      return;
    }
    if (state.opened?.plan.id !== id || state.busy || round !== changes || state.head !== from) return;
    endPreview();
    merge(result);
  }

  const plan = computed(() => state.plans.find((one) => one.id === state.opened?.plan.id) ?? state.opened?.plan ?? null);
  const netKey = computed(() => plan.value?.network ?? network());
  const planner: Planner = {
    host,
    state,
    plan,
    editable: computed(() => state.opened?.editable ?? false),
    whyNot: computed(() => state.opened?.why_not ?? ''),
    settings: computed(() => state.opened?.settings ?? null),
    shown: computed(() => overlaid(state.cells, state.preview)),
    shownFindings: computed(() => (state.preview ? withFindings(state.findings, state.preview.findings) : state.findings)),
    inForce: computed(() => planInForce(state.plans, netKey.value)),
    scheduled: computed(() => planScheduled(state.plans, netKey.value, now())),
    map: null,

    async loadPlans() {
      try {
        state.plans = await host.get<PlanSummary[]>('api/v1/plans');
        state.listed = true;
        answered();
      } catch (error) {
        fail(error);
      }
    },
    async open(id) {
      state.busy = true;
      const mine = (opening += 1);
      try {
        const opened = await host.get<PlanState>(`api/v1/plans/${id}`);
        // Another one was asked for meanwhile.
        if (mine !== opening) return false;
        endPreview();
        answered();
        seen = null;
        unsure = null;
        Object.assign(state, { selection: new Set(), hoverEdge: null, refusal: null, conflict: null, others: [], latest: null });
        state.overlay = null;
        state.outer = false;
        state.tool = 'select';
        take(opened);
        tell(null);
        return true;
      } catch (error) {
        if (mine === opening) fail(error);
        return false;
      } finally {
        if (mine === opening) state.busy = false;
      }
    },
    close() {
      endPreview();
      Object.assign(state, { opened: null, cells: new Map(), findings: [], head: null, canUndo: false, redo: [], selection: new Set(), hoverEdge: null, refusal: null, conflict: null, others: [], latest: null, overlay: null, tool: 'select', outer: false });
      tell(null);
    },
    async refresh() {
      const id = state.opened?.plan.id;
      if (id === undefined) return;
      const round = changes;
      try {
        const [plans, opened] = await Promise.all([host.get<PlanSummary[]>('api/v1/plans'), host.get<PlanState>(`api/v1/plans/${id}`)]);
        if (state.opened?.plan.id !== id || round !== changes) return;
        answered();
        state.plans = plans;
        state.listed = true;
        endPreview();
        take(opened);
        tell(null);
      } catch (error) {
        fail(error);
      }
    },
    follow() {
      let timer: ReturnType<typeof setTimeout> | undefined;
      let ended = false;
      const next = async (): Promise<void> => {
        try {
          await look();
        } catch {
          // The link says by itself that it is lost; the next look comes.
        }
        if (!ended) timer = setTimeout(() => void next(), lookMs);
      };
      timer = setTimeout(() => void next(), lookMs);
      return () => {
        ended = true;
        clearTimeout(timer);
      };
    },
    async returned() {
      await planner.loadPlans();
      try {
        await look();
      } catch {
        // Asked again with the next look.
      }
      if (state.opened) await planner.refresh();
      state.returns += 1;
    },
    edit: (body) => change('edits', { edit: body, head: state.head } satisfies EditRequest),
    preview(body, tentative = false) {
      if (body === null) {
        endPreview();
        return;
      }
      if (!planner.editable.value || state.busy) return;
      wanted = { body, tentative };
      if (!asking) void askPreviews();
    },
    undo: () => change('undo', { edit: null, seen: state.head ?? 0 } satisfies PlanGotoRequest),
    redo: (id) => change('redo', { edit: id ?? null, seen: state.head ?? 0 } satisfies PlanGotoRequest),
    goto: (edit) => change('goto', { edit, seen: state.head ?? 0 } satisfies PlanGotoRequest),
    async snapshot(name) {
      const id = state.opened?.plan.id;
      if (id === undefined) return null;
      state.problem = null;
      try {
        return await host.post<PlanHistory>(`api/v1/plans/${id}/snapshots`, { name } satisfies PlanSnapshotRequest);
      } catch (error) {
        fail(error);
        return null;
      }
    },
    select(faces, how = 'only') {
      const next = new Set(how === 'only' ? [] : state.selection);
      for (const face of faces) {
        if (how === 'toggle' && next.has(face)) next.delete(face);
        else next.add(face);
      }
      state.selection = next;
    },
    setTool(tool) {
      if (state.tool === tool) return;
      endPreview();
      state.refusal = null;
      state.problem = null;
      state.hoverEdge = null;
      state.tool = tool;
    },
    zoomToFinding(finding) {
      // A cell of which nothing is left cannot be chosen.
      const there = finding.faces.filter((face) => state.cells.has(face));
      if (there.length > 0) planner.select(there);
      if (finding.lon !== null && finding.lat !== null) planner.map?.showPlace(finding.lon, finding.lat);
      else planner.map?.showFaces(finding.faces);
    },
    zoomToFace(face) {
      planner.select([face]);
      planner.map?.showFaces([face]);
    },
    edges(box, signal) {
      const id = state.opened?.plan.id ?? 0;
      return host.get(`api/v1/plans/${id}/edges`, { bbox: box.join(',') }, signal);
    },
    listen(told) {
      listeners.add(told);
      return () => void listeners.delete(told);
    },
  };
  return planner;
}

/**
 * The planner of the page: which plans there are, which one is open, what is selected, what an edit would do, and what can be
 * done. Map, panels and dialogs share this one object; nobody else speaks with the planner's routes about the open plan.
 *
 * Its parts: `state` what it knows, `opened` how answers change it, `previews`, `changes`, `loading`, `following`.
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
import { computed, inject, type ComputedRef, type InjectionKey } from 'vue';
import type { Host, HostError } from '@/host';
import type { EditBody, EditRequest, PlanCell, PlanEdgeProperties, PlanFindingView, PlanGotoRequest, PlanHistory, PlanningSettings, PlanSnapshotRequest, PlanSummary } from '@/wire/wire';
import { Changes } from './changes';
import { Following } from './following';
import { Loading } from './loading';
import { Opened, type PlanChange } from './opened';
import { Previews } from './previews';
import { overlaid, planInForce, planScheduled, withFindings, type PlannerState, type Tool } from './state';

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
  edges(box: readonly [number, number, number, number], signal?: AbortSignal): Promise<FeatureCollection<LineString, PlanEdgeProperties>>;
  /** Told of every change of the open plan (`null` = everything). Returns how to stop listening. */
  listen(told: (change: PlanChange) => void): () => void;
  /** The map puts itself here. */
  map: PlanMapHandle | null;
}

/** Where components find the planner. */
export const plannerKey: InjectionKey<Planner> = Symbol('planner');

/** The planner of the page. */
export function usePlanner(): Planner {
  const planner = inject(plannerKey);
  if (!planner) throw new Error('no planner is provided');
  return planner;
}

const kept = new WeakMap<Host, Planner>();

/** The planner of a host: the same one after leaving for the wall and coming back, so that nothing in hand is lost. */
export function plannerOf(host: Host, now: () => number, network: () => string, broken: () => HostError | null): Planner {
  const planner = kept.get(host) ?? openPlanner(host, now, network, broken);
  kept.set(host, planner);
  return planner;
}

/** Makes a planner. `now` is the wall's time in ms; `network` the one to begin with; `broken`: why nothing can be sent now, if so. */
export function openPlanner(host: Host, now: () => number, network: () => string, broken: () => HostError | null = () => null): Planner {
  const opened = new Opened();
  const { state } = opened;
  const plan = computed(() => state.plans.find((one) => one.id === opened.id) ?? state.opened?.plan ?? null);
  const netKey = computed(() => plan.value?.network ?? network());
  const previews = new Previews(host, opened);
  const changes: Changes = new Changes(host, opened, previews, broken, () => loading.refresh());
  const loading = new Loading(host, opened, previews, changes);
  const following = new Following(host, opened, previews, changes, loading, () => plan.value);
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

    loadPlans: () => loading.plans(),
    open: (id) =>
      loading.open(id, () => {
        following.forget();
        changes.forget();
      }),
    close: () => loading.close(),
    refresh: () => loading.refresh(),
    listen: (told) => opened.listen(told),
    follow: () => following.start(),
    async returned() {
      await loading.plans();
      // Where nobody answers, the next look asks again.
      await following.look().catch(() => undefined);
      if (state.opened) await loading.refresh();
      state.returns += 1;
    },
    edit: (body) => changes.send('edits', { edit: body, head: state.head } satisfies EditRequest),
    preview(body, tentative = false) {
      if (body === null) previews.end();
      else if (planner.editable.value && !state.busy) previews.want(body, tentative);
    },
    undo: () => changes.send('undo', { edit: null, seen: state.head ?? 0 } satisfies PlanGotoRequest),
    redo: (id) => changes.send('redo', { edit: id ?? null, seen: state.head ?? 0 } satisfies PlanGotoRequest),
    goto: (edit) => changes.send('goto', { edit, seen: state.head ?? 0 } satisfies PlanGotoRequest),
    async snapshot(name) {
      const { id } = opened;
      if (id === undefined) return null;
      state.problem = null;
      try {
        return await host.post(`api/v1/plans/${id}/snapshots`, { name } satisfies PlanSnapshotRequest);
      } catch (error) {
        opened.fail(error);
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
      previews.end();
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
      const id = opened.id ?? 0;
      return host.get(`api/v1/plans/${id}/edges`, { bbox: box.join(',') }, signal);
    },
  };
  return planner;
}

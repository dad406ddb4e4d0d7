import type { FeatureCollection } from 'geojson';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { HostError, type Host } from '@/host';
import { Edges } from '@/planner/edges';
import { degrees, mercator, moved, thinned, type LonLat } from '@/planner/geo';
import { beginStroke, bodyOf, emptyHand, hintOf, isReady, step, type Grip, type Hand, type HandEvent, type Pointed, type Setting } from '@/planner/hand';
import { press as pressOn } from '@/actions';
import type { Press } from '@/actions/action';
import type { PlannerHere } from '@/actions/planner';
import { openPlanner, type Planner } from '@/planner/session';
import { overlaid, planInForce, planScheduled, refusalOf, tools } from '@/planner/state';
import { chooseSnap, edgeSnap, isTileCut, lineSnap, vertexSnap, type Snap } from '@/planner/snap';
import type { EditResult, PlanCell, PlanState, PlanSummary } from '@/wire/wire';

const press = (viewer: PlannerHere['viewer'], planner: Planner, event: Press, typing: boolean): boolean => pressOn('planner', { viewer, planner }, event, typing);

// Two cells side by side: 1 west, 2 east, with a border of three points between them.
const north: LonLat = [10, 1];
const middle: LonLat = [10.1, 0.5];
const south: LonLat = [10, 0];
const line = (edge: number, left: number | null, right: number | null, coordinates: LonLat[]): FeatureCollection['features'][number] => ({ type: 'Feature', properties: { edge, left, right }, geometry: { type: 'LineString', coordinates } });
const borders = (): FeatureCollection => ({
  type: 'FeatureCollection',
  features: [line(1, 1, 2, [south, middle, north]), line(2, null, 1, [north, [9, 1], [9, 0], south]), line(3, 2, null, [north, [11, 1], [11, 0], south])],
});

describe('geometry of the screen', () => {
  it('goes to Mercator and back', () => {
    for (const place of [[120.6, 31.3], [-71.06, 42.36], [0, 0], [179.9, -60]] as LonLat[]) {
      const [lon, lat] = degrees(mercator(place));
      expect(lon).toBeCloseTo(place[0], 9);
      expect(lat).toBeCloseTo(place[1], 9);
    }
  });
  it('moves by metres on the ground', () => {
    const [lon, lat] = moved([121, 31], 100, 50);
    expect((lon - 121) * 111_320 * Math.cos((31 * Math.PI) / 180)).toBeCloseTo(100, 0);
    expect((lat - 31) * 111_320).toBeCloseTo(50, 0);
  });
  it('thins a stroke but keeps its corners', () => {
    const stroke: LonLat[] = [[0, 0], [0.25, 0.0000001], [0.5, 0], [0.75, 0.0000001], [1, 0], [1, 0.5], [1, 1]];
    expect(thinned(stroke, 1e-6)).toEqual([[0, 0], [1, 0], [1, 1]]);
  });
});

describe('borders', () => {
  let edges: Edges;
  beforeEach(() => {
    edges = new Edges();
    edges.load(borders());
  });
  it('finds the vertex under the pointer, and knows nodes and the outer border', () => {
    expect(edges.vertex(mercator([10.101, 0.5]), 1e-4)).toMatchObject({ at: middle, node: false, outer: false });
    expect(edges.vertex(mercator([10.001, 1]), 1e-4)).toMatchObject({ at: north, node: true, outer: true });
    expect(edges.vertex(mercator([10.5, 0.5]), 1e-4)).toBeNull();
    expect(edges.vertex(mercator([10.101, 0.5]), 1e-4, (at) => at === middle)).toBeNull();
  });
  it('finds the nearest stretch with its ends and sides', () => {
    const hit = edges.segment(mercator([10.05, 0.2501]), 1e-3);
    expect(hit).toMatchObject({ a: south, b: middle, outer: false });
    expect(hit?.edge).toMatchObject({ left: 1, right: 2 });
    expect(edges.segment(mercator([9, 0.5]), 1e-4)?.outer).toBe(true);
  });
  it('replaces the edges beside changed cells, and those alone', () => {
    edges.replace([2], { type: 'FeatureCollection', features: [line(7, 1, 2, [south, [10.2, 0.5], north]), line(8, 2, null, [north, [11, 1], [11, 0], south])] });
    expect([...edges.values()].map((edge) => edge.id).sort()).toEqual([2, 7, 8]);
    expect(edges.vertex(mercator(middle), 1e-5)).toBeNull();
    expect(edges.isNode(north)).toBe(true);
  });
  it('a ring that meets nothing has no node', () => {
    edges.load({ type: 'FeatureCollection', features: [line(1, 5, 6, [[0, 0], [1, 0], [1, 1], [0, 0]])] });
    expect(edges.isNode([0, 0])).toBe(false);
  });
  it('lists each vertex of the view once', () => {
    const [nw, se] = [mercator([9.5, 1.5]), mercator([10.5, -0.5])];
    const found = edges.inside([nw.x, nw.y, se.x, se.y], 100);
    expect(found.map((v) => v.at)).toEqual([south, middle, north]);
    expect(found.map((v) => v.outer)).toEqual([true, false, true]);
    expect(edges.inside([nw.x, nw.y, se.x, se.y], 2)).toHaveLength(2);
  });
});

describe('snapping', () => {
  const at = (kind: Snap['kind'], distance: number): Snap => ({ kind, at: [0, 0], distance, outer: false, segment: null, faces: [] });
  it('prefers a vertex to the border it lies on, but not one that is far', () => {
    expect(chooseSnap([at('vertex', 4), at('edge', 1)], 10)?.kind).toBe('vertex');
    expect(chooseSnap([at('vertex', 9), at('edge', 1)], 10)?.kind).toBe('edge');
  });
  it('prefers borders to streets and water at the same distance', () => {
    expect(chooseSnap([at('water', 3), at('road', 3), at('street', 3), at('edge', 3)], 10)?.kind).toBe('edge');
  });
  it('takes nothing beyond reach', () => {
    expect(chooseSnap([at('vertex', 11), null], 10)).toBeNull();
  });
  it('finds the place on a line', () => {
    const snap = lineSnap('road', mercator([0.5, 0.001]), [[[0, 0], [1, 0]]], 1e-4);
    expect(snap?.at[0]).toBeCloseTo(0.5, 6);
    expect(snap?.at[1]).toBe(0);
    expect(lineSnap('road', mercator([0.5, 0.1]), [[[0, 0], [1, 0]]], 1e-5)).toBeNull();
  });
  it('tells the cuts of tiles from shores', () => {
    expect(isTileCut([1, 2], [1, 3])).toBe(true);
    expect(isTileCut([1, 2], [1.1, 3])).toBe(false);
  });
});

// ---- the hand -------------------------------------------------------------------------------------------------------
const setting = (change: Partial<Setting>): Setting => ({ tool: 'select', outer: false, selection: [], toleranceM: 3, numberAll: false, ...change });
const free = (at: LonLat, face: number | null = null): Pointed => ({ at, face, snap: null });
const edges = new Edges();
edges.load(borders());
const onEdge = (at: LonLat, face: number | null = null): Pointed => {
  const snap = edgeSnap(edges.segment(mercator(at), 1e-3));
  return { at: snap?.at ?? at, face, snap };
};
const onVertex = (at: LonLat): Pointed => ({ at, face: 1, snap: vertexSnap(edges.vertex(mercator(at), 1e-4)) });
function run(events: HandEvent[], its: Setting, from: Hand = emptyHand): ReturnType<typeof step> {
  return events.reduce((last, event) => step(last.hand, event, its), { hand: from, used: false } as ReturnType<typeof step>);
}

describe('moving a vertex', () => {
  const its = setting({ tool: 'vertex' });
  it('is asked about while it is dragged and stored when it is dropped', () => {
    const held = run([{ kind: 'press', at: onVertex(middle) }, { kind: 'move', at: free([10.2, 0.6]) }], its);
    expect(held.commit).toBeUndefined();
    expect(bodyOf(held.hand, its)).toEqual({ kind: 'move_vertex', from: middle, to: [10.2, 0.6], outer: false });
    const dropped = step(held.hand, { kind: 'release', at: free([10.2, 0.6]), moved: true }, its);
    expect(dropped.commit).toEqual({ kind: 'move_vertex', from: middle, to: [10.2, 0.6], outer: false });
  });
  it('goes back on Escape', () => {
    const held = run([{ kind: 'press', at: onVertex(middle) }, { kind: 'move', at: free([10.2, 0.6]) }, { kind: 'back' }], its);
    expect(bodyOf(held.hand, its)).toBeNull();
    expect(held.hand).toMatchObject({ dragging: false, to: null });
    expect(step(held.hand, { kind: 'release', at: free([10.2, 0.6]), moved: true }, its).commit).toBeUndefined();
  });
  it('a press without a move only takes the vertex; arrows move it, Enter stores', () => {
    const taken = run([{ kind: 'press', at: onVertex(middle) }, { kind: 'release', at: onVertex(middle), moved: false }], its);
    expect(taken.commit).toBeUndefined();
    expect(hintOf(taken.hand, its)).toBe('vertexTaken');
    expect(isReady(taken.hand, its)).toBe(false);
    const nudged = run([{ kind: 'nudge', east: 0, north: 10 }, { kind: 'nudge', east: 0, north: -3 }], its, taken.hand);
    expect(isReady(nudged.hand, its)).toBe(true);
    const { commit } = step(nudged.hand, { kind: 'enter' }, its);
    expect(commit).toMatchObject({ kind: 'move_vertex', from: middle });
    expect(((commit as { to: LonLat }).to[1] - 0.5) * 111_320).toBeCloseTo(7, 0);
  });
  it('a stretch pulled out becomes a new vertex; of the outer border only with the switch', () => {
    const pulled = (p: LonLat, outer: boolean): ReturnType<typeof step> => run([{ kind: 'press', at: onEdge(p) }, { kind: 'move', at: free([10.3, 0.2]) }, { kind: 'release', at: free([10.3, 0.2]), moved: true }], setting({ tool: 'vertex', outer }));
    expect(pulled([10.05, 0.25], false).commit).toEqual({ kind: 'insert_vertex', a: south, b: middle, at: [10.3, 0.2] });
    expect(pulled([9, 0.5], false).commit?.kind).toBe('insert_vertex');
    expect(pulled([9, 0.5], true).commit).toMatchObject({ kind: 'batch', edits: [{ kind: 'insert_vertex', a: [9, 1], b: [9, 0] }, { kind: 'move_vertex', to: [10.3, 0.2], outer: true }] });
  });
  it('Delete takes the vertex out', () => {
    const grip: Grip = { at: middle, kind: 'vertex', outer: false, segment: null };
    expect(run([{ kind: 'take', grip }, { kind: 'remove' }], its).commit).toEqual({ kind: 'delete_vertex', at: middle });
  });
});

describe('drawing lines', () => {
  it('a line that comes back to the border is finished', () => {
    const its = setting({ tool: 'reshape' });
    const started = run([{ kind: 'click', at: onEdge([10.05, 0.25]), add: false }, { kind: 'click', at: free([10.4, 0.5]), add: false }], its);
    expect(started.commit).toBeUndefined();
    expect(hintOf(started.hand, its)).toBe('reshapeNext');
    // The cursor on a border counts as the end: that is what is previewed.
    expect(bodyOf(started.hand, its, onEdge([10.05, 0.75]))).toMatchObject({ kind: 'reshape', outer: false });
    expect(bodyOf(started.hand, its, free([10.3, 0.7]))).toMatchObject({ line: [expect.anything(), [10.4, 0.5]] });
    const done = step(started.hand, { kind: 'click', at: onEdge([10.05, 0.75]), add: false }, its);
    expect(done.commit?.kind).toBe('reshape');
    expect((done.commit as { line: LonLat[] }).line).toHaveLength(3);
  });
  it('reshapes the outer border only where the line began on it and the switch is on', () => {
    for (const outer of [false, true]) {
      const its = setting({ tool: 'reshape', outer });
      const done = run([{ kind: 'click', at: onEdge([9, 0.2]), add: false }, { kind: 'click', at: free([8.8, 0.5]), add: false }, { kind: 'click', at: onEdge([9, 0.8]), add: false }], its);
      expect(done.commit).toMatchObject({ kind: 'reshape', outer });
    }
  });
  it('Backspace takes a point away, Escape too, until nothing is left to give back', () => {
    const its = setting({ tool: 'reshape' });
    const drawn = run([{ kind: 'click', at: onEdge([10.05, 0.25]), add: false }, { kind: 'click', at: free([10.4, 0.5]), add: false }, { kind: 'remove' }], its);
    expect(drawn.hand.points).toHaveLength(1);
    const none = step(drawn.hand, { kind: 'back' }, its);
    expect(none.hand.points).toHaveLength(0);
    expect(step(none.hand, { kind: 'back' }, its).used).toBe(false);
  });
  it('splitting asks for the cell first, and ends on that cell alone', () => {
    const its = setting({ tool: 'split' });
    const chosen = step(emptyHand, { kind: 'click', at: free([9.5, 0.5], 1), add: false }, its);
    expect(chosen.select).toEqual({ faces: [1], how: 'only' });
    const one = setting({ tool: 'split', selection: [1] });
    const other = step(chosen.hand, { kind: 'click', at: free([10.6, 0.5], 2), add: false }, one);
    expect(other.hand.target).toBe(2);
    const done = run([{ kind: 'click', at: onEdge([9.5, 1]), add: false }, { kind: 'click', at: free([9.5, 0.5], 1), add: false }, { kind: 'click', at: onEdge([9.5, 0]), add: false }], one, chosen.hand);
    expect(done.commit).toMatchObject({ kind: 'split', face: 1 });
    const elsewhere = run([{ kind: 'click', at: onEdge([9.5, 1]), add: false }, { kind: 'click', at: onEdge([10.6, 0]), add: false }], one, chosen.hand);
    expect(elsewhere.commit).toBeUndefined();
  });
  it('a free stroke is a line too', () => {
    const its = setting({ tool: 'reshape' });
    const begun = beginStroke(emptyHand, onEdge([10.05, 0.25]), its);
    const done = run([{ kind: 'move', at: free([10.2, 0.4]) }, { kind: 'move', at: free([10.2, 0.6]) }, { kind: 'release', at: onEdge([10.05, 0.75]), moved: true }], its, begun.hand);
    expect(done.commit).toMatchObject({ kind: 'reshape' });
    expect(beginStroke(emptyHand, free([0, 0]), setting({ tool: 'merge' })).used).toBe(false);
  });
});

describe('giving an area', () => {
  const lasso: HandEvent[] = [{ kind: 'move', at: free([10.3, 0.4]) }, { kind: 'move', at: free([10.3, 0.6]) }, { kind: 'release', at: free([10, 0.6]), moved: true }];
  it('waits for who gets it, and stores when confirmed', () => {
    const its = setting({ tool: 'transfer' });
    const drawn = run(lasso, its, beginStroke(emptyHand, free([10, 0.4]), its).hand);
    expect(drawn.hand.closed).toBe(true);
    expect(hintOf(drawn.hand, its)).toBe('transferTo');
    expect(isReady(drawn.hand, its)).toBe(false);
    const given = step(drawn.hand, { kind: 'click', at: free([9.5, 0.5], 1), add: false }, its);
    expect(given.commit).toBeUndefined();
    expect(bodyOf(given.hand, its)).toMatchObject({ kind: 'transfer', to: 1 });
    expect(step(given.hand, { kind: 'click', at: free([9.5, 0.5], 1), add: false }, its).commit).toMatchObject({ kind: 'transfer', to: 1 });
    expect(step(given.hand, { kind: 'click', at: free([10.6, 0.5], 2), add: false }, its).hand.target).toBe(2);
    expect(step(given.hand, { kind: 'enter' }, its).commit).toMatchObject({ kind: 'transfer', to: 1 });
  });
  it('goes to the chosen cell when there is one', () => {
    const its = setting({ tool: 'transfer', selection: [2] });
    const drawn = run(lasso, its, beginStroke(emptyHand, free([10, 0.4]), its).hand);
    expect(isReady(drawn.hand, its)).toBe(true);
    expect(bodyOf(drawn.hand, its)).toMatchObject({ to: 2 });
  });
  it('fills a gap after gap and cell were pointed at', () => {
    const its = setting({ tool: 'fill_gap' });
    expect(step(emptyHand, { kind: 'click', at: free([9.5, 0.5], 1), add: false }, its).used).toBe(false);
    const done = run([{ kind: 'click', at: free([12, 0.5]), add: false }, { kind: 'click', at: free([10.5, 0.5], 2), add: false }, { kind: 'enter' }], its);
    expect(done.commit).toEqual({ kind: 'fill_gap', at: [12, 0.5], to: 2 });
  });
});

describe('tools without a line', () => {
  it('merging keeps the first chosen', () => {
    expect(step(emptyHand, { kind: 'enter' }, setting({ tool: 'merge', selection: [4, 2, 3] })).commit).toEqual({ kind: 'merge', into: 4, from: [2, 3] });
    expect(step(emptyHand, { kind: 'enter' }, setting({ tool: 'merge', selection: [4] })).commit).toBeUndefined();
    expect(step(emptyHand, { kind: 'click', at: free([9.5, 0.5], 1), add: false }, setting({ tool: 'merge' })).select).toEqual({ faces: [1], how: 'toggle' });
  });
  it('vertices are put in on borders and taken out at vertices', () => {
    expect(step(emptyHand, { kind: 'click', at: onEdge([10.05, 0.25]), add: false }, setting({ tool: 'insert' })).commit).toMatchObject({ kind: 'insert_vertex', a: south, b: middle });
    expect(step(emptyHand, { kind: 'click', at: onVertex(middle), add: false }, setting({ tool: 'insert' })).commit).toBeUndefined();
    expect(step(emptyHand, { kind: 'click', at: onVertex(middle), add: false }, setting({ tool: 'delete' })).commit).toEqual({ kind: 'delete_vertex', at: middle });
  });
  it('simplifying and numbering are ready at once', () => {
    expect(step(emptyHand, { kind: 'enter' }, setting({ tool: 'simplify', selection: [1], toleranceM: 4 })).commit).toEqual({ kind: 'simplify', faces: [1], tolerance_m: 4 });
    expect(step(emptyHand, { kind: 'enter' }, setting({ tool: 'number', numberAll: true })).commit).toEqual({ kind: 'number', all: true });
  });
  it('every tool has a hint', () => {
    for (const tool of tools) expect(hintOf(emptyHand, setting({ tool }))).not.toBe('');
  });
});

// ---- the session ----------------------------------------------------------------------------------------------------
const summary = (id: number, change: Partial<PlanSummary> = {}): PlanSummary => ({ id, network: 'general', name: `P${id}`, status: 'draft', in_force: false, approved: false, effective_from_ms: null, effective_to_ms: null, base_plan: null, author: '', submitted_by: '', reviewed_by: '', people: {}, review_note: '', cells: 2, edits: 0, changed_ms: 0, ...change });
const cell = (face: number, households: number): PlanCell => ({ face, code: `00${face}`, name: '', kind: 'basic', community_code: '', community_name: '', households, households_from: 'buildings', population: null, area_m2: 1, perimeter_m: 1, tickets_90d: [0, 0, 0, 0], open: 0, staff: 0, patrol_m: 0, workload: 0, compactness: 1, parts: 1, holes: 0, band: 'in', owners: [], changed: false, label_lon: face, label_lat: 0, bounds: [face - 1, -1, face + 1, 1] });
const result = (head: number | null, changed: PlanCell[], removed: number[] = []): EditResult => ({ head, changed, removed, cells: { type: 'FeatureCollection', features: [] }, edges: { type: 'FeatureCollection', features: [] }, findings: { looked_at: [...changed.map((one) => one.face), ...removed], cells: [], plan: null }, can_undo: head !== null, redo: [] });
const opened = (): PlanState => ({ plan: summary(2), editable: true, why_not: '', head: 5, can_undo: true, redo: [], cells: [cell(1, 400), cell(2, 350)], findings: [], settings: { band_low: 300, band_high: 500, weights: { household: 1, ticket_by_severity: [], open: 1, area_km2: 1, patrol_km: 1 }, code_sequence_digits: 3, split_policy: 'area', merge_policy: 'into' }, communities: {} });

describe('session', () => {
  const post = vi.fn();
  const get = vi.fn();
  let planner: Planner;
  const move = (lon: number): { kind: 'move_vertex'; from: LonLat; to: LonLat; outer: boolean } => ({ kind: 'move_vertex', from: middle, to: [lon, 0.5], outer: false });
  beforeEach(async () => {
    post.mockReset();
    get.mockReset();
    get.mockImplementation((path: string) => Promise.resolve(path === 'api/v1/plans' ? [summary(2), summary(1, { status: 'published', in_force: true })] : opened()));
    planner = openPlanner({ get, post } as unknown as Host, () => 1000, () => 'general');
    await planner.loadPlans();
    await planner.open(2);
  });

  it('opens a plan', () => {
    expect(planner.state.cells.size).toBe(2);
    expect(planner.editable.value).toBe(true);
    expect(planner.inForce.value?.id).toBe(1);
  });
  it('stores an edit on the head it stands on, and tells the map', async () => {
    post.mockResolvedValue(result(6, [cell(1, 420)], [2]));
    planner.select([1, 2]);
    const told = vi.fn();
    planner.listen(told);
    expect(await planner.edit(move(10.2))).toBe(true);
    expect(post).toHaveBeenCalledWith('api/v1/plans/2/edits', { edit: move(10.2), head: 5 });
    expect([...planner.state.cells.keys()]).toEqual([1]);
    expect([...planner.state.selection]).toEqual([1]);
    expect(planner.state.head).toBe(6);
    expect(told).toHaveBeenCalledOnce();
  });
  it('a refusal leaves everything as it was and says where', async () => {
    post.mockRejectedValue(new HostError(422, 'crosses_border', 'no', null, { code: 'crosses_border', message: 'no', lon: 10, lat: 0.5, faces: [2] }));
    expect(await planner.edit(move(12))).toBe(false);
    expect(planner.state.refusal).toEqual({ code: 'crosses_border', message: 'no', lon: 10, lat: 0.5, faces: [2] });
    expect(planner.state.head).toBe(5);
    expect(planner.state.busy).toBe(false);
  });
  it('somebody else was faster: the plan is loaded anew', async () => {
    post.mockRejectedValue(new HostError(422, 'head_moved', 'moved', null, {}));
    get.mockClear();
    await planner.edit(move(10.2));
    expect(get).toHaveBeenCalledWith('api/v1/plans/2');
    expect(planner.state.refusal).toBeNull();
    expect(planner.state.conflict?.code).toBe('head_moved');
  });
  it('previews one at a time, the last one wins', async () => {
    let answer: (value: EditResult) => void = () => undefined;
    post.mockImplementation(() => new Promise((resolve) => (answer = resolve)));
    planner.preview(move(10.1));
    planner.preview(move(10.2));
    planner.preview(move(10.3));
    expect(post).toHaveBeenCalledTimes(1);
    answer(result(5, [cell(1, 410)]));
    await vi.waitFor(() => expect(post).toHaveBeenCalledTimes(2));
    expect(post.mock.calls[1]?.[1]).toEqual({ edit: move(10.3), head: 5 });
    answer(result(5, [cell(1, 430)]));
    await vi.waitFor(() => expect(planner.shown.value.get(1)?.households).toBe(430));
    expect(planner.state.cells.get(1)?.households).toBe(400);
    planner.preview(null);
    expect(planner.shown.value.get(1)?.households).toBe(400);
  });
  it('a refusal on the way is no news, one of a finished edit is', async () => {
    post.mockRejectedValue(new HostError(422, 'line_misses', 'no', null, {}));
    planner.preview(move(10.1), true);
    await vi.waitFor(() => expect(post).toHaveBeenCalledTimes(1));
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(planner.state.refusal).toBeNull();
    planner.preview(move(10.1));
    await vi.waitFor(() => expect(planner.state.refusal?.code).toBe('line_misses'));
  });
  it('an answer that comes after giving up is not shown', async () => {
    let answer: (value: EditResult) => void = () => undefined;
    post.mockImplementation(() => new Promise((resolve) => (answer = resolve)));
    planner.preview(move(10.1));
    planner.preview(null);
    answer(result(5, [cell(1, 999)]));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(planner.state.preview).toBeNull();
  });
  it('says when nobody may plan', async () => {
    get.mockRejectedValue(new HostError(401, 'unauthorized', ''));
    await planner.loadPlans();
    expect(planner.state.denied).toBe('sign_in');
    get.mockRejectedValue(new HostError(403, 'forbidden', ''));
    await planner.loadPlans();
    expect(planner.state.denied).toBe('role');
  });
  it('knows keys, and leaves them to fields and dialogs', () => {
    const viewer = { view: { dialog: null, page: 'planner' } } as unknown as PlannerHere['viewer'];
    const key = (name: string, more = {}): Press => ({ key: name, shiftKey: false, ctrlKey: false, metaKey: false, altKey: false, ...more });
    expect(press(viewer, planner, key('s'), false)).toBe(true);
    expect(planner.state.tool).toBe('split');
    expect(press(viewer, planner, key('m'), true)).toBe(false);
    expect(planner.state.tool).toBe('split');
    post.mockResolvedValue(result(4, []));
    expect(press(viewer, planner, key('z', { ctrlKey: true }), false)).toBe(true);
    expect(post.mock.calls[0]?.[0]).toBe('api/v1/plans/2/undo');
    press(viewer, planner, key('?'), false);
    expect(planner.state.dialog).toBe('keys');
    expect(press(viewer, planner, key('m'), false)).toBe(false);
    press(viewer, planner, key('Escape'), false);
    expect(planner.state.dialog).toBeNull();
    press(viewer, planner, key('Escape'), false);
    expect(planner.state.tool).toBe('select');
  });
});

describe('plans in time', () => {
  it('the one in force and the next to come, of that network alone', () => {
    const plans = [
      summary(1, { status: 'published', in_force: true, effective_from_ms: 0 }),
      summary(2, { status: 'published', effective_from_ms: 9000 }),
      summary(3, { status: 'published', effective_from_ms: 5000 }),
      summary(4, { status: 'published', effective_from_ms: 4000, network: 'police' }),
      summary(5, { status: 'draft' }),
    ];
    expect(planInForce(plans, 'general')?.id).toBe(1);
    expect(planInForce(plans, 'fire')).toBeNull();
    expect(planScheduled(plans, 'general', 1000)?.id).toBe(3);
    expect(planScheduled(plans, 'general', 10_000)).toBeNull();
  });
  it('a preview is laid over without changing what is stored', () => {
    const stored = new Map([[1, cell(1, 1)], [2, cell(2, 2)]]);
    const shown = overlaid(stored, { changed: [cell(3, 3)], removed: [2] });
    expect([...shown.keys()]).toEqual([1, 3]);
    expect(stored.size).toBe(2);
    expect(overlaid(stored, null)).toBe(stored);
  });
  it('only a 422 is a refusal', () => {
    expect(refusalOf(new HostError(500, 'x', ''))).toBeNull();
    expect(refusalOf(new Error('x'))).toBeNull();
    expect(refusalOf(new HostError(422, 'x', 'm'))).toEqual({ code: 'x', message: 'm', lon: null, lat: null, faces: [] });
  });
});

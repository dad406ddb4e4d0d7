import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HostError, type Host } from '@/host';
import { foundations, toggled } from '@/planner/dialogs/proposals';
import { press as pressOn } from '@/actions';
import type { Press } from '@/actions/action';
import type { PlannerHere } from '@/actions/planner';
import { openPlanner, type Planner } from '@/planner/session';
import type { EditBody, EditResult, LastEdit, PlanStand, PlanState, PlanSummary } from '@/wire/wire';

const press = (viewer: PlannerHere['viewer'], planner: Planner, event: Press, typing: boolean): boolean => pressOn('planner', { viewer, planner }, event, typing);

const summary = (change: Partial<PlanSummary> = {}): PlanSummary => ({ id: 2, network: 'general', name: 'P2', status: 'draft', in_force: false, approved: false, effective_from_ms: null, effective_to_ms: null, base_plan: null, author: '', submitted_by: '', reviewed_by: '', people: {}, review_note: '', cells: 2, edits: 0, changed_ms: 0, ...change });
const result = (head: number): EditResult => ({ head, changed: [], removed: [], cells: { type: 'FeatureCollection', features: [] }, edges: { type: 'FeatureCollection', features: [] }, findings: { looked_at: [], cells: [], plan: null }, can_undo: true, redo: [] });
const split: EditBody = { kind: 'split', face: 1, line: [[1, 1], [2, 2]] };
const edited = (over: Partial<LastEdit> = {}): LastEdit => ({ id: 6, parent: 5, kind: 'merge', cells: ['007'], name: '李四', mine: false, at_ms: 1000, ...over });

describe('two people at one draft', () => {
  const post = vi.fn();
  /** Where the plan stands on the service. */
  let stand: PlanStand;
  let live: boolean;
  /** The service does not know any more what changed. */
  let gap: boolean;
  let asked: string[];
  let planner: Planner;
  let stop: () => void;
  let redo: number[];
  const opened = (): PlanState => ({ plan: summary({ status: stand.status }), editable: true, why_not: '', head: stand.head, can_undo: true, redo, cells: [], findings: [], settings: { band_low: 300, band_high: 500, weights: { household: 1, ticket_by_severity: [], open: 1, area_km2: 1, patrol_km: 1 }, code_sequence_digits: 3, split_policy: 'area', merge_policy: 'into' }, communities: {} });
  const get = vi.fn((path: string): Promise<unknown> => {
    asked.push(path);
    if (!live) return Promise.reject(new HostError(0, 'unreachable', 'TypeError: Failed to fetch'));
    if (path === 'api/v1/plans') return Promise.resolve([summary({ status: stand.status })]);
    if (path.endsWith('/changes')) return gap ? Promise.reject(new HostError(422, 'gap', 'not known', null, {})) : Promise.resolve(result(stand.head ?? 0));
    return Promise.resolve(path.endsWith('/stand') ? { ...stand } : opened());
  });
  beforeEach(async () => {
    vi.useFakeTimers();
    post.mockReset();
    [live, gap, asked, redo] = [true, false, [], []];
    stand = { head: 5, status: 'draft', approved: false, revision: 40, news: false, last: edited({ id: 5, parent: null, mine: true }), others: [] };
    planner = openPlanner({ get, post } as unknown as Host, () => 1000, () => 'general', () => (live ? null : new HostError(0, 'link_lost', '')));
    await planner.loadPlans();
    await planner.open(2);
    stop = planner.follow();
    await vi.advanceTimersByTimeAsync(2_100);
  });
  afterEach(() => {
    stop();
    vi.useRealTimers();
  });

  it('what the other does comes in within seconds, with the name, and leaves what is chosen', async () => {
    stand = { ...stand, head: 6, last: edited(), others: [{ name: '李四' }] };
    await vi.advanceTimersByTimeAsync(2_100);
    expect(planner.state.head).toBe(6);
    expect(planner.state.latest).toMatchObject({ name: '李四', kind: 'merge' });
    expect(planner.state.others).toEqual([{ name: '李四' }]);
  });
  it('only what changed is asked for; the whole plan where that is not known any more', async () => {
    asked = [];
    stand = { ...stand, head: 6, last: edited() };
    await vi.advanceTimersByTimeAsync(2_100);
    expect(asked).toEqual(['api/v1/plans/2/stand', 'api/v1/plans/2/changes']);
    asked = [];
    gap = true;
    stand = { ...stand, head: 7, last: edited({ id: 7, parent: 6 }) };
    await vi.advanceTimersByTimeAsync(2_100);
    expect(asked).toEqual(['api/v1/plans/2/stand', 'api/v1/plans/2/changes', 'api/v1/plans', 'api/v1/plans/2']);
    expect(planner.state.head).toBe(7);
  });
  it('what stands around the plan comes in too', async () => {
    asked = [];
    stand = { ...stand, revision: 41, news: true };
    await vi.advanceTimersByTimeAsync(2_100);
    expect(asked).toContain('api/v1/plans/2');
    stand = { ...stand, news: false };
    asked = [];
    await vi.advanceTimersByTimeAsync(2_100);
    expect(asked).toEqual(['api/v1/plans/2/stand']);
  });
  it('a conflict stays until it is read, whatever is asked next', async () => {
    post.mockRejectedValueOnce(new HostError(422, 'head_moved', 'moved', null, {}));
    stand = { ...stand, head: 6, last: edited() };
    expect(await planner.edit(split)).toBe(false);
    expect(planner.state.conflict).toMatchObject({ code: 'head_moved', last: { name: '李四' } });
    post.mockResolvedValue(result(6));
    planner.preview(split);
    await vi.advanceTimersByTimeAsync(5_000);
    await planner.loadPlans();
    await planner.refresh();
    expect(planner.state.conflict).not.toBeNull();
    expect(planner.state.refusal).toBeNull();
    // Doing it all the same, on what is there now, is having read it.
    post.mockResolvedValue(result(7));
    expect(await planner.edit(split)).toBe(true);
    expect(planner.state.conflict).toBeNull();
  });
  it('nothing is sent into a lost link, nothing is emptied, and it takes up where it was', async () => {
    live = false;
    expect(await planner.edit(split)).toBe(false);
    expect(post).not.toHaveBeenCalled();
    expect(planner.state.problem?.status).toBe(0);
    await planner.loadPlans();
    await planner.refresh();
    expect(planner.state.plans).toHaveLength(1);
    expect(planner.state.opened).not.toBeNull();
    live = true;
    stand = { ...stand, head: 6, last: edited() };
    await planner.returned();
    expect(planner.state).toMatchObject({ head: 6, problem: null, returns: 1 });
  });
  it('an edit whose answer was lost is not asked for twice', async () => {
    post.mockRejectedValueOnce(new HostError(0, 'timeout', ''));
    expect(await planner.edit(split)).toBe(false);
    stand = { ...stand, head: 6, last: edited({ mine: true }) };
    await vi.advanceTimersByTimeAsync(2_100);
    expect(planner.state).toMatchObject({ settled: 1, head: 6, problem: null, latest: null });
  });
  it('nor when the picture is loaded anew before anybody looked', async () => {
    post.mockRejectedValueOnce(new HostError(0, 'timeout', ''));
    expect(await planner.edit(split)).toBe(false);
    stand = { ...stand, head: 6, last: edited({ mine: true }) };
    await planner.refresh();
    expect(planner.state).toMatchObject({ settled: 0, head: 6 });
    // Pressed at once, in doubt: it is not sent.
    expect(await planner.edit(split)).toBe(false);
    expect(post).toHaveBeenCalledTimes(1);
    expect(planner.state).toMatchObject({ settled: 1, head: 6, problem: null, conflict: null, busy: false });
    post.mockResolvedValue(result(7));
    expect(await planner.edit(split)).toBe(true);
  });
  it('one that is still on its way is waited for, and what was undone before is not taken for it', async () => {
    post.mockRejectedValueOnce(new HostError(0, 'timeout', ''));
    expect(await planner.edit(split)).toBe(false);
    await vi.advanceTimersByTimeAsync(4_100);
    expect(planner.state.settled).toBe(0);
    stand = { ...stand, head: 6, last: edited({ mine: true }) };
    await vi.advanceTimersByTimeAsync(2_100);
    expect(planner.state).toMatchObject({ settled: 1, head: 6 });
    // Back on 5 with 6 undone: a change that was lost, then 6 done again elsewhere.
    stand = { ...stand, head: 5, last: edited({ id: 5, parent: null, mine: true }) };
    redo = [6];
    await planner.refresh();
    post.mockRejectedValueOnce(new HostError(0, 'timeout', ''));
    expect(await planner.edit(split)).toBe(false);
    stand = { ...stand, head: 6, last: edited({ mine: true }) };
    await vi.advanceTimersByTimeAsync(2_100);
    expect(planner.state.settled).toBe(1);
  });
  it('one that is asked for twice all the same is nobody else being faster', async () => {
    post.mockRejectedValueOnce(new HostError(0, 'timeout', ''));
    expect(await planner.edit(split)).toBe(false);
    // It arrives while it is asked for again.
    post.mockImplementationOnce(() => {
      stand = { ...stand, head: 6, last: edited({ mine: true }) };
      return Promise.reject(new HostError(422, 'head_moved', 'moved', null, {}));
    });
    expect(await planner.edit(split)).toBe(false);
    expect(planner.state).toMatchObject({ settled: 1, head: 6, conflict: null, refusal: null });
  });
  it('a draft that cannot be opened is a question with a way on, not a page that fails', async () => {
    const stuck = { code: 'cannot_replay', message: '', plan: summary({ id: 3 }), head: 9, step: 2, steps: 3, why: { code: 'nothing_there', message: '', lon: null, lat: null, faces: [] }, last: 7, rest: [] };
    get.mockImplementationOnce(() => Promise.reject(new HostError(422, 'cannot_replay', '', null, stuck)));
    expect(await planner.open(3)).toBe(false);
    expect(planner.state).toMatchObject({ stuck: { step: 2 }, dialog: 'stuck', refusal: null });
    expect(planner.state.opened?.plan.id).toBe(2);
  });
  it('that there are no plans is said only after they were told', async () => {
    const fresh = openPlanner({ get, post } as unknown as Host, () => 1000, () => 'general');
    live = false;
    await fresh.loadPlans();
    expect(fresh.state).toMatchObject({ listed: false, plans: [] });
    live = true;
    await fresh.loadPlans();
    expect(fresh.state.listed).toBe(true);
  });
  it('an answer of before an edit does not undo it', async () => {
    let answer: (value: PlanState) => void = () => undefined;
    const before = opened();
    get.mockImplementationOnce(() => Promise.resolve([summary()])).mockImplementationOnce(() => new Promise<PlanState>((resolve) => (answer = resolve)));
    const refreshing = planner.refresh();
    post.mockResolvedValue(result(6));
    await planner.edit(split);
    answer(before);
    await refreshing;
    expect(planner.state.head).toBe(6);
  });
  it('a list beside the map leaves the map its keys', () => {
    const viewer = { view: { dialog: null, page: 'planner' } } as unknown as PlannerHere['viewer'];
    const key = (name: string): Press => ({ key: name, shiftKey: false, ctrlKey: false, metaKey: false, altKey: false });
    planner.state.dialog = 'proposals';
    expect(press(viewer, planner, key('s'), false)).toBe(true);
    expect(planner.state.tool).toBe('split');
    press(viewer, planner, key('Escape'), false);
    expect(planner.state.dialog).toBeNull();
  });
});

describe('proposals stand on each other', () => {
  const moves = [{ from_face: 1, to_face: 2 }, { from_face: 5, to_face: 6 }, { from_face: 2, to_face: 3 }, { from_face: 3, to_face: 4 }];
  const under = foundations(moves);
  it('on those that change the same cells, and on what those stand on', () => {
    expect(under).toEqual([[], [], [0], [0, 2]]);
  });
  it('a chosen one brings them along, and takes with it what stands on it', () => {
    const all = toggled(new Set([1]), 3, under);
    expect([...all].sort()).toEqual([0, 1, 2, 3]);
    expect([...toggled(all, 0, under)]).toEqual([1]);
    expect([...toggled(all, 3, under)].sort()).toEqual([0, 1, 2]);
  });
});

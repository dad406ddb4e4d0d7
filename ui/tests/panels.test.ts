import { createI18n } from 'vue-i18n';
import { createApp, defineComponent, h } from 'vue';
import { describe, expect, it } from 'vitest';
import type { FeatureCollection, LineString } from 'geojson';
import { dictionaries } from '@/locale';
import { agreement, bestMatches, sortedLines } from '@/planner/dialogs/overlay';
import { changesHands, lineageCounts, moved } from '@/planner/dialogs/impact';
import { differences, type PlanCells } from '@/planner/dialogs/differences';
import { grouped, networkKeys, sinceAlways, standing } from '@/planner/dialogs/plan-marks';
import { csv, fileName } from '@/planner/dialogs/save';
import { localTime, momentOf, nextMonth, tomorrow } from '@/planner/dialogs/zone-time';
import { barTop, byCode, commonCode, differs, rows, sorted, totals } from '@/planner/panels/figures';
import { groupFindings, useFindingWords, type FindingWords } from '@/planner/panels/finding-words';
import { historyRows } from '@/planner/panels/history-tree';
import { boxAround, neighbours } from '@/planner/panels/neighbours';
import type { EditView, FindingLevel, ImpactFlow, LineageKind, OverlayLineView, PlanAmounts, PlanCell, PlanCellProperties, PlanEdgeProperties, PlanFindingView, PlanSummary } from '@/wire/wire';

function cell(face: number, over: Partial<PlanCell> = {}): PlanCell {
  return {
    face, code: `33010600200100${face}`, name: `n${face}`, kind: 'basic', community_code: '330106002001', community_name: 'c', households: 400, households_from: 'buildings', population: 1000, area_m2: 1e5,
    perimeter_m: 1300, tickets_90d: [1, 2, 3, 4], open: 2, staff: 1, patrol_m: 1200, workload: 100, compactness: 0.7, parts: 1, holes: 0, band: 'in', owners: [], changed: false, label_lon: 120, label_lat: 30, bounds: [119.99, 29.99, 120.01, 30.01], ...over,
  };
}
const mapOf = (...cells: PlanCell[]): ReadonlyMap<number, PlanCell> => new Map(cells.map((one) => [one.face, one]));

describe('rows of the balance table', () => {
  it('are sorted by a figure, unknown ones last in both directions, equal ones by code', () => {
    const cells = [cell(1, { households: null }), cell(2, { households: 300 }), cell(3, { households: 500 }), cell(4, { households: 300 })];
    expect(sorted(cells, 'households', true).map((one) => one.face)).toEqual([3, 2, 4, 1]);
    expect(sorted(cells, 'households', false).map((one) => one.face)).toEqual([2, 4, 3, 1]);
  });

  it('count codes as people do, and put cells without one last', () => {
    expect(byCode({ code: '9', face: 1 }, { code: '10', face: 2 })).toBeLessThan(0);
    expect(sorted([cell(1, { code: '' }), cell(2, { code: 'B' }), cell(3, { code: 'A' })], 'code', true).map((one) => one.code)).toEqual(['B', 'A', '']);
  });

  it('keep the stored order while dragging; new cells come last, gone ones go', () => {
    const stored = mapOf(cell(1, { households: 600 }), cell(2, { households: 500 }), cell(3, { households: 400 }));
    const order = sorted(stored.values(), 'households', true);
    const shown = mapOf(cell(1, { households: 1 }), cell(3), cell(9, { households: 999 }));
    const found = rows(order, shown, (one) => stored.get(one.face) ?? null, () => true);
    expect(found.map((row) => row.cell.face)).toEqual([1, 3, 9]);
    expect(found.map((row) => row.before?.households ?? null)).toEqual([600, 400, null]);
    expect(rows(order, shown, () => null, (one) => one.face !== 3).map((row) => row.cell.face)).toEqual([1, 9]);
  });

  it('call a figure changed only when what is shown changes', () => {
    expect(differs(100.2, 100.4, 1)).toBe(false);
    expect(differs(100.2, 100.6, 1)).toBe(true);
    expect(differs(null, null, 1)).toBe(false);
    expect(differs(null, 3, 1)).toBe(true);
  });

  it('are summed; only basic cells with known households are judged by the band', () => {
    const sum = totals([cell(1), cell(2, { households: null, band: 'unknown' }), cell(3, { kind: 'dedicated', households: 5 }), cell(4, { households: 900, band: 'over' })]);
    expect(sum).toMatchObject({ cells: 4, households: 1305, unknown: 1, inBand: 1, judged: 2, open: 8, tickets: [4, 8, 12, 16], area_m2: 4e5 });
  });

  it('share one scale that holds almost all of them and cuts the rest', () => {
    expect(barTop([{ households: 100 }], 500)).toBe(800);
    expect(barTop(Array.from({ length: 10 }, () => ({ households: 1030 })), 500)).toBe(1100);
    expect(barTop(Array.from({ length: 10 }, () => ({ households: 90_000 })), 500)).toBe(1500);
    expect(barTop([], 500)).toBe(800);
  });

  it('leave out of codes what all of them begin with, down to a whole level', () => {
    const of = (...codes: string[]): number => commonCode(codes.map((code) => ({ code })));
    expect(of('330106002001007', '330106002001012', '')).toBe(12);
    expect(of('330106002001007', '330106002002007')).toBe(9);
    expect(of('330106002001007', '330106117002007')).toBe(6);
    expect(of('330106002001007', 'A7')).toBe(0);
    expect(of('0101', '0102')).toBe(0);
    expect(of('330106002001')).toBe(9);
    expect(of()).toBe(0);
  });

  it('are quick for ten thousand cells', () => {
    const cells = Array.from({ length: 10_000 }, (_, i) => cell(i, { households: (i * 7919) % 1000, code: String(i) }));
    const shown = mapOf(...cells);
    const order = sorted(cells, 'households', true);
    const took = Array.from({ length: 20 }, () => {
      const began = performance.now();
      rows(order, shown, () => null, () => true);
      return performance.now() - began;
    });
    // The best of twenty: what else the machine does is not measured.
    expect(Math.min(...took)).toBeLessThan(16);
  });
});

describe('the tree of edits', () => {
  const edit = (id: number, parent: number | null, applied = true): EditView => ({ id, parent, kind: 'split', cells: [], actor: 'a', at_ms: id, applied });
  it('is one lane while nothing was undone', () => {
    const rows = historyRows([edit(1, null), edit(2, 1), edit(3, 2)], 3);
    expect(rows.map((row) => [row.edit?.id ?? null, row.lane, row.head])).toEqual([[3, 0, true], [2, 0, false], [1, 0, false], [null, 0, false]]);
    expect(rows[0]?.above).toEqual([]);
    expect(rows[3]?.below).toEqual([]);
  });

  it('keeps what was undone as a branch that leaves where it left', () => {
    // 2 was undone, 3 made instead, and 4 after it undone: the head is 3, 4 lies ahead on the same lane.
    const rows = historyRows([edit(1, null), edit(2, 1, false), edit(3, 1), edit(4, 3, false)], 3);
    const at = (id: number) => rows.find((row) => row.edit?.id === id);
    expect([at(4)?.lane, at(3)?.lane, at(2)?.lane, at(1)?.lane]).toEqual([0, 0, 1, 0]);
    expect(at(1)?.joins).toEqual([1]);
    expect(at(2)?.above).toContain(0);
    expect(at(3)?.head).toBe(true);
  });

  it('gives every branch of a bushy tree its lane, with a line from each edit to its parent', () => {
    const edits = [edit(1, null), ...Array.from({ length: 60 }, (_, i) => edit(i + 2, 1 + ((i * 7) % (i + 1)), false))];
    const rows = historyRows(edits, 1);
    const rowOf = new Map(rows.map((row, i) => [row.edit?.id ?? null, i]));
    for (const row of rows) {
      if (!row.edit) continue;
      const [from, to] = [rowOf.get(row.edit.id) ?? 0, rowOf.get(row.edit.parent) ?? 0];
      for (let i = from + 1; i < to; i += 1) expect(rows[i]?.lane === row.lane, `dot on the line of ${row.edit.id}`).toBe(false);
      expect(rows[to]?.above).toContain(row.lane);
    }
  });

  it('goes back to the beginning without losing anything', () => {
    const rows = historyRows([edit(1, null, false), edit(2, 1, false)], null);
    expect(rows.map((row) => row.lane)).toEqual([0, 0, 0]);
    expect(rows.at(-1)?.head).toBe(true);
  });
});

describe('findings', () => {
  const finding = (code: string, level: FindingLevel, blocks = false, values: Record<string, string> = {}): PlanFindingView => ({ level, code, faces: [], cells: [], lon: null, lat: null, values, blocks, scope: 'cells' });
  function words(locale: 'zh-CN' | 'en'): FindingWords {
    let found: FindingWords | null = null;
    const i18n = createI18n({ legacy: false, locale, messages: dictionaries, missingWarn: false, fallbackWarn: false });
    createApp(defineComponent({ setup: () => ((found = useFindingWords()), () => h('i')) })).use(i18n).mount(document.createElement('div'));
    if (!found) throw new Error('no words');
    return found;
  }

  it('are grouped: wrong before incomplete before notes, blocking first', () => {
    const groups = groupFindings([finding('sliver', 'note'), finding('owner_missing', 'incomplete', true), finding('name_missing', 'incomplete'), finding('name_missing', 'incomplete'), finding('gap', 'wrong', true), finding('new_word', 'strange' as FindingLevel)]);
    expect(groups.map((group) => [group.code, group.level, group.findings.length, group.blocks])).toEqual([
      ['gap', 'wrong', 1, true], ['owner_missing', 'incomplete', 1, true], ['name_missing', 'incomplete', 2, false], ['new_word', 'note', 1, false], ['sliver', 'note', 1, false],
    ]);
  });

  it('have words for every code that the wall finds, in both languages', () => {
    const codes = ['gap', 'overlap', 'no_ground', 'not_contiguous', 'hole', 'sliver', 'low_compactness', 'households_unknown', 'households_in_part', 'households_under', 'households_over', 'owner_missing', 'name_missing', 'community_missing', 'community_form', 'other_community', 'two_communities', 'two_streets', 'code_missing', 'code_length', 'code_characters', 'code_community', 'code_nought', 'code_retired', 'code_duplicate', 'crosses_arterial'];
    for (const language of ['zh-CN', 'en'] as const) {
      const say = words(language);
      for (const code of codes) expect(say.title(code), code).not.toBe(code.replaceAll('_', ' '));
    }
  });

  it('read sensibly when the code or a value is new', () => {
    const say = words('en');
    expect(say.title('new_kind_of_fault')).toBe('new kind of fault');
    expect(say.details(finding('x', 'note', false, { some_value: '7', households: '612', low: '300', high: '500', from: 'buildings' }))).toBe('some value 7, 612 households, source: buildings, band 300–500');
  });
});

describe('neighbours', () => {
  it('are those with a common border, the longest first, ground of nobody as such', () => {
    const edge = (left: number | null, right: number | null, coordinates: number[][]) => ({ type: 'Feature' as const, properties: { edge: 1, left, right }, geometry: { type: 'LineString' as const, coordinates } });
    const edges: FeatureCollection<LineString, PlanEdgeProperties> = { type: 'FeatureCollection', features: [edge(1, 2, [[0, 0], [0.001, 0]]), edge(3, 1, [[0, 0], [0, 0.003]]), edge(1, 2, [[0.001, 0], [0.003, 0]]), edge(null, 1, [[0, 0], [0, 0.001]]), edge(2, 3, [[0, 0], [1, 1]])] };
    const found = neighbours(edges, 1);
    expect(found.map((one) => one.face)).toEqual([2, 3, null]);
    expect(found[0]?.metres).toBeCloseTo(333.6, 0);
  });

  it('are looked for in a box that holds the whole cell', () => {
    const [west, south, east, north] = boxAround({ label_lon: 120, label_lat: 60, perimeter_m: 2224 });
    expect(north - south).toBeCloseTo(0.02, 3);
    expect(east - west).toBeCloseTo(0.04, 3);
  });
});

describe('how plans stand', () => {
  const plan = (over: Partial<PlanSummary>): PlanSummary => ({ id: 1, network: 'general', name: 'p', status: 'draft', in_force: false, approved: false, effective_from_ms: null, effective_to_ms: null, base_plan: null, author: '', submitted_by: '', reviewed_by: '', people: {}, review_note: '', cells: 0, edits: 0, changed_ms: 0, ...over });
  it('is told apart', () => {
    expect(standing(plan({}), 5)).toBe('draft');
    expect(standing(plan({ status: 'in_review' }), 5)).toBe('in_review');
    expect(standing(plan({ status: 'in_review', approved: true }), 5)).toBe('approved');
    expect(standing(plan({ status: 'published', effective_from_ms: 6 }), 5)).toBe('scheduled');
    expect(standing(plan({ status: 'published', effective_from_ms: 4 }), 5)).toBe('past');
    expect(standing(plan({ status: 'published', in_force: true, effective_from_ms: 6 }), 5)).toBe('in_force');
    expect(standing(plan({ status: 'retired', approved: true }), 5)).toBe('retired');
  });

  it('groups the plans of one network', () => {
    const plans = [plan({ id: 3 }), plan({ id: 2, status: 'published', in_force: true }), plan({ id: 1 }), plan({ id: 9, network: 'fire' })];
    expect(grouped(plans, 'general', 0).map((group) => [group.standing, group.plans.map((one) => one.id)])).toEqual([['in_force', [2]], ['draft', [3, 1]]]);
    expect(networkKeys(plans, [{ key: 'water' }])).toEqual(['general', 'police', 'fire', 'city_management', 'water']);
    expect(sinceAlways(Date.UTC(1900, 0, 1))).toBe(true);
    expect(sinceAlways(Date.UTC(2026, 0, 1))).toBe(false);
  });
});

describe('dates of the wall’s zone', () => {
  it('go there and back', () => {
    const ms = momentOf({ date: '2026-11-24', time: '00:00' }, 'Asia/Shanghai');
    expect(ms).toBe(Date.UTC(2026, 10, 23, 16));
    expect(localTime(ms ?? 0, 'Asia/Shanghai')).toEqual({ date: '2026-11-24', time: '00:00' });
    expect(localTime(0, 'nowhere/at all')).toEqual({ date: '1970-01-01', time: '00:00' });
  });

  it('take the earlier of two, and shift forward what does not come', () => {
    // New York: 01:30 comes twice on 2026-11-01, 02:30 not at all on 2026-03-08.
    expect(momentOf({ date: '2026-11-01', time: '01:30' }, 'America/New_York')).toBe(Date.UTC(2026, 10, 1, 5, 30));
    const shifted = momentOf({ date: '2026-03-08', time: '02:30' }, 'America/New_York') ?? 0;
    expect(localTime(shifted, 'America/New_York')).toEqual({ date: '2026-03-08', time: '03:30' });
  });

  it('refuse what is no date', () => {
    for (const wrong of [{ date: '', time: '00:00' }, { date: '2026-13-45', time: '00:00' }, { date: '2026-11-24', time: '' }]) expect(momentOf(wrong, 'UTC')).toBeNull();
  });

  it('know tomorrow and the next month', () => {
    const late = Date.UTC(2026, 11, 31, 17);
    expect(tomorrow(late, 'Asia/Shanghai')).toEqual({ date: '2027-01-02', time: '00:00' });
    expect(tomorrow(late, 'UTC')).toEqual({ date: '2027-01-01', time: '00:00' });
    expect(nextMonth(late, 'UTC')).toEqual({ date: '2027-01-01', time: '00:00' });
  });
});

describe('an impact', () => {
  const amounts = (n: number): PlanAmounts => ({ area_m2: n, households: n, population: n, workload: n, open: n, tickets_90d: n, cameras: n, sites: n, staff: n });
  const flow = (from: string, to: string, n: number): ImpactFlow => ({ from: 'a', to: 'b', from_owner: from, to_owner: to, amounts: amounts(n) });
  it('is summed over its flows', () => {
    expect(moved({ flows: [flow('x', 'y', 2), flow('x', 'x', 3)] })).toMatchObject({ area_m2: 5, households: 5, open: 5, staff: 5 });
    expect(changesHands({ flows: [flow('x', 'y', 2), flow('x', 'x', 3)] })).toBe(1);
  });
  it('counts its kinds in a fixed order', () => {
    const of = (lineage: LineageKind) => ({ before_code: '', after_code: '', name: '', lineage, before: null, after: null });
    expect(lineageCounts({ cells: (['retired', 'moved', 'split', 'split', 'reshaped'] as const).map(of) })).toEqual([['reshaped', 1], ['split', 2], ['moved', 1], ['retired', 1]]);
  });
});

describe('networks over each other', () => {
  const line = (a: string, b: string, area_m2: number, share_of_a: number, share_of_b: number): OverlayLineView => ({ a, a_name: '', b, b_name: '', area_m2, share_of_a, share_of_b });
  const lines = [line('1', 'X', 60, 0.6, 0.5), line('1', 'Y', 40, 0.4, 0.8), line('2', 'X', 99.5, 0.995, 0.5), line('2', 'Y', 0.5, 0.005, 0.01)];
  it('have a best match for each cell and a share in agreement', () => {
    expect([...bestMatches(lines)].map(([a, best]) => [a, best.b])).toEqual([['1', 'X'], ['2', 'X']]);
    const agree = agreement(lines);
    expect(agree.share).toBeCloseTo(159.5 / 200, 9);
    expect(agree).toMatchObject({ whole: 1, cells: 2, cut: 1 });
    expect(agreement([]).share).toBeNull();
  });
  it('are sorted by every column', () => {
    expect(sortedLines(lines, 'share_b', true).map((one) => `${one.a}${one.b}`)).toEqual(['1Y', '1X', '2X', '2Y']);
    expect(sortedLines(lines, 'b', false).map((one) => `${one.a}${one.b}`)).toEqual(['1X', '2X', '1Y', '2Y']);
  });
});

describe('differences of two plans', () => {
  const square = (x: number) => [[[x, 0], [x + 1, 0], [x + 1, 1], [x, 1], [x, 0]]];
  const of = (...cells: [string, string, number][]): PlanCells => ({
    type: 'FeatureCollection',
    features: cells.map(([code, name, x], face) => ({ type: 'Feature', properties: { face, code, name, kind: 'basic', community_code: '', band: 'in', households: 1, workload: 1, owner: '', changed: false, label_lon: 0, label_lat: 0 } satisfies PlanCellProperties, geometry: { type: 'Polygon', coordinates: square(x) } })),
  });
  it('are told by kind, with a box to look at', () => {
    const found = differences(of(['1', 'a', 0], ['2', 'b', 1], ['3', 'c', 2], ['4', 'd', 3]), of(['1', 'a', 0], ['2', 'B', 1], ['3', 'c', 9], ['5', 'e', 4]));
    expect(found.map((one) => [one.code, one.kind])).toEqual([['2', 'words'], ['3', 'ground'], ['4', 'gone'], ['5', 'new']]);
    expect(found[1]?.box).toEqual([2, 0, 10, 1]);
    expect(differences(of(['1', 'a', 0]), of(['1', 'a', 0]))).toEqual([]);
  });
  it('take a polygon and a multipolygon of one part as the same ground', () => {
    const one = of(['1', 'a', 0]);
    const multi: PlanCells = { type: 'FeatureCollection', features: [{ type: 'Feature', properties: { ...(one.features[0]?.properties as PlanCellProperties) }, geometry: { type: 'MultiPolygon', coordinates: [square(0)] } }] };
    expect(differences(one, multi)).toEqual([]);
  });
});

describe('files', () => {
  it('have names that every file system takes', () => {
    expect(fileName('a/b:c*?"<>|', 'csv')).toBe('a_b_c_.csv');
    expect(fileName('...', 'kml')).toBe('plan.kml');
    expect(fileName('2026 年方案', 'zip')).toBe('2026 年方案.zip');
  });
  it('as CSV keep commas, quotes and line ends, and no spreadsheet runs their text', () => {
    expect(csv(['a', 'b'], [['x,"y"', 1.5], ['=1+1', '-3'], ['l1\nl2', -3]])).toBe('\uFEFFa,b\r\n"x,""y""",1.5\r\n\'=1+1,\'-3\r\n"l1\nl2",-3\r\n');
  });
});

/** Rows of the balance table: which cells, in which order, with which figures before. Pure; nothing here knows Vue. */
import type { PlanCell } from '@/wire/wire';

/** What the table can be sorted by. */
export const columns = ['code', 'households', 'workload', 'open', 'tickets', 'area', 'patrol', 'staff', 'compactness'] as const;

/** A column of the table. */
export type Column = (typeof columns)[number];

/** Which rows are shown. */
export const filters = ['all', 'changed', 'band', 'selection'] as const;

/** A choice of rows. */
export type Filter = (typeof filters)[number];

/** A row: the cell as shown, and as it was where it was something else. */
export interface Row {
  cell: PlanCell;
  /** The cell before; `null` = not there before, or nothing to compare with. */
  before: PlanCell | null;
}

/** Tickets of 90 days, all severities together. */
export function ticketSum(cell: Pick<PlanCell, 'tickets_90d'>): number {
  return cell.tickets_90d.reduce((sum, n) => sum + n, 0);
}

/** The figure of a column; `null` = not known. Codes are compared as text. */
export function figure(cell: PlanCell, column: Exclude<Column, 'code'>): number | null {
  switch (column) {
    case 'households':
      return cell.households;
    case 'workload':
      return cell.workload;
    case 'open':
      return cell.open;
    case 'tickets':
      return ticketSum(cell);
    case 'area':
      return cell.area_m2;
    case 'patrol':
      return cell.patrol_m;
    case 'staff':
      return cell.staff;
    case 'compactness':
      return cell.compactness;
  }
}

/** Codes as people count: 9 before 10, letters by the alphabet; cells without a code come last. O(length). */
export function byCode(a: Pick<PlanCell, 'code' | 'face'>, b: Pick<PlanCell, 'code' | 'face'>): number {
  if (a.code === b.code) return a.face - b.face;
  if (a.code === '' || b.code === '') return a.code === '' ? 1 : -1;
  if (a.code.length !== b.code.length && /^\d+$/.test(a.code) && /^\d+$/.test(b.code)) return a.code.length - b.code.length;
  return a.code < b.code ? -1 : 1;
}

/** Faces in the order of a column; what is not known comes last in both directions, equal figures by code. O(n log n). */
export function sorted(cells: Iterable<PlanCell>, column: Column, down: boolean): PlanCell[] {
  const turn = down ? -1 : 1;
  const all = [...cells];
  if (column === 'code') return all.sort((a, b) => (a.code === '' || b.code === '' ? byCode(a, b) : turn * byCode(a, b)));
  return all.sort((a, b) => {
    const [x, y] = [figure(a, column), figure(b, column)];
    if (x === null || y === null) return x === y ? byCode(a, b) : x === null ? 1 : -1;
    return x === y ? byCode(a, b) : turn * (x - y);
  });
}

/**
 * The rows to show. The order is that of the stored cells, so that nothing jumps while something is dragged; cells that only
 * the preview has come last. `before` says what a cell was compared with. O(n).
 */
export function rows(order: readonly PlanCell[], shown: ReadonlyMap<number, PlanCell>, before: (cell: PlanCell) => PlanCell | null, keep: (cell: PlanCell) => boolean): Row[] {
  const found: Row[] = [];
  let known = 0;
  for (const { face } of order) {
    const cell = shown.get(face);
    if (!cell) continue;
    known += 1;
    if (keep(cell)) found.push({ cell, before: before(cell) });
  }
  // Almost never: only a split or an import in hand brings cells that the order does not know.
  if (known < shown.size) {
    const ordered = new Set(order.map((cell) => cell.face));
    for (const cell of shown.values()) if (!ordered.has(cell.face) && keep(cell)) found.push({ cell, before: before(cell) });
  }
  return found;
}

/** Whether a figure is another one than before, as far as it is shown. */
export function differs(now: number | null, then: number | null, step: number): boolean {
  if (now === null || then === null) return now !== then;
  return Math.round(now / step) !== Math.round(then / step);
}

/** Sums over cells. */
export interface Totals {
  cells: number;
  households: number;
  /** Cells whose households are not known. */
  unknown: number;
  /** Basic cells inside the target band, and all basic ones with known households. */
  inBand: number;
  judged: number;
  workload: number;
  open: number;
  tickets: [number, number, number, number];
  area_m2: number;
  patrol_m: number;
  staff: number;
}

/** Sums over cells. O(n). */
export function totals(cells: Iterable<PlanCell>): Totals {
  const sum: Totals = { cells: 0, households: 0, unknown: 0, inBand: 0, judged: 0, workload: 0, open: 0, tickets: [0, 0, 0, 0], area_m2: 0, patrol_m: 0, staff: 0 };
  for (const cell of cells) {
    sum.cells += 1;
    if (cell.households === null) sum.unknown += 1;
    else sum.households += cell.households;
    if (cell.kind === 'basic' && cell.households !== null) {
      sum.judged += 1;
      if (cell.band === 'in') sum.inBand += 1;
    }
    sum.workload += cell.workload;
    sum.open += cell.open;
    cell.tickets_90d.slice(0, 4).forEach((n, i) => {
      sum.tickets[i] = (sum.tickets[i] ?? 0) + n;
    });
    sum.area_m2 += cell.area_m2;
    sum.patrol_m += cell.patrol_m;
    sum.staff += cell.staff;
  }
  return sum;
}

/** The right end of the household bars: far enough for almost all cells, and the same for all. O(n log n). */
export function barTop(cells: Iterable<Pick<PlanCell, 'households'>>, bandHigh: number): number {
  const known = [...cells].map((cell) => cell.households ?? 0).sort((a, b) => a - b);
  const most = known[Math.floor((known.length - 1) * 0.95)] ?? 0;
  const step = bandHigh > 100 ? 100 : 10;
  // Beyond three bands the bars would be too short to compare: longer ones are cut and say so.
  return Math.ceil(Math.min(Math.max(most, bandHigh * 1.5), bandHigh * 3) / step) * step;
}

/** Where an administrative code may be cut: district, street, community. */
const levels = [12, 9, 6];

/**
 * How many characters all codes begin with alike, down to a whole level: what need not be said again in each row. Nought when
 * the codes are of other kinds. O(n).
 */
export function commonCode(cells: Iterable<Pick<PlanCell, 'code'>>): number {
  let first: string | null = null;
  let alike = 0;
  for (const { code } of cells) {
    if (code === '') continue;
    if (first === null) [first, alike] = [code, code.length];
    while (alike > 0 && !code.startsWith(first.slice(0, alike))) alike -= 1;
    // A code that is itself the beginning would leave nothing to be said.
    alike = Math.min(alike, code.length - 1);
  }
  return levels.find((level) => level <= alike) ?? 0;
}

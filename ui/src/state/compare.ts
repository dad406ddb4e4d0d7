/** Two periods side by side: which, and what of them the map shows. */
import type { ComparedArea, Comparison, PeriodCounts } from '@/wire/wire';

/** What is held against what. */
export type Measure = 'received' | 'closed' | 'on_time';

/** The measures in their order. */
export const measures: readonly Measure[] = ['received', 'closed', 'on_time'];

/** Two periods as the host takes them. */
export interface Pair {
  a: string;
  b: string;
}

/** The pairs one chooses from; the first is shown first. */
export const pairs: Readonly<Record<string, Pair>> = {
  lastWeek: { a: 'week-1', b: 'week-2' },
  thisWeek: { a: 'week', b: 'week-1-so-far' },
  yesterday: { a: 'day-1', b: 'day-2' },
  today: { a: 'day', b: 'day-1-so-far' },
  lastMonth: { a: 'month-1', b: 'month-2' },
  thisMonth: { a: 'month', b: 'month-1-so-far' },
};

/** What is chosen: a pair of the list, or any two periods. */
export interface CompareChoice {
  pair: string;
  /** For `free`: four moments in ms. */
  free: Pair | null;
  measure: Measure;
}

/** The value of a measure; `null` where the rate has no denominator. */
export function valueOf(counts: PeriodCounts, measure: Measure): number | null {
  if (measure !== 'on_time') return counts[measure];
  return counts.due === 0 ? null : (100 * counts.on_time) / counts.due;
}

/** First minus second, in tickets or in percentage points; `null` where the sample is too small to say anything. */
export function difference({ a, b }: Pick<ComparedArea, 'a' | 'b'>, measure: Measure, least: number): number | null {
  if (measure === 'on_time') {
    if (a.due < least || b.due < least) return null;
  } else if (a[measure] + b[measure] < least) return null;
  const [x, y] = [valueOf(a, measure), valueOf(b, measure)];
  return x === null || y === null ? null : x - y;
}

/** Whether the two can be held against each other at all: without records from then there is nothing to compare with. */
export function comparable(c: Pick<Comparison, 'a' | 'b'>): boolean {
  return c.a.recorded && c.b.recorded;
}

/** Areas with their difference, the largest first; those with too small a sample last, busiest first. */
export function ranked(c: Comparison, measure: Measure): { area: ComparedArea; diff: number | null }[] {
  const weight = (x: ComparedArea): number => x.a.received + x.b.received;
  return c.areas
    .map((area) => ({ area, diff: comparable(c) ? difference(area, measure, c.least_sample) : null }))
    .sort((x, y) => Number(x.diff === null) - Number(y.diff === null) || Math.abs(y.diff ?? 0) - Math.abs(x.diff ?? 0) || weight(y.area) - weight(x.area));
}

/** Half width of the scale: a round number that nineteen of twenty differences lie within; whole, because tickets are whole. */
export function diffTop(c: Comparison, measure: Measure): number {
  const all = ranked(c, measure).flatMap(({ diff }) => (diff === null || diff === 0 ? [] : [Math.abs(diff)])).sort((x, y) => x - y);
  const high = Math.max(4, all[Math.ceil(all.length * 0.95) - 1] ?? 0);
  const decade = 10 ** Math.floor(Math.log10(high));
  // Halves of the scale are labelled: its top is even.
  const top = [1, 2, 4, 6, 10].map((n) => n * decade).find((n) => n >= high && n % 2 === 0) ?? 10 * decade;
  return measure === 'on_time' ? Math.min(100, top) : top;
}

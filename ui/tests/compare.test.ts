import { describe, expect, it } from 'vitest';
import { diffColors } from '@/map/ramp';
import { comparable, diffTop, difference, ranked, valueOf } from '@/state/compare';
import type { ComparedArea, Comparison, PeriodCounts } from '@/wire/wire';

const counts = (received: number, closed = 0, due = 0, on_time = 0): PeriodCounts => ({ received, closed, due, on_time });
const area = (key: string, a: PeriodCounts, b: PeriodCounts): ComparedArea => ({ key, a, b });
const period = { from_ms: 0, to_ms: 1, complete: true, recorded: true, whole_recorded: true };
const comparison = (areas: ComparedArea[], change: Partial<Comparison> = {}): Comparison => ({
  level: 'cell', a: period, b: period, total_a: counts(0), total_b: counts(0), elsewhere_a: counts(0), elsewhere_b: counts(0), areas, least_sample: 5, first_ms: 0, late_events: 0, at_ms: 1, revision: 1, ...change,
});

describe('two periods', () => {
  it('differ by tickets or by percentage points', () => {
    const one = area('x', counts(12, 3, 10, 9), counts(7, 8, 8, 4));
    expect(difference(one, 'received', 5)).toBe(5);
    expect(difference(one, 'closed', 5)).toBe(-5);
    expect(difference(one, 'on_time', 5)).toBeCloseTo(40);
    expect(valueOf(one.a, 'on_time')).toBe(90);
  });
  it('say nothing where the sample is too small, and no rate without a denominator', () => {
    expect(difference(area('x', counts(2), counts(2)), 'received', 5)).toBeNull();
    expect(difference(area('x', counts(5), counts(0)), 'received', 5)).toBe(5);
    expect(difference(area('x', counts(9, 0, 4, 4), counts(9, 0, 90, 1)), 'on_time', 5)).toBeNull();
    expect(valueOf(counts(3), 'on_time')).toBeNull();
  });
  it('are not compared where there is no history', () => {
    const c = comparison([area('x', counts(50), counts(0))], { b: { ...period, recorded: false } });
    expect(comparable(c)).toBe(false);
    expect(ranked(c, 'received')).toEqual([{ area: c.areas[0], diff: null }]);
  });
  it('are ranked by the size of the difference, small samples last', () => {
    const c = comparison([area('few', counts(1), counts(1)), area('down', counts(1), counts(30)), area('up', counts(20), counts(10)), area('same', counts(9), counts(9))]);
    expect(ranked(c, 'received').map((r) => r.area.key)).toEqual(['down', 'up', 'same', 'few']);
  });
  it('have a scale of whole numbers, halves included', () => {
    for (const size of [1, 3, 5, 7, 11, 23, 45, 99, 101, 640]) {
      const top = diffTop(comparison([area('x', counts(size + 10), counts(10))]), 'received');
      expect(Number.isInteger(top / 2), `${size}: ${top}`).toBe(true);
      expect(top).toBeGreaterThanOrEqual(Math.min(size, 4));
    }
    expect(diffTop(comparison([area('x', counts(9, 0, 9, 9), counts(9, 0, 9, 0))]), 'on_time')).toBe(100);
  });
  it('have colours with a quiet middle and two sides of equal weight', () => {
    expect(diffColors).toHaveLength(256);
    const light = ([r, g, b]: readonly number[]): number => 0.2126 * (r ?? 0) + 0.7152 * (g ?? 0) + 0.0722 * (b ?? 0);
    const [least, middle, most] = [diffColors[0] ?? [], diffColors[128] ?? [], diffColors[255] ?? []];
    expect(light(middle)).toBeLessThan(light(least) - 60);
    expect(Math.abs(light(least) - light(most))).toBeLessThan(30);
    // Blue on one side, yellow on the other.
    expect((least[2] ?? 0) - (least[0] ?? 0)).toBeGreaterThan(40);
    expect((most[0] ?? 0) - (most[2] ?? 0)).toBeGreaterThan(40);
  });
});

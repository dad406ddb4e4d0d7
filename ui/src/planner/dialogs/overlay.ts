/** How two networks share the ground: the agreement of their cells. Pure. */
import type { OverlayLineView } from '@/wire/wire';

/** What the overlay table can be sorted by. */
export const overlayColumns = ['a', 'b', 'area', 'share_a', 'share_b'] as const;

/** A column of the overlay table. */
export type OverlayColumn = (typeof overlayColumns)[number];

/** The lines in the order of a column; equal ones by the codes. O(n log n). */
export function sortedLines(lines: readonly OverlayLineView[], column: OverlayColumn, down: boolean): OverlayLineView[] {
  const turn = down ? -1 : 1;
  const text = (x: string, y: string): number => (x === y ? 0 : x < y ? -1 : 1);
  const by = (x: OverlayLineView, y: OverlayLineView): number => {
    if (column === 'a') return text(x.a, y.a);
    if (column === 'b') return text(x.b, y.b);
    if (column === 'area') return x.area_m2 - y.area_m2;
    return column === 'share_a' ? x.share_of_a - y.share_of_a : x.share_of_b - y.share_of_b;
  };
  return [...lines].sort((x, y) => turn * by(x, y) || text(x.a, y.a) || text(x.b, y.b));
}

/** For each cell of the first network the one of the second with most of its ground. O(n). */
export function bestMatches(lines: readonly OverlayLineView[]): Map<string, OverlayLineView> {
  const best = new Map<string, OverlayLineView>();
  for (const line of lines) {
    const now = best.get(line.a);
    if (!now || line.area_m2 > now.area_m2 || (line.area_m2 === now.area_m2 && line.b < now.b)) best.set(line.a, line);
  }
  return best;
}

/** How well two networks agree. */
export interface Agreement {
  /** Share of the common ground that lies in best matches, 0 … 1; `null` = nothing in common. */
  share: number | null;
  /** Cells of the first network that lie in one cell of the second but for rounding. */
  whole: number;
  /** Cells of the first network that meet the second at all. */
  cells: number;
  /** Cells of the first network in several of the second, each with a real part. */
  cut: number;
}

/** A share below this is rounding of borders and no common ground. */
export const roundingShare = 0.01;

/** How well two networks agree. O(n). */
export function agreement(lines: readonly OverlayLineView[]): Agreement {
  const best = bestMatches(lines);
  const common = lines.reduce((sum, line) => sum + line.area_m2, 0);
  const matched = [...best.values()].reduce((sum, line) => sum + line.area_m2, 0);
  const parts = new Map<string, number>();
  for (const line of lines) if (line.share_of_a > roundingShare) parts.set(line.a, (parts.get(line.a) ?? 0) + 1);
  const whole = [...best.values()].filter((line) => line.share_of_a >= 1 - roundingShare).length;
  return { share: common > 0 ? matched / common : null, whole, cells: best.size, cut: [...parts.values()].filter((n) => n > 1).length };
}

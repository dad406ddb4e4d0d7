/** What a plan's impact comes to, for its summary. Pure. */
import type { ImpactView, LineageKind, PlanAmounts } from '@/wire/wire';

/** The figures of an impact report, in the order of the tables. */
export const amountKeys = ['area_m2', 'households', 'workload', 'open', 'tickets_90d', 'cameras', 'sites', 'staff'] as const;

/** A figure of an impact report. */
export type AmountKey = (typeof amountKeys)[number];

/** All that moves, summed over the flows. O(flows). */
export function moved(impact: Pick<ImpactView, 'flows'>): PlanAmounts {
  const sum: PlanAmounts = { area_m2: 0, households: 0, population: 0, workload: 0, open: 0, tickets_90d: 0, cameras: 0, sites: 0, staff: 0 };
  for (const { amounts } of impact.flows) for (const key of Object.keys(sum) as (keyof PlanAmounts)[]) sum[key] += amounts[key];
  return sum;
}

/** In which order kinds of lineage are told; a kind that is missing here does not compile. */
const lineageOrder: Record<LineageKind, number> = { reshaped: 0, split: 1, merged: 2, moved: 3, new: 4, retired: 5, same: 6 };

/** How many cells of each lineage. */
export function lineageCounts(impact: Pick<ImpactView, 'cells'>): [LineageKind, number][] {
  const counts = new Map<LineageKind, number>();
  for (const { lineage } of impact.cells) counts.set(lineage, (counts.get(lineage) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => lineageOrder[a] - lineageOrder[b]);
}

/** Flows that change who answers. */
export function changesHands(impact: Pick<ImpactView, 'flows'>): number {
  return impact.flows.filter((flow) => flow.from_owner !== flow.to_owner).length;
}

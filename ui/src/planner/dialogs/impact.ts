/** What a plan's impact comes to, for its summary. Pure. */
import type { ImpactView, PlanAmounts } from '@/wire/wire';

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

/** How many cells of each lineage. */
export function lineageCounts(impact: Pick<ImpactView, 'cells'>): [string, number][] {
  const order = ['reshaped', 'split', 'merged', 'new', 'retired', 'same'];
  const counts = new Map<string, number>();
  for (const { lineage } of impact.cells) counts.set(lineage, (counts.get(lineage) ?? 0) + 1);
  const at = (key: string): number => (order.indexOf(key) + order.length) % order.length;
  return [...counts].sort(([a], [b]) => at(a) - at(b));
}

/** Flows that change who answers. */
export function changesHands(impact: Pick<ImpactView, 'flows'>): number {
  return impact.flows.filter((flow) => flow.from_owner !== flow.to_owner).length;
}

/** How a plan stands, as the lists say it. Pure. */
import type { PlanSummary } from '@/wire/wire';

/** The ways a plan can stand, in the order of the list. */
export const standings = ['in_force', 'scheduled', 'approved', 'in_review', 'draft', 'past', 'retired'] as const;

/** How a plan stands. */
export type Standing = (typeof standings)[number];

/** How a plan stands at a moment. One in force is what the service calls so, whatever this page's clock says. */
export function standing(plan: Pick<PlanSummary, 'status' | 'in_force' | 'approved' | 'effective_from_ms' | 'effective_to_ms'>, nowMs: number): Standing {
  if (plan.in_force) return 'in_force';
  if (plan.status === 'retired') return 'retired';
  if (plan.status === 'published') return (plan.effective_from_ms ?? 0) > nowMs ? 'scheduled' : 'past';
  if (plan.approved) return 'approved';
  return plan.status === 'in_review' ? 'in_review' : 'draft';
}

/** Plans of a network by how they stand; newest first as the service gives them. */
export function grouped(plans: readonly PlanSummary[], network: string, nowMs: number): { standing: Standing; plans: PlanSummary[] }[] {
  const mine = plans.filter((plan) => plan.network === network);
  return standings.map((one) => ({ standing: one, plans: mine.filter((plan) => standing(plan, nowMs) === one) })).filter((group) => group.plans.length > 0);
}

/** The networks every territory may have, in the order of the tabs. */
export const usualNetworks = ['general', 'police', 'fire', 'city_management'] as const;

/** The usual networks, then whatever else there is. */
export function networkKeys(plans: readonly PlanSummary[], known: readonly { key: string }[]): string[] {
  return [...new Set<string>([...usualNetworks, ...known.map((one) => one.key), ...plans.map((plan) => plan.network)])];
}

/** A first plan is in force "since always": since 1900 or before. */
export function sinceAlways(ms: number): boolean {
  return ms < Date.UTC(1901, 0, 1);
}

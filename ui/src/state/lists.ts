/** The question behind a number: which tickets it counts. Every number that opens a list makes one of these. */
import type { Query } from '@/host';
import type { Level, TicketSet } from '@/wire/wire';
import type { TimeAsked } from './wall';

/** Which tickets a list holds. */
export interface ListQuestion {
  set: TicketSet;
  /** An area, `outside` all cells, `unplaced` for what nobody knows the place of, or everywhere. */
  area?: { level: Level; key: string } | 'outside' | 'unplaced';
  category?: { code: string; name: string };
  /** Name of an owner; empty = nobody. */
  owner?: string;
  alarm?: string;
  /** The period, half-open, in ms. */
  from?: number;
  to?: number;
  /** Begins with the owners instead of the lines. */
  byOwner?: boolean;
  /** About now, whatever time is shown: the bars of the slider are. */
  live?: boolean;
}

/** Sets between which one steps inside a list, by the set it began with. */
export function siblings(set: TicketSet): TicketSet[] {
  if (set === 'late' || set === 'overdue' || set === 'near_due') return ['late', 'overdue', 'near_due'];
  if (set === 'due' || set === 'on_time' || set === 'missed') return ['due', 'on_time', 'missed'];
  if (set === 'received' || set === 'closed') return ['received', 'closed'];
  return [];
}

/** Hours of "nearly due" that one may choose; the first is the usual one. */
export const nearHours: readonly number[] = [4, 8, 24, 72];

/** Lines a page. */
export const pageLines = 50;

/** The question as the host takes it. `time` is that shown. */
export function listQuery(question: ListQuestion, nearH: number, time: TimeAsked): Query {
  const iso = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : new Date(ms).toISOString());
  const { area, owner } = question;
  return {
    set: question.set,
    area: area === undefined ? undefined : typeof area === 'string' ? area : `${area.level}:${area.key}`,
    category: question.category?.code,
    owner: owner === '' ? undefined : owner,
    unowned: owner === '' ? 1 : undefined,
    alarm: question.alarm,
    from: iso(question.from),
    to: iso(question.to),
    near_h: nearH,
    ...(question.live ? {} : time),
  };
}

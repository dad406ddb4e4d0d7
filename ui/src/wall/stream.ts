/** What the stream shows: alarms pinned above, gravest first; below them the newest. */
import type { AlarmGroup, Alarms, TicketView } from '@/wire/wire';

/** Alarms that are shown one by one; beyond, they are grouped by cell and category. */
export const floodAt = 10;

/** A pinned line: one alarm, or a group of them under its gravest. */
export interface Pinned {
  ticket: TicketView;
  count: number;
}

const rank: Readonly<Record<string, number>> = { red: 0, orange: 1, yellow: 2, blue: 3 };

function graver(a: TicketView, b: TicketView): number {
  return (rank[a.alarm] ?? 9) - (rank[b.alarm] ?? 9) || b.since_ms - a.since_ms || b.id - a.id;
}

/** The alarms that are pinned. */
export interface PinnedAlarms {
  lines: Pinned[];
  /** All alarms, shown or not: as long as the list behind them. */
  total: number;
  flood: boolean;
}

function groupKey(group: Pick<AlarmGroup | TicketView, 'alarm' | 'cell_key' | 'category' | 'unplaced'>): string {
  return `${group.alarm}|${group.unplaced ? 'unplaced' : group.cell_key}|${group.category}`;
}

/** Open alarms, gravest first; in a flood one line a cell and category. They are as many as the wall counts, not as are held here. */
export function pinned(tickets: Iterable<TicketView>, counted: Alarms | null): PinnedAlarms {
  const alarms = [...tickets].filter((t) => t.open && t.alarm !== '').sort(graver);
  const total = counted?.total ?? alarms.length;
  if (total <= floodAt && alarms.length <= floodAt) return { lines: alarms.map((ticket) => ({ ticket, count: 1 })), total, flood: false };
  const counts = new Map(counted?.groups.map((group) => [groupKey(group), group.count]));
  const groups = new Map<string, Pinned>();
  for (const ticket of alarms) {
    const key = groupKey(ticket);
    const group = groups.get(key);
    if (group) group.count += 1;
    else groups.set(key, { ticket, count: 1 });
  }
  const lines = [...groups].map(([key, group]) => ({ ticket: group.ticket, count: counts.get(key) ?? group.count }));
  return { lines, total, flood: true };
}

/** The newest tickets, pinned ones left out. */
export function newest(tickets: Iterable<TicketView>, most: number): TicketView[] {
  return [...tickets]
    .filter((t) => !(t.open && t.alarm !== ''))
    .sort((a, b) => b.since_ms - a.since_ms || b.id - a.id)
    .slice(0, most);
}

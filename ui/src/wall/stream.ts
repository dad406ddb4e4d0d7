/** What the stream shows: alarms pinned above, gravest first; below them the newest. */
import type { TicketView } from '@/wire/wire';

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

/** Open alarms, gravest first; in a flood one line a cell and category. */
export function pinned(tickets: Iterable<TicketView>): { lines: Pinned[]; flood: boolean } {
  const alarms = [...tickets].filter((t) => t.open && t.alarm !== '').sort(graver);
  if (alarms.length <= floodAt) return { lines: alarms.map((ticket) => ({ ticket, count: 1 })), flood: false };
  const groups = new Map<string, Pinned>();
  for (const ticket of alarms) {
    const key = `${ticket.alarm}|${ticket.cell_key}|${ticket.category}`;
    const group = groups.get(key);
    if (group) group.count += 1;
    else groups.set(key, { ticket, count: 1 });
  }
  return { lines: [...groups.values()], flood: true };
}

/** The newest tickets, pinned ones left out. */
export function newest(tickets: Iterable<TicketView>, most: number): TicketView[] {
  return [...tickets]
    .filter((t) => !(t.open && t.alarm !== ''))
    .sort((a, b) => b.since_ms - a.since_ms || b.id - a.id)
    .slice(0, most);
}

/**
 * How snapshots and frames reach the state, by kind. Of a table a frame brings the rows that changed, of a value the new one or
 * nothing; a snapshot brings all of both. A further kind is one entry here, with its place in `WallState`.
 */
import { triggerRef, type ShallowRef } from 'vue';
import type { Frame, Snapshot, TicketView } from '@/wire/wire';
import { nothingHeld, type WallState } from './wall';

/** At most so many tickets are kept for the stream: the newest, and every open one with an alarm. */
export const streamLimit = 400;

type Said = Frame | Snapshot;

/** A table: its rows in what was said, its place, by what its rows are known, what is let go when there are too many. */
function table<Key, Row>(rows: (said: Said) => readonly Row[], place: (state: WallState) => ShallowRef<Map<Key, Row>>, keyOf: (row: Row) => Key, trim?: (all: Map<Key, Row>) => void) {
  return {
    replace(state: WallState, said: Said | null): void {
      place(state).value = new Map(said === null ? [] : rows(said).map((row) => [keyOf(row), row]));
    },
    /** Lays rows over the table, and answers which. */
    apply(state: WallState, frame: Frame): Key[] {
      const [changed, at] = [rows(frame), place(state)];
      if (changed.length === 0) return [];
      for (const row of changed) at.value.set(keyOf(row), row);
      trim?.(at.value);
      triggerRef(at);
      return changed.map(keyOf);
    },
  };
}

/** A value that comes as a whole; `null` in a frame: it is what it was. */
function value<T>(of: (said: Said) => T | null, place: (state: WallState) => ShallowRef<T>, none: () => T) {
  return {
    replace(state: WallState, said: Said | null): void {
      place(state).value = (said === null ? null : of(said)) ?? none();
    },
    apply(state: WallState, frame: Frame): void {
      place(state).value = of(frame) ?? place(state).value;
    },
  };
}

const tables = {
  areas: table((said) => said.areas, (state) => state.stats, (row) => row.key),
  tickets: table((said) => said.tickets, (state) => state.tickets, (row) => row.id, trimTickets),
  staff: table((said) => said.staff, (state) => state.staff, (row) => row.id),
};

const values = [
  value((said) => said.figures, (state) => state.figures, () => []),
  value((said) => said.unplaced, (state) => state.unplaced, () => 0),
  value((said) => said.alarms, (state) => state.alarms, () => null),
  value((said) => said.freshness, (state) => state.freshness, () => null),
];

type Tables = typeof tables;

/** What a frame changed, for those who draw it (the map): of each table the keys of the rows. */
export type FrameChange = { [Kind in keyof Tables]: ReturnType<Tables[Kind]['apply']> } & {
  /** Tickets that were not known before. */
  fresh: TicketView[];
};

/** Replaces everything that comes by kinds; `null`: by nothing. */
function replaceAll(state: WallState, said: Snapshot | null): void {
  for (const kind of [...Object.values(tables), ...values]) kind.replace(state, said);
}

/** Forgets the picture: whoever signed out leaves none behind. */
export function forget(state: WallState): void {
  replaceAll(state, null);
  state.info.value = null;
  for (const areas of Object.values(state.areas)) areas.value = null;
  state.held.value = nothingHeld;
  state.clock.value = null;
  Object.assign(state.link, { revision: -1, connection: 'connecting', heardAt: 0, silent: false, asOf: null, byThen: false, asking: false, knownAt: null, nothingKnown: false, lateEvents: 0, positionsKept: true, replaced: false });
}

/** Replaces everything by a snapshot. */
export function applySnapshot(state: WallState, snapshot: Snapshot): void {
  replaceAll(state, snapshot);
  state.clock.value = { clock: snapshot.clock, readAt: performance.now() };
  state.held.value = { asOf: snapshot.as_of ? snapshot.clock.now_ms : null, at: snapshot.clock.now_ms, heardAt: Date.now() };
  state.link.revision = snapshot.revision;
  state.link.positionsKept = snapshot.positions_kept;
  state.link.knownAt = snapshot.known_at_ms;
  state.link.nothingKnown = snapshot.nothing_known;
  state.link.lateEvents = snapshot.late_events;
  state.link.heardAt = Date.now();
  state.link.silent = false;
}

/**
 * Whether a frame continues what is known (`apply`), was overtaken by a later snapshot (`skip`), or leaves a gap (`gap`).
 * A frame by the passing of time alone has the same revision at both ends. One that begins earlier and ends later than
 * what is known may be applied: its rows are whole.
 */
export function judgeFrame(revision: number, frame: Pick<Frame, 'from_revision' | 'to_revision'>): 'apply' | 'skip' | 'gap' {
  if (frame.from_revision === revision) return 'apply';
  if (frame.to_revision <= revision) return 'skip';
  return frame.from_revision < revision ? 'apply' : 'gap';
}

/** Applies a frame that continues the state, and says what it changed. */
export function applyFrame(state: WallState, frame: Frame): FrameChange {
  const fresh = frame.tickets.filter((ticket) => !state.tickets.value.has(ticket.id));
  const changed = Object.fromEntries(Object.entries(tables).map(([kind, one]) => [kind, one.apply(state, frame)])) as Pick<FrameChange, keyof Tables>;
  for (const one of values) one.apply(state, frame);
  state.clock.value = { clock: frame.clock, readAt: performance.now() };
  state.held.value = { asOf: null, at: frame.clock.now_ms, heardAt: Date.now() };
  state.link.revision = frame.to_revision;
  state.link.heardAt = Date.now();
  return { ...changed, fresh };
}

/** Forgets the oldest tickets beyond the limit; open alarms stay. */
function trimTickets(tickets: Map<number, TicketView>): void {
  if (tickets.size <= streamLimit) return;
  const oldestFirst = [...tickets.values()].filter((t) => !(t.open && t.alarm !== '')).sort((a, b) => a.since_ms - b.since_ms || a.id - b.id);
  for (const ticket of oldestFirst.slice(0, tickets.size - streamLimit)) tickets.delete(ticket.id);
}

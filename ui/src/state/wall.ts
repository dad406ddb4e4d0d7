/**
 * What the wall knows: one snapshot, kept up to date by frames (`tables`). Nothing here is derived; panels compute what they show.
 * Large tables are shallow: they are replaced or triggered, never deeply proxied.
 */
import type { FeatureCollection, MultiPolygon, Polygon } from 'geojson';
import { reactive, shallowRef, type ShallowRef } from 'vue';
import type { Alarms, AreaProperties, AreaStat, Clock, Figure, Freshness, Level, StaffView, TicketView, WallInfo } from '@/wire/wire';

/** The areas of one level as the map draws them. */
export type AreaCollection = FeatureCollection<Polygon | MultiPolygon, AreaProperties>;

/** How the wall stands with its host. */
export type Connection = 'connecting' | 'live' | 'lost' | 'sign_in';

/**
 * Of which time some data are, kept in one object with them: what a panel says of its time is this, never the time that
 * somebody asked for.
 */
export interface Held {
  /** The other time the data are of; `null` = the wall's now. */
  asOf: number | null;
  /** The wall's time of the data. */
  at: number;
  /** `Date.now()` when they came; 0 = they never did. */
  heardAt: number;
}

/** Nothing is held yet. */
export const nothingHeld: Held = Object.freeze({ asOf: null, at: 0, heardAt: 0 });

/** The moving state of the wall. */
export interface WallState {
  info: ShallowRef<WallInfo | null>;
  areas: Record<Level, ShallowRef<AreaCollection | null>>;
  stats: ShallowRef<Map<string, AreaStat>>;
  figures: ShallowRef<Figure[]>;
  /** How many of the open tickets have no place: they are in the figures and in no area. */
  unplaced: ShallowRef<number>;
  /** Alarms, counted by their members; `null` = not told. */
  alarms: ShallowRef<Alarms | null>;
  tickets: ShallowRef<Map<number, TicketView>>;
  staff: ShallowRef<Map<number, StaffView>>;
  freshness: ShallowRef<Freshness | null>;
  /** Of which time counts, figures, tickets and staff are. */
  held: ShallowRef<Held>;
  /** The server's clock and when (by `performance.now`) it was read. */
  clock: ShallowRef<{ clock: Clock; readAt: number } | null>;
  /** Plain facts about the link, reactive. */
  link: {
    revision: number;
    connection: Connection;
    /** `Date.now()` of the last word of the host, whatever it brought. */
    heardAt: number;
    /** The stream stands, and nothing has come for longer than the host is ever silent: not live. */
    silent: boolean;
    attempt: number;
    /** `Date.now()` of the next attempt. */
    retryAt: number;
    /** `Date.now()` at which the question under way was asked; 0 = none is. */
    askedAt: number;
    /** Why the last attempt failed; `null` while all is well. */
    problem: unknown;
    /** Another store, or an older state of the same one, answers behind the address since then: said until it was read. */
    replaced: boolean;
    /** The other time that is asked for, or `null` for now. What is shown is of [`WallState.held`]. */
    asOf: number | null;
    /** Whether another time is asked for by what was known then, and not by what is known now. */
    byThen: boolean;
    /** Whether an answer about another time is under way. */
    asking: boolean;
    /** By what was known when the time that is shown is shown, ms; `null` = by all that is known. */
    knownAt: number | null;
    /** By that knowledge no ticket was on record at all: the noughts that are shown are no counts. */
    nothingKnown: boolean;
    /** Of the time that is shown: how many events say something of it and were learned only later; `null` = that is not on record. */
    lateEvents: number | null;
    /** Whether it is known where staff were at the time that is shown; of now it is. */
    positionsKept: boolean;
  };
}

/** An empty state. */
export function emptyState(): WallState {
  return {
    info: shallowRef(null),
    areas: { cell: shallowRef(null), community: shallowRef(null), street: shallowRef(null) },
    stats: shallowRef(new Map()),
    figures: shallowRef([]),
    unplaced: shallowRef(0),
    alarms: shallowRef(null),
    tickets: shallowRef(new Map()),
    staff: shallowRef(new Map()),
    freshness: shallowRef(null),
    held: shallowRef(nothingHeld),
    clock: shallowRef(null),
    link: reactive({
      revision: -1,
      connection: 'connecting' as Connection,
      heardAt: 0,
      silent: false,
      attempt: 0,
      retryAt: 0,
      askedAt: 0,
      problem: null,
      replaced: false,
      asOf: null,
      byThen: false,
      asking: false,
      knownAt: null,
      nothingKnown: false,
      lateEvents: 0,
      positionsKept: true,
    }),
  };
}

/** The time that is asked about, and by whose knowledge: every question of the past that the page asks has these. */
export interface TimeAsked {
  as_of?: string;
  known_at?: string;
}

/** The time asked about as the host takes it; nothing for now. */
export function timeAsked({ asOf, byThen }: Pick<WallState['link'], 'asOf' | 'byThen'>): TimeAsked {
  if (asOf === null) return {};
  const as_of = new Date(asOf).toISOString();
  return byThen ? { as_of, known_at: as_of } : { as_of };
}

/** Whether what is shown and what is asked for are both the present by the system's clock: only that is called live. */
export function isPresent(state: WallState): boolean {
  return state.link.asOf === null && state.held.value.asOf === null && (state.clock.value?.clock.kind ?? 'system') === 'system';
}

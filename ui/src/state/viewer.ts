/** The viewer: what they chose, what the map shows of it, and the ways to choose. */
import { ref, shallowRef, type Ref, type ShallowRef } from 'vue';
import type { Comparison, Level, SearchHit, TicketView } from '@/wire/wire';
import type { BaseSize, Display } from './display';
import type { ListQuestion } from './lists';
import { levels, modes, neighbour, type Mode, type Selection, type View } from './view';
import type { Held, WallState } from './wall';

/** What the map offers to the rest of the wall. */
export interface MapHandle {
  /** Moves the picture by a part of its size: `pan(0.25, 0)` looks a quarter further east. */
  pan(x: number, y: number): void;
  /** Zooms in (positive) or out. */
  zoom(step: number): void;
  /** Shows the whole territory. */
  fit(): void;
  /** Brings a place into the uncovered middle, close enough to tell it from its neighbours. */
  flyTo(lon: number, lat: number): void;
  /** The middle of the picture. */
  middle(): [number, number];
  /** Brings an area into the uncovered middle. */
  showArea(level: Level, key: string): void;
}

/** What the viewer of a page looks at. */
export interface Viewer {
  /** The choices. */
  view: View;
  display: Display;
  base: BaseSize;
  /** The map, once it stands; `null` without WebGL. */
  map: Ref<MapHandle | null>;
  /** Of which time the heat raster on the map is; `null` = there is none. */
  heatHeld: Ref<Held | null>;
  /** Top of the open-count scale per level, fixed while the scene lasts; `null` before the first data. */
  openTop: Ref<Record<Level, number> | null>;
  /** Late tickets in all and on the map, in the scene of deadlines; `null` before the first answer. */
  late: Ref<{ total: number; shown: number } | null>;
  /** Two periods side by side, while that scene is shown. */
  comparison: ShallowRef<Comparison | null>;
  /** Kernel and top of the heat's surface at this zoom; `null` = the wall's own. */
  heatScale: Ref<{ sigma_m: number; max: number } | null>;
  /** Something to be said for a few seconds: a key of the dictionary and its values. */
  notice: Ref<{ key: string; values: Record<string, string> } | null>;
  /** Whether a level has any areas (or is not known yet). */
  hasLevel(level: Level): boolean;
  /** West, south, east, north of what the map shows; `null` before it stands. */
  seen: Ref<[number, number, number, number] | null>;
  setMode(mode: Mode): void;
  stepMode(step: number): void;
  setLevel(level: Level): void;
  stepLevel(): void;
  /** Selects without moving the map. */
  select(selection: Selection | null): void;
  /** Selects a ticket and brings it into view. */
  openTicket(ticket: Pick<TicketView, 'id' | 'lon' | 'lat'> & { cell_key?: string }): void;
  /** Selects an area and brings it into view. */
  openArea(level: Level, key: string): void;
  /** Opens the members of a number. */
  openList(question: ListQuestion): void;
  /** Goes to what the search found. */
  openHit(hit: SearchHit): void;
}

/** How long something is said. */
const noticeMs = 6_000;

/** The area a hit of the search means: `level:key`, or a bare key of whichever level knows it. */
export function areaOfHit(hitKey: string, exists: (level: Level, key: string) => boolean): { level: Level; key: string } | null {
  for (const level of levels) {
    const named = `${level}:`;
    if (hitKey.startsWith(named) && exists(level, hitKey.slice(named.length))) return { level, key: hitKey.slice(named.length) };
  }
  const level = levels.find((one) => exists(one, hitKey));
  return level ? { level, key: hitKey } : null;
}

/** The viewer of a page. `state`: what there is to look at. */
export function openViewer(state: Pick<WallState, 'areas'>, parts: Pick<Viewer, 'view' | 'display' | 'base'>): Viewer {
  const { view } = parts;
  const map = shallowRef<MapHandle | null>(null);
  const openTop = ref<Record<Level, number> | null>(null);
  const late = ref<{ total: number; shown: number } | null>(null);
  const comparison = shallowRef<Comparison | null>(null);
  const heatScale = shallowRef<{ sigma_m: number; max: number } | null>(null);
  const notice = shallowRef<{ key: string; values: Record<string, string> } | null>(null);
  let noticeTimer: ReturnType<typeof setTimeout> | undefined;
  function say(key: string, values: Record<string, string>): void {
    notice.value = { key, values };
    clearTimeout(noticeTimer);
    noticeTimer = setTimeout(() => (notice.value = null), noticeMs);
  }
  const hasLevel = (level: Level): boolean => (state.areas[level].value?.features.length ?? 1) > 0;
  const seen = shallowRef<[number, number, number, number] | null>(null);
  const heatHeld = shallowRef<Held | null>(null);
  const viewer: Viewer = {
    ...parts,
    map,
    heatHeld,
    openTop,
    late,
    comparison,
    heatScale,
    notice,
    hasLevel,
    seen,
    setMode(mode) {
      view.mode = mode;
    },
    stepMode(step) {
      view.mode = neighbour(modes, view.mode, step);
    },
    setLevel(level) {
      if (hasLevel(level)) view.level = level;
      else say('level.missing', { level });
    },
    stepLevel() {
      // Levels that do not exist are passed over, and said.
      const missing = levels.filter((level) => !hasLevel(level));
      const there = levels.filter((level) => hasLevel(level) || level === view.level);
      view.level = neighbour(there, view.level, 1);
      if (missing[0]) say('level.missing', { level: missing.join(' ') });
    },
    select(selection) {
      view.selection = selection;
    },
    openTicket(ticket) {
      const { id, lon, lat, cell_key } = ticket;
      view.selection = { kind: 'ticket', id, ...(cell_key ? { cellKey: cell_key } : {}), ...(lon !== null && lat !== null ? { lon, lat } : {}) };
      if (ticket.lon !== null && ticket.lat !== null) map.value?.flyTo(ticket.lon, ticket.lat);
    },
    openArea(level, key) {
      view.level = level;
      view.selection = { kind: 'area', level, key };
      map.value?.showArea(level, key);
    },
    openList(question) {
      view.selection = null;
      view.dialog = null;
      view.list = question;
    },
    openHit(hit) {
      view.dialog = null;
      if (hit.kind === 'area' || levels.some((level) => level === hit.kind)) {
        const found = areaOfHit(hit.key, (level, key) => state.areas[level].value?.features.some((f) => f.properties.key === key) ?? false);
        if (found) viewer.openArea(found.level, found.key);
        return;
      }
      if (hit.kind === 'ticket') {
        viewer.openTicket({ id: Number(hit.key), lon: hit.lon, lat: hit.lat });
        return;
      }
      if (hit.lon === null || hit.lat === null) return;
      map.value?.flyTo(hit.lon, hit.lat);
      const id = Number(hit.key);
      const point = { kind: hit.kind, id, name: hit.title, state: '', severity: 0, overdue: false, heading_deg: null, fov_deg: null, range_m: null };
      view.selection = { kind: 'point', properties: point, lon: hit.lon, lat: hit.lat };
    },
  };
  return viewer;
}

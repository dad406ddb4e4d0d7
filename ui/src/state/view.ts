/** What the viewer has chosen: scene, level, selection, panels. Nothing of it comes from the server. */
import { reactive } from 'vue';
import type { Level, PointProperties } from '@/wire/wire';
import type { CompareChoice } from './compare';
import type { ListQuestion } from './lists';

/** What the areas' colours say. */
export type Mode = 'heat' | 'time_left' | 'owner' | 'open' | 'compare';

/** The scenes in the order of the digit keys. */
export const modes: readonly Mode[] = ['heat', 'time_left', 'owner', 'open', 'compare'];

/** The levels from small to large. */
export const levels: readonly Level[] = ['cell', 'community', 'street'];

/** What is selected on the wall. */
export type Selection =
  | { kind: 'area'; level: Level; key: string }
  /** The stream may not hold it (found by search, on the map, in a list): then with its cell or its place. */
  | { kind: 'ticket'; id: number; cellKey?: string; lon?: number; lat?: number }
  | { kind: 'point'; properties: PointProperties; lon: number; lat: number };

/** A dialog over the wall; at most one at a time. */
export type Dialog = 'search' | 'keys' | 'settings' | 'account' | 'clock' | null;

/** What the page shows: the live wall, or the drawing table of the planner. */
export type Page = 'wall' | 'planner';

/** The viewer's choices. */
export interface View {
  page: Page;
  mode: Mode;
  level: Level;
  /** Heat and time left as a continuous surface instead of whole areas. */
  smooth: boolean;
  selection: Selection | null;
  dialog: Dialog;
  /** The list that stands open, under whatever is selected. */
  list: ListQuestion | null;
  /** The two periods of the scene of comparison, and what of them is shown. */
  compare: CompareChoice;
  /** The panel that opens next takes the focus: it was asked for by its key. */
  focusPanel: boolean;
  /** Whether a selection says whose it is, in big letters. */
  whose: boolean;
  /** Whose is asked for with nothing selected. */
  whoseAt: { area: string } | { lon: number; lat: number } | null;
  panels: { figures: boolean; stream: boolean; slider: boolean; legend: boolean };
  /** The map has been measured to be slow here and was made cheaper. */
  slow: boolean;
  /** `ok`, or WebGL is missing. */
  map: 'ok' | 'none';
}

/** The choices at the start; `?mode=` and `?level=` of the page's address override them. */
export function initialView(search: string): View {
  const asked = new URLSearchParams(search);
  const want = <T extends string>(name: string, all: readonly T[], otherwise: T): T => all.find((one) => one === asked.get(name)) ?? otherwise;
  return reactive({
    page: want('page', ['wall', 'planner'] as const, 'wall'),
    mode: want('mode', modes, 'heat'),
    level: want('level', levels, 'cell'),
    smooth: true,
    selection: null,
    dialog: null,
    list: null,
    compare: { pair: 'lastWeek', free: null, measure: 'received' },
    focusPanel: false,
    whose: true,
    whoseAt: null,
    panels: { figures: true, stream: true, slider: true, legend: true },
    slow: false,
    map: 'ok',
  });
}

/** The neighbour of a value in a list, going round. */
export function neighbour<T>(all: readonly T[], now: T, step: number): T {
  const at = (all.indexOf(now) + step + all.length) % all.length;
  return all[at] ?? now;
}

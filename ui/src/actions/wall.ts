/** What can be done on the wall. */
import { nextLanguage, setLanguage } from '@/locale';
import type { Feed } from '@/state/app';
import { modes, type View } from '@/state/view';
import type { Viewer } from '@/state/viewer';
import { askedByKey } from '@/wall/whose';
import { action, arrowKeys, capOf, mapActions, panBy, type Action } from './action';

/** Asks the time panel for a step; it owns the width of a step. */
export const timeStepEvent = 'gridwall-time-step';

/** What the wall's actions are done to. */
export interface WallHere {
  feed: Feed;
  viewer: Viewer;
}

function toggleFullscreen(): void {
  if (document.fullscreenElement) void document.exitFullscreen();
  else document.documentElement.requestFullscreen().catch(() => undefined);
}

/** Selects the next ticket of the open list, else of the stream, as it stands on the screen. */
function stepStream({ view }: Viewer, step: number): void {
  const list = document.querySelector('[data-testid=ticket-list]');
  const rows = [...(list ?? document).querySelectorAll<HTMLElement>('[data-ticket]')];
  if (rows.length === 0) return;
  const chosen = view.selection;
  const at = rows.findIndex((row) => chosen?.kind === 'ticket' && row.dataset.ticket === String(chosen.id));
  const next = rows[at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + step))];
  next?.scrollIntoView({ block: 'nearest' });
  (next?.querySelector('button') ?? next)?.click();
}

/** Undoes the topmost thing. */
function back({ feed, viewer }: WallHere): boolean {
  const { view } = viewer;
  if (view.dialog) view.dialog = null;
  else if (view.selection) viewer.select(null);
  else if (view.whoseAt) view.whoseAt = null;
  else if (view.list) view.list = null;
  else if (feed.state.link.asOf !== null) void feed.showTime(null);
  else return false;
  return true;
}

/** Whose is it? Of what is selected; else of the gravest alarm, or of the middle of the map. */
function whose({ feed: { state }, viewer: { view, map } }: WallHere): void {
  if (view.selection) view.whose = !view.whose;
  else view.whoseAt = view.whoseAt ? null : askedByKey(state, map.value?.middle() ?? null);
}

const entry = action<WallHere>;
const panel = (id: keyof View['panels'], key: string): Action<WallHere> => entry({
  id, keys: [key], label: `keys.${id}`, group: 'keys.panels',
  run: ({ viewer: { view } }) => void (view.panels[id] = !view.panels[id]),
});

const scenes: Action<WallHere>[] = [
  entry({
    id: 'scene', keys: modes.map((_, i) => String(i + 1)), label: 'keys.digits', group: 'keys.scenes',
    run: ({ viewer }, { key }) => {
      const mode = modes[Number(key) - 1];
      if (mode) viewer.setMode(mode);
    },
  }),
  entry({ id: 'pages', keys: ['PageUp', 'PageDown'], label: 'keys.pages', group: 'keys.scenes', run: ({ viewer }, { key }) => viewer.stepMode(key === 'PageUp' ? -1 : 1) }),
  entry({ id: 'level', keys: ['L'], label: 'keys.level', group: 'keys.scenes', run: ({ viewer }) => viewer.stepLevel() }),
  entry({ id: 'surface', keys: ['R'], label: 'keys.surface', group: 'keys.scenes', run: ({ viewer: { view } }) => void (view.smooth = !view.smooth) }),
];

const times: Action<WallHere>[] = [
  entry({
    id: 'past', keys: ['[', ']'], label: 'keys.past', group: 'keys.time',
    run: (_, { key }) => window.dispatchEvent(new CustomEvent(timeStepEvent, { detail: key === '[' ? -1 : 1 })),
  }),
  entry({
    id: 'known', keys: ['B'], label: 'keys.known', group: 'keys.time',
    run: ({ feed }) => {
      void feed.showKnown(!feed.state.link.byThen);
      return feed.state.link.asOf !== null;
    },
  }),
  entry({ id: 'now', keys: ['Home'], label: 'asOf.back', help: 'keys.now', group: 'keys.time', run: ({ feed }) => void feed.showTime(null) }),
];

const lists: Action<WallHere>[] = [
  entry({
    id: 'late', keys: ['D'], label: 'keys.late', group: 'keys.lists',
    run: ({ viewer }) => {
      // One key for what is late, and the same key to leave it.
      if (viewer.view.list?.set === 'late' && !viewer.view.selection) viewer.view.list = null;
      else viewer.openList({ set: 'late' });
    },
  }),
  entry({ id: 'whose', keys: ['O'], label: 'keys.whose', group: 'keys.lists', run: whose }),
  entry({
    id: 'compare', keys: ['C'], label: 'keys.compare', group: 'keys.lists',
    run: ({ viewer }) => {
      viewer.view.focusPanel = viewer.view.mode !== 'compare';
      viewer.setMode(viewer.view.mode === 'compare' ? 'heat' : 'compare');
    },
  }),
];

const map: Action<WallHere>[] = [
  entry({
    id: 'pan', keys: arrowKeys, label: 'keys.pan', group: 'keys.map',
    // A list that has the focus keeps its arrows for its rows.
    after: [{ group: 'keys.lists', caps: ['ArrowUp', 'ArrowDown'].map(capOf), words: 'keys.rows' }],
    run: ({ viewer }, press) => {
      if (press.target instanceof HTMLElement && press.target.matches('[role=slider]')) return false;
      panBy(viewer.map.value, press);
      return true;
    },
  }),
  ...mapActions<WallHere>(({ viewer }) => viewer.map.value, 'keys.map', 'keys'),
];

const others: Action<WallHere>[] = [
  entry({ id: 'search', keys: ['/'], label: 'action.search', help: 'keys.search', group: 'keys.other', run: ({ viewer: { view } }) => void (view.dialog = 'search') }),
  entry({ id: 'next', keys: ['K', 'J'], label: 'keys.next', group: 'keys.other', run: ({ viewer }, { key }) => stepStream(viewer, key.toUpperCase() === 'J' ? 1 : -1) }),
  entry({ id: 'back', keys: ['Escape'], label: 'keys.escape', group: 'keys.other', before: [{ group: 'keys.lists', caps: [capOf('Escape')], words: 'keys.back' }], overDialogs: true, run: back }),
  // The page's own: from place to place.
  entry({ id: 'tab', keys: ['Tab'], label: 'keys.tab', group: 'keys.other', run: () => false }),
  entry({ id: 'language', keys: ['G'], label: 'action.language', help: 'keys.language', group: 'keys.other', run: () => setLanguage(nextLanguage()) }),
  entry({ id: 'full', keys: ['F'], label: 'action.full', help: 'keys.full', group: 'keys.other', run: toggleFullscreen }),
  entry({ id: 'settings', keys: ['S'], label: 'action.settings', help: 'keys.settings', group: 'keys.other', run: ({ viewer: { view } }) => void (view.dialog = 'settings') }),
  entry({ id: 'account', keys: ['U'], label: 'action.account', help: 'keys.account', group: 'keys.other', run: ({ viewer: { view } }) => void (view.dialog = 'account') }),
  entry({ id: 'planner', keys: ['P'], label: 'action.planner', help: 'keys.planner', group: 'keys.other', run: ({ viewer: { view } }) => void (view.page = 'planner') }),
  entry({
    id: 'help', keys: ['?'], label: 'action.keys', help: 'keys.help', group: 'keys.other', overDialogs: true,
    run: ({ viewer: { view } }) => {
      if (view.dialog !== null && view.dialog !== 'keys') return false;
      view.dialog = view.dialog === 'keys' ? null : 'keys';
      return true;
    },
  }),
];

/** Headings of the wall's list of keys, in their order. */
export const wallGroups = ['keys.scenes', 'keys.map', 'keys.time', 'keys.panels', 'keys.lists', 'keys.other'] as const;

/** Every action of the wall; within a heading the list of keys follows this order. */
export const wallActions: readonly Action<WallHere>[] = [
  ...scenes, ...times, panel('figures', 'Q'), panel('stream', 'W'), panel('slider', 'T'), panel('legend', 'E'), ...lists, ...map, ...others,
];

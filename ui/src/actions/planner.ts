/** What can be done in the planner. */
import { nextLanguage, setLanguage } from '@/locale';
import type { Viewer } from '@/state/viewer';
import type { Planner } from '@/planner/session';
import { tools, type PlannerDialog, type Tool } from '@/planner/state';
import { action, arrowKeys, capOf, mapActions, panBy, type Action, type Press } from './action';
import { moveFocus } from './focus';

/** What the planner's actions are done to. */
export interface PlannerHere {
  viewer: Pick<Viewer, 'view'>;
  planner: Planner;
}

/** The letter of each tool. */
const toolKeys: Readonly<Record<Tool, string>> = {
  select: 'V', vertex: 'E', insert: 'I', delete: 'D', reshape: 'R', split: 'S', merge: 'M', transfer: 'T', fill_gap: 'F', simplify: 'Y', number: 'N',
};

/** Dialogs beside the map, which stays to be seen and used. */
const dockedDialogs: ReadonlySet<string> = new Set(['proposals']);
const isDocked = (dialog: PlannerDialog): boolean => dialog !== null && dockedDialogs.has(dialog);

/** Whether a dialog lies above the planner and keeps the keys to itself; a list docked beside the map leaves the map its keys. */
export function isCovered({ viewer, planner }: PlannerHere): boolean {
  const { dialog } = planner.state;
  return (dialog !== null && !isDocked(dialog)) || viewer.view.dialog !== null;
}

const entry = action<PlannerHere>;
/** The tool in hand has the first word about its keys. */
const hand = ({ planner }: PlannerHere, press: Press): boolean => planner.map?.key({ key: press.key, shiftKey: press.shiftKey, altKey: press.altKey ?? false }) ?? false;
const isEditable = ({ planner }: PlannerHere): boolean => planner.editable.value;

/** Undoes the topmost thing: a dialog, what is in hand, a word of refusal, the tool, the selection. */
function back(here: PlannerHere, press: Press): boolean {
  const { viewer, planner } = here;
  const { state } = planner;
  if (state.dialog !== null && !isDocked(state.dialog)) state.dialog = null;
  // A dialog of the wall (signing in, settings) lies above.
  else if (viewer.view.dialog !== null) viewer.view.dialog = null;
  else if (hand(here, press)) return true;
  else if (state.refusal || state.problem || state.conflict) Object.assign(state, { refusal: null, problem: null, conflict: null });
  else if (state.dialog !== null) state.dialog = null;
  else if (state.tool !== 'select') planner.setTool('select');
  else if (state.selection.size > 0) planner.select([]);
  else return false;
  return true;
}

const toolActions = tools.map((tool) => entry({
  id: `tool-${tool}`, keys: [toolKeys[tool]], label: `planner.tool.${tool}`, group: 'planner.keys.tools',
  available: (here) => tool === 'select' || isEditable(here),
  run: ({ planner }) => planner.setTool(tool),
}));

const handOnly = (id: string, keys: readonly string[], more: { caps?: readonly string[] } = {}): Action<PlannerHere> =>
  entry({ id, keys, label: `planner.keys.${id}`, group: 'planner.keys.hand', withAlt: true, run: hand, ...more });

const handActions: Action<PlannerHere>[] = [
  handOnly('next', ['Tab'], { caps: ['Tab', 'Shift+Tab'] }),
  entry({
    id: 'pan', keys: arrowKeys, label: 'planner.keys.pan', group: 'planner.keys.picture', withAlt: true,
    before: [
      { group: 'planner.keys.hand', caps: arrowKeys.map(capOf), words: 'planner.keys.step' },
      { group: 'planner.keys.hand', caps: [`Shift+${capOf('ArrowLeft')}`], words: 'planner.keys.step10' },
    ],
    run: (here, press) => {
      if (hand(here, press)) return true;
      if (press.altKey) return false;
      panBy(here.planner.map, press);
      return true;
    },
  }),
  handOnly('point', [' ']),
  handOnly('done', ['Enter']),
  entry({ id: 'back', keys: ['Escape'], label: 'planner.keys.back', group: 'planner.keys.hand', overDialogs: true, run: back }),
  handOnly('remove', ['Delete', 'Backspace'], { caps: [capOf('Delete')] }),
  // Held while the pointer draws: the map asks for it itself.
  entry({ id: 'noSnap', keys: ['Alt'], label: 'planner.keys.noSnap', group: 'planner.keys.hand', run: () => false }),
];

const planActions: Action<PlannerHere>[] = [
  entry({
    id: 'undo', keys: ['Ctrl+Z'], label: 'planner.action.undo', help: 'planner.keys.undo', group: 'planner.keys.plan',
    available: (here) => isEditable(here) && here.planner.state.canUndo, run: ({ planner }) => void planner.undo(),
  }),
  entry({
    id: 'redo', keys: ['Ctrl+Shift+Z', 'Ctrl+Y'], label: 'planner.action.redo', help: 'planner.keys.redo', group: 'planner.keys.plan',
    available: (here) => isEditable(here) && here.planner.state.redo.length > 0, run: ({ planner }) => void planner.redo(),
  }),
  entry({
    id: 'snapshot', keys: ['Ctrl+S'], label: 'planner.action.snapshot', help: 'planner.keys.snapshot', group: 'planner.keys.plan',
    available: (here) => here.planner.state.opened !== null && isEditable(here), run: ({ planner: { state } }) => void (state.dialog = 'snapshot'),
  }),
];

const pictureActions: Action<PlannerHere>[] = [
  ...mapActions<PlannerHere>(({ planner }) => planner.map, 'planner.keys.picture', 'planner.keys'),
  entry({
    id: 'base', keys: ['K'], label: 'planner.legend.base', help: 'planner.keys.base', group: 'planner.keys.picture',
    available: ({ planner }) => planner.state.opened !== null,
    run: ({ planner: { state, plan } }) => void (state.overlay = state.overlay === null ? (plan.value?.base_plan ?? null) : null),
  }),
  entry({ id: 'focus', keys: ['F6'], label: 'planner.keys.focus', group: 'planner.keys.picture', run: (_, { shiftKey }) => moveFocus(shiftKey ? -1 : 1) }),
  entry({ id: 'language', keys: ['G'], label: 'action.language', help: 'planner.keys.language', group: 'planner.keys.picture', run: () => setLanguage(nextLanguage()) }),
  entry({ id: 'wall', keys: ['W'], label: 'planner.action.leave', help: 'planner.keys.wall', group: 'planner.keys.picture', run: ({ viewer: { view } }) => void (view.page = 'wall') }),
];

/** A door to a dialog; `planless`: it needs no open plan. */
const door = (dialog: NonNullable<PlannerDialog>, key: string, planless = false): Action<PlannerHere> => entry({
  id: `door-${dialog}`, keys: [key], label: `planner.door.${dialog}`, group: 'planner.keys.doors',
  available: ({ planner }) => planless || planner.state.opened !== null,
  run: ({ planner: { state } }) => void (state.dialog = dialog),
});

const doorActions: Action<PlannerHere>[] = [
  door('plans', 'O', true), door('new_plan', 'L', true), door('proposals', 'B'), door('compare', 'C'), door('overlay', 'J'), door('impact', 'A'),
  door('export', 'X'), door('review', 'P'), door('settings', ',', true),
  entry({
    id: 'help', keys: ['?'], label: 'action.keys', help: 'planner.door.keys', group: 'planner.keys.doors', overDialogs: true,
    run: (here) => {
      const { state } = here.planner;
      if (isCovered(here) && state.dialog !== 'keys') return false;
      state.dialog = state.dialog === 'keys' ? null : 'keys';
      return true;
    },
  }),
  // Letters are for drawing here; on the wall it has one.
  entry({ id: 'account', keys: null, label: 'action.account', group: 'planner.keys.doors', run: ({ viewer: { view } }) => void (view.dialog = 'account') }),
];

/** Headings of the planner's list of keys, in their order. */
export const plannerGroups = ['planner.keys.tools', 'planner.keys.hand', 'planner.keys.plan', 'planner.keys.picture', 'planner.keys.doors'] as const;

/** Every action of the planner; within a heading the list of keys follows this order. */
export const plannerActions: readonly Action<PlannerHere>[] = [
  ...toolActions,
  entry({
    id: 'outer', keys: ['U'], label: 'planner.outer.switch', group: 'planner.keys.tools', available: isEditable,
    run: ({ planner: { state } }) => void (state.outer = !state.outer),
  }),
  ...handActions, ...planActions, ...pictureActions, ...doorActions,
];

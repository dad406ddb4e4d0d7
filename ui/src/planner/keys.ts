/** The keys of the planner. Those of the tool in hand (points, arrows, Enter) are the map's; these come after. */
import { onBeforeUnmount, onMounted } from 'vue';
import { nextLanguage, setLanguage } from '@/locale';
import type { Wall } from '@/state/app';
import type { Planner, PlannerDialog, Tool } from './session';

/** The letter of each tool. */
export const toolKeys: Readonly<Record<Tool, string>> = {
  select: 'V', vertex: 'E', insert: 'I', delete: 'D', reshape: 'R', split: 'S', merge: 'M', transfer: 'T', fill_gap: 'F', simplify: 'Y', number: 'N',
};

/** The letter of each dialog. */
export const doorKeys: Readonly<Partial<Record<NonNullable<PlannerDialog>, string>>> = {
  plans: 'O', new_plan: 'L', proposals: 'B', compare: 'C', overlay: 'J', impact: 'A', export: 'X', review: 'P', settings: ',', keys: '?',
};

/** The letter of the borders of the base plan. */
export const overlayKey = 'K';

/** Dialogs that need no open plan. */
const planless: ReadonlySet<string> = new Set(['plans', 'new_plan', 'settings', 'keys']);

/** Dialogs beside the map, which stays to be seen and used. */
const dockedDialogs: ReadonlySet<string> = new Set(['proposals']);

/** The letter of the switch for the outer border. */
export const outerKey = 'U';

type Press = Pick<KeyboardEvent, 'key' | 'shiftKey' | 'ctrlKey' | 'metaKey' | 'altKey'>;

/** One press; answers whether it was used. `typing`: the press belongs to a field. */
export function press(wall: Pick<Wall, 'view'>, planner: Planner, event: Press, typing: boolean): boolean {
  const { state } = planner;
  const key = event.key;
  // A list docked beside the map leaves the map its keys; Escape first ends what is in hand there.
  const docked = state.dialog !== null && dockedDialogs.has(state.dialog);
  if (state.dialog !== null && !docked) {
    if (key === 'Escape' || (key === '?' && state.dialog === 'keys')) {
      state.dialog = null;
      return true;
    }
    return false;
  }
  // A dialog of the wall (signing in, settings) lies above.
  if (wall.view.dialog !== null) {
    if (key !== 'Escape') return false;
    wall.view.dialog = null;
    return true;
  }
  if (typing && key !== 'Escape') return false;
  if (event.ctrlKey || event.metaKey) return command(planner, event);
  if (planner.map?.key(event)) return true;
  if (event.altKey) return false;
  if (key === 'Escape') {
    if (state.refusal || state.problem || state.conflict) Object.assign(state, { refusal: null, problem: null, conflict: null });
    else if (docked) state.dialog = null;
    else if (state.tool !== 'select') planner.setTool('select');
    else if (state.selection.size > 0) planner.select([]);
    else return false;
    return true;
  }
  const upper = key.toUpperCase();
  for (const [dialog, letter] of Object.entries(doorKeys)) {
    if (letter !== upper) continue;
    if (planless.has(dialog) || state.opened) state.dialog = dialog as PlannerDialog;
    return true;
  }
  for (const [tool, letter] of Object.entries(toolKeys)) {
    if (letter !== upper) continue;
    if (tool === 'select' || planner.editable.value) planner.setTool(tool as Tool);
    return true;
  }
  if (upper === outerKey) {
    if (planner.editable.value) state.outer = !state.outer;
    return true;
  }
  if (upper === overlayKey) {
    if (state.opened) state.overlay = state.overlay === null ? (planner.plan.value?.base_plan ?? null) : null;
    return true;
  }
  if (key === 'F6') {
    moveFocus(event.shiftKey ? -1 : 1);
    return true;
  }
  const far = event.shiftKey ? 0.5 : 0.18;
  switch (key) {
    case 'ArrowLeft':
      planner.map?.pan(-far, 0);
      return true;
    case 'ArrowRight':
      planner.map?.pan(far, 0);
      return true;
    case 'ArrowUp':
      planner.map?.pan(0, far);
      return true;
    case 'ArrowDown':
      planner.map?.pan(0, -far);
      return true;
    case '+':
    case '=':
      planner.map?.zoom(0.5);
      return true;
    case '-':
    case '_':
      planner.map?.zoom(-0.5);
      return true;
    case '0':
      planner.map?.fit();
      return true;
    case 'g':
    case 'G':
      setLanguage(nextLanguage());
      return true;
    case 'w':
    case 'W':
      wall.view.page = 'wall';
      return true;
    default:
      return false;
  }
}

/** Presses with Ctrl (or the Apple key). */
function command(planner: Planner, event: Press): boolean {
  const { state } = planner;
  switch (event.key.toLowerCase()) {
    case 'z':
      void (event.shiftKey ? redo(planner) : undo(planner));
      return true;
    case 'y':
      void redo(planner);
      return true;
    case 's':
      if (state.opened && planner.editable.value) state.dialog = 'snapshot';
      return true;
    default:
      return false;
  }
}
const undo = (planner: Planner): unknown => planner.editable.value && planner.state.canUndo && planner.undo();
const redo = (planner: Planner): unknown => planner.editable.value && planner.state.redo.length > 0 && planner.redo();

/** Tab walks on the map while it has the focus; this key goes from map to strip, tools, panels and bar. */
function moveFocus(by: number): void {
  const stops = [document.querySelector<HTMLElement>('.planner canvas'), document.querySelector<HTMLElement>('.planner .foot :is(button, input):not(:disabled)'), document.querySelector<HTMLElement>('.planner [role=toolbar] button:not(:disabled)'), document.querySelector<HTMLElement>('.planner [role=tab][aria-selected=true]'), document.querySelector<HTMLElement>('.planner .docked button'), document.querySelector<HTMLElement>('.planner header button')];
  const areas = ['.centre .box', '.foot', '[role=toolbar]', '.side', '.docked', 'header'];
  const now = areas.findIndex((area) => document.activeElement?.closest(`.planner ${area}`));
  // A stop that has nothing to take hold of just now is passed over.
  for (let i = 1; i <= stops.length; i += 1) {
    const stop = stops[((now < 0 ? 0 : now) + by * i + stops.length * i) % stops.length];
    if (!stop) continue;
    stop.focus();
    return;
  }
}

/** Whether a press belongs to a field that takes text or numbers. */
function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input:not([type=range], [type=checkbox], [type=radio]), textarea, select, [contenteditable]');
}
/** Enter and the space bar belong to the button that has the focus; Tab to the page, unless the map has the focus. */
function isWidgets(event: KeyboardEvent): boolean {
  if (!(event.target instanceof HTMLElement)) return false;
  if (event.target.matches('input[type=range]') && event.key.startsWith('Arrow')) return true;
  // Sliders and choices do nothing with Enter: there it does what the hint of the tool says.
  if (event.key === 'Enter' && event.target.matches('input[type=range], input[type=radio]')) return false;
  return (event.key === 'Enter' || event.key === ' ') && event.target.matches('button, [role=button], a, input, summary');
}

/** Listens while the planner stands. */
export function usePlannerKeys(wall: Wall, planner: Planner): void {
  const onKey = (event: KeyboardEvent): void => {
    if (event.isComposing || isWidgets(event)) return;
    if (press(wall, planner, event, isTyping(event.target))) event.preventDefault();
  };
  onMounted(() => addEventListener('keydown', onKey));
  onBeforeUnmount(() => removeEventListener('keydown', onKey));
}

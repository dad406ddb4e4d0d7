/** The keyboard drives everything; the pointer hides when it idles. */
import { onBeforeUnmount, onMounted } from 'vue';
import { nextLanguage, setLanguage } from '@/locale';
import type { Wall } from '@/state/app';
import { askedByKey } from './whose';
import { modes } from '@/state/view';

/** After so long without a move the pointer disappears. */
const pointerIdleMs = 5000;

/** Asks the time panel for a step; it owns the width of a step. */
export const timeStepEvent = 'gridwall-time-step';

/** Whether a key press belongs to a field or a widget that uses arrows itself. */
function isTyping(event: KeyboardEvent): boolean {
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  // A choice needs its arrows; digits and letters go on driving the wall, or it would be deaf until somebody clicks elsewhere.
  if (target.matches('select')) return /^(Arrow|Home$|End$|Page|Enter$| $)/.test(event.key);
  return target.matches('input:not([type=range]), textarea, [contenteditable]');
}

function toggleFullscreen(): void {
  if (document.fullscreenElement) void document.exitFullscreen();
  else document.documentElement.requestFullscreen().catch(() => undefined);
}

/** One press; returns whether it was used. */
export function press(wall: Wall, event: Pick<KeyboardEvent, 'key' | 'shiftKey' | 'target'>): boolean {
  const { view, state, feed } = wall;
  const map = wall.map.value;
  const key = event.key;
  if (key === 'Escape') {
    if (view.dialog) view.dialog = null;
    else if (view.selection) wall.select(null);
    else if (view.whoseAt) view.whoseAt = null;
    else if (view.list) view.list = null;
    else if (state.link.asOf !== null) void feed.showTime(null);
    else return false;
    return true;
  }
  if (view.dialog) {
    if (key === '?' && view.dialog === 'keys') {
      view.dialog = null;
      return true;
    }
    return false;
  }
  const digit = modes[Number(key) - 1];
  if (/^[1-9]$/.test(key)) {
    if (digit) wall.setMode(digit);
    return digit !== undefined;
  }
  const onSlider = event.target instanceof HTMLElement && event.target.matches('[role=slider]');
  const far = event.shiftKey ? 0.5 : 0.18;
  switch (key) {
    case 'ArrowLeft':
    case 'ArrowRight':
    case 'ArrowUp':
    case 'ArrowDown': {
      if (onSlider) return false;
      const [x, y] = { ArrowLeft: [-far, 0], ArrowRight: [far, 0], ArrowUp: [0, far], ArrowDown: [0, -far] }[key];
      map?.pan(x ?? 0, y ?? 0);
      return true;
    }
    case '+':
    case '=':
      map?.zoom(0.5);
      return true;
    case '-':
    case '_':
      map?.zoom(-0.5);
      return true;
    case '0':
      map?.fit();
      return true;
    case 'PageUp':
      wall.stepMode(-1);
      return true;
    case 'PageDown':
      wall.stepMode(1);
      return true;
    case 'Home':
      void feed.showTime(null);
      return true;
    case '[':
    case ']':
      window.dispatchEvent(new CustomEvent(timeStepEvent, { detail: key === '[' ? -1 : 1 }));
      return true;
    case '/':
      view.dialog = 'search';
      return true;
    case '?':
      view.dialog = 'keys';
      return true;
    default:
  }
  switch (key.toLowerCase()) {
    case 'l':
      wall.stepLevel();
      return true;
    case 'r':
      view.smooth = !view.smooth;
      return true;
    case 'q':
      view.panels.figures = !view.panels.figures;
      return true;
    case 'w':
      view.panels.stream = !view.panels.stream;
      return true;
    case 't':
      view.panels.slider = !view.panels.slider;
      return true;
    case 'e':
      view.panels.legend = !view.panels.legend;
      return true;
    case 'g':
      setLanguage(nextLanguage());
      return true;
    case 'f':
      toggleFullscreen();
      return true;
    case 's':
      view.dialog = 'settings';
      return true;
    case 'u':
      view.dialog = 'account';
      return true;
    case 'p':
      view.page = 'planner';
      return true;
    case 'd':
      // One key for what is late, and the same key to leave it.
      if (view.list?.set === 'late' && !view.selection) view.list = null;
      else wall.openList({ set: 'late' });
      return true;
    case 'b':
      void feed.showKnown(!state.link.byThen);
      return state.link.asOf !== null;
    case 'o':
      // Whose is it? Of what is selected; else of the gravest alarm, or of the middle of the map.
      if (view.selection) view.whose = !view.whose;
      else view.whoseAt = view.whoseAt ? null : askedByKey(state, map?.middle() ?? null);
      return true;
    case 'c':
      view.focusPanel = view.mode !== 'compare';
      wall.setMode(view.mode === 'compare' ? 'heat' : 'compare');
      return true;
    case 'j':
    case 'k':
      stepStream(wall, key.toLowerCase() === 'j' ? 1 : -1);
      return true;
    default:
      return false;
  }
}

/** Selects the next ticket of the open list, else of the stream, as it stands on the screen. */
function stepStream(wall: Wall, step: number): void {
  const list = document.querySelector('[data-testid=ticket-list]');
  const rows = [...(list ?? document).querySelectorAll<HTMLElement>('[data-ticket]')];
  if (rows.length === 0) return;
  const chosen = wall.view.selection;
  const at = rows.findIndex((row) => chosen?.kind === 'ticket' && row.dataset.ticket === String(chosen.id));
  const next = rows[at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + step))];
  next?.scrollIntoView({ block: 'nearest' });
  (next?.querySelector('button') ?? next)?.click();
}

/** Listens while the wall stands. */
export function useKeys(wall: Wall): void {
  const onKey = (event: KeyboardEvent): void => {
    // The planner has its own keys.
    if (wall.view.page !== 'wall') return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (isTyping(event) && event.key !== 'Escape') return;
    if (press(wall, event)) event.preventDefault();
  };
  let idle: ReturnType<typeof setTimeout> | undefined;
  const onMove = (): void => {
    document.documentElement.classList.remove('idle-pointer');
    clearTimeout(idle);
    idle = setTimeout(() => document.documentElement.classList.add('idle-pointer'), pointerIdleMs);
  };
  onMounted(() => {
    addEventListener('keydown', onKey);
    addEventListener('pointermove', onMove);
    onMove();
  });
  onBeforeUnmount(() => {
    removeEventListener('keydown', onKey);
    removeEventListener('pointermove', onMove);
    clearTimeout(idle);
  });
}

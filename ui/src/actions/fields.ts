/** Which presses belong to a field or a widget that has the focus, and not to the page's actions. */
import type { Page } from '@/state/view';

const text = 'textarea, [contenteditable]';

/** On the wall a choice keeps its arrows; digits and letters go on driving the wall, or it would be deaf until somebody clicks elsewhere. */
function onWall(target: HTMLElement, key: string): 'text' | null {
  if (target.matches('select')) return /^(Arrow|Home$|End$|Page|Enter$| $)/.test(key) ? 'text' : null;
  return target.matches(`input:not([type=range]), ${text}`) ? 'text' : null;
}

/** In the planner Enter and the space bar belong to the button that has the focus, and arrows to a slider. */
function inPlanner(target: HTMLElement, key: string): 'text' | 'widget' | null {
  if (target.matches('input[type=range]') && key.startsWith('Arrow')) return 'widget';
  // Sliders and choices do nothing with Enter: there it does what the hint of the tool says.
  const idle = key === 'Enter' && target.matches('input[type=range], input[type=radio]');
  if (!idle && (key === 'Enter' || key === ' ') && target.matches('button, [role=button], a, input, summary')) return 'widget';
  return target.matches(`input:not([type=range], [type=checkbox], [type=radio]), select, ${text}`) ? 'text' : null;
}

/** `text`: a field takes it, but for Escape; `widget`: it is wholly the widget's. */
export function belongsToField(page: Page, { target, key }: KeyboardEvent): 'text' | 'widget' | null {
  if (!(target instanceof HTMLElement)) return null;
  return page === 'wall' ? onWall(target, key) : inPlanner(target, key);
}

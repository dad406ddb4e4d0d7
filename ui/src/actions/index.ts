/** The one registry of what can be done, and the one ear for the keyboard. */
import { onBeforeUnmount, onMounted } from 'vue';
import { useI18n } from 'vue-i18n';
import type { Page } from '@/state/view';
import { keyName, capOf, type Action, type Line, type Press } from './action';
import { belongsToField } from './fields';
import { isCovered, plannerActions, plannerGroups, type PlannerHere } from './planner';
import { wallActions, wallGroups, type WallHere } from './wall';

/** What the actions of each page are done to. */
interface Heres {
  wall: WallHere;
  planner: PlannerHere;
}

/** Every action, by page. */
export const actions: { readonly [P in Page]: readonly Action<Heres[P]>[] } = { wall: wallActions, planner: plannerActions };

/** Whether a dialog lies above the page. */
const covered: { readonly [P in Page]: (here: Heres[P]) => boolean } = { wall: ({ viewer }) => viewer.view.dialog !== null, planner: isCovered };

/** One press; answers whether it was used. `typing`: the press belongs to a field. */
export function press<P extends Page>(page: P, here: Heres[P], event: Press, typing = false): boolean {
  const name = keyName(event);
  const found = actions[page].find(({ keys }) => keys?.includes(name));
  if (!found || (covered[page](here) && !found.overDialogs)) return false;
  if (typing && name !== 'Escape') return false;
  if (event.altKey && !found.withAlt) return false;
  return found.available?.(here) === false || found.run(here, event) !== false;
}

/** Listens while the page stands. */
export function useKeys<P extends Page>(page: P, here: Heres[P]): void {
  const onKey = (event: KeyboardEvent): void => {
    // The wall stays alive behind the planner.
    if (here.viewer.view.page !== page || event.isComposing) return;
    const field = belongsToField(page, event);
    if (field === 'widget') return;
    if (press(page, here, event, field === 'text')) event.preventDefault();
  };
  onMounted(() => addEventListener('keydown', onKey));
  onBeforeUnmount(() => removeEventListener('keydown', onKey));
}

/** The list of keys of a page: headings with their lines. */
export function helpOf(page: Page): { group: string; lines: Line[] }[] {
  const all = actions[page].flatMap(({ lines }) => lines);
  const groups: readonly string[] = { wall: wallGroups, planner: plannerGroups }[page];
  return groups.map((group) => ({ group, lines: all.filter((line) => line.group === group) }));
}

/** A button of an action. */
export interface Button {
  /** Words and key, as the pointer is told. */
  title(words?: string): string;
  label(): string;
  /** Its first key as it is printed; empty without one. */
  cap: string;
  disabled(): boolean;
  run(): void;
}

/** Buttons of a page's actions by their names; what they say and do is in the registry. */
export function useButtons<P extends Page>(page: P, here: Heres[P]): (id: string) => Button {
  const { t } = useI18n();
  return (id) => {
    const found = actions[page].find((one) => one.id === id);
    if (!found) throw new Error(`no action ${id} on the page ${page}`);
    const cap = found.keys === null ? '' : capOf(found.keys[0] ?? '');
    const label = (): string => t(found.label);
    return {
      cap,
      label,
      title: (words = label()) => (cap === '' ? words : `${words} (${cap})`),
      disabled: () => found.available?.(here) === false,
      run: () => void found.run(here, { key: found.keys?.[0] ?? '', shiftKey: false }),
    };
  };
}

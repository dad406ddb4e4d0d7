/** Arrows go through the lines of a panel; choices and sliders keep their own arrows. */
import type { Ref } from 'vue';

/** The lines (`data-row`) of a box, and its key handler. */
export function useRows(box: Ref<HTMLElement | null>): { rows: () => HTMLElement[]; key: (event: KeyboardEvent) => void } {
  const rows = (): HTMLElement[] => [...(box.value?.querySelectorAll<HTMLElement>('[data-row]') ?? [])];
  function key(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.target instanceof HTMLSelectElement || event.target instanceof HTMLInputElement) return;
    const all = rows();
    const at = all.findIndex((row) => row.contains(document.activeElement));
    const next = all[at < 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + step))];
    next?.focus();
    next?.scrollIntoView({ block: 'nearest' });
    event.preventDefault();
    event.stopPropagation();
  }
  return { rows, key };
}

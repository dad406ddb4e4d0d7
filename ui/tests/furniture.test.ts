/** The furniture of the pages: what a dialog does with the focus, and what a row of choices says it is. */
import { createApp, h, nextTick, ref, type App, type Component } from 'vue';
import { afterEach, describe, expect, it, vi } from 'vitest';
import ChoiceRow from '@/parts/ChoiceRow.vue';
import DialogFrame from '@/parts/DialogFrame.vue';
import DialogSheet from '@/parts/DialogSheet.vue';

let apps: App[] = [];
function show(render: () => ReturnType<typeof h> | null): HTMLElement {
  const root = document.createElement('div');
  document.body.append(root);
  const app = createApp({ setup: () => render });
  app.mount(root);
  apps.push(app);
  return root;
}
afterEach(() => {
  for (const app of apps) app.unmount();
  apps = [];
  document.body.replaceChildren();
});
const focused = (): string | null => document.activeElement?.textContent ?? null;
const button = (words: string, more = {}): ReturnType<typeof h> => h('button', more, words);

describe('a dialog', () => {
  it('takes the focus, keeps it among its own, and gives it back to where it was', async () => {
    const outside = document.createElement('button');
    outside.textContent = 'outside';
    document.body.append(outside);
    outside.focus();
    const open = ref(true);
    const root = show(() => (open.value ? h(DialogFrame, { label: 'x' }, () => [button('one'), button('off', { disabled: true }), button('two')]) : null));
    expect(focused()).toBe('one');
    const tab = (shiftKey: boolean): boolean => !root.querySelector('[role=dialog]')?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Tab', shiftKey, cancelable: true }));
    expect([tab(true), focused()]).toEqual([true, 'two']);
    expect([tab(false), focused()]).toEqual([true, 'one']);
    open.value = false;
    await nextTick();
    expect(focused()).toBe('outside');
  });
  it('begins where it is told to, and says that it is left by a press beside it, not within', () => {
    const close = vi.fn();
    const root = show(() => h(DialogFrame, { label: 'x', onClose: close }, () => [button('one'), button('two', { autofocus: '' })]));
    expect(focused()).toBe('two');
    root.querySelector<HTMLElement>('[role=dialog]')?.click();
    expect(close).not.toHaveBeenCalled();
    root.querySelector<HTMLElement>('.shade')?.click();
    expect(close).toHaveBeenCalledTimes(1);
  });
  it('of words has its heading, its own mark on the sheet, and a row of buttons only where there are some', () => {
    const foot = ref(false);
    const sheet = (): ReturnType<typeof h> => h(DialogSheet, { label: 'label', heading: 'heading', 'data-testid': 'sheet' }, { default: () => h('p', 'words'), ...(foot.value ? { foot: () => button('leave') } : {}) });
    const root = show(sheet);
    const mark = (): Element | null => root.querySelector('[data-testid=sheet]');
    expect([mark()?.querySelector('h2')?.textContent, root.querySelector('[role=dialog]')?.getAttribute('aria-label'), mark()?.querySelector('button')]).toEqual(['heading', 'label', null]);
    foot.value = true;
    return nextTick().then(() => expect(mark()?.querySelector('button')?.textContent).toBe('leave'));
  });
});

describe('a row of choices', () => {
  const row = (as: 'tabs' | 'filters', chosen: string, told: (one: string) => void): HTMLElement =>
    show(() => h(ChoiceRow as Component, { of: ['a', 'b', 'c'], as, modelValue: chosen, testId: 'show', barred: (one: string) => one === 'c', 'onUpdate:modelValue': told }, { default: ({ one }: { one: string }) => one.toUpperCase() }));
  it.each([
    ['tabs', 'tablist', 'tab', 'aria-selected'],
    ['filters', 'radiogroup', 'radio', 'aria-checked'],
  ] as const)('of %s is a %s of %ss', (as, whole, each, state) => {
    const told = vi.fn();
    const root = row(as, 'b', told);
    const all = [...root.querySelectorAll<HTMLButtonElement>(`[role=${whole}] > [role=${each}]`)];
    expect(all.map((one) => [one.textContent, one.dataset.testid, one.getAttribute(state), one.disabled])).toEqual([['A', 'show-a', 'false', false], ['B', 'show-b', 'true', false], ['C', 'show-c', 'false', true]]);
    all[0]?.click();
    expect(told).toHaveBeenCalledWith('a');
  });
  it('may have none of them chosen', () => {
    const root = row('filters', 'another', () => undefined);
    expect(root.querySelectorAll('[aria-checked=true]')).toHaveLength(0);
  });
});

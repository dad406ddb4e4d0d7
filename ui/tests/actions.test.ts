/** The registry of actions: words in both languages, no key twice, and a list of keys that hides nothing. */
import { describe, expect, it } from 'vitest';
import { actions, helpOf } from '@/actions';
import { capOf } from '@/actions/action';
import { dictionaries } from '@/locale';

type Tree = string | { [key: string]: Tree };
const words = (tree: Tree, path: string): Tree | undefined => path.split('.').reduce<Tree | undefined>((at, key) => (typeof at === 'object' ? at[key] : undefined), tree);
const pages = ['wall', 'planner'] as const;
/** What an action says of itself, without what it is done to. */
const entries = { wall: actions.wall.map(({ id, keys, label, lines }) => ({ id, keys, label, lines })), planner: actions.planner.map(({ id, keys, label, lines }) => ({ id, keys, label, lines })) };

describe.each(pages)('actions of the %s', (page) => {
  const all = entries[page];
  const repeated = (list: readonly string[]): string[] => list.filter((one, i) => list.indexOf(one) !== i);

  it('have a name of their own, and no key twice', () => {
    expect(repeated(all.map(({ id }) => id))).toEqual([]);
    expect(repeated(all.flatMap(({ keys }) => keys ?? []))).toEqual([]);
  });
  it('have a key, or say that they have none', () => {
    expect(all.filter(({ keys }) => keys?.length === 0).map(({ id }) => id)).toEqual([]);
  });
  it('have words in both languages', () => {
    const asked = all.flatMap(({ label, lines }) => [label, ...lines.flatMap((line) => [line.words, line.group])]);
    for (const language of Object.keys(dictionaries) as (keyof typeof dictionaries)[]) {
      expect(asked.filter((key) => typeof words(dictionaries[language], key) !== 'string'), language).toEqual([]);
    }
  });
  it('stand in the list of keys, each line under one heading', () => {
    const shown = helpOf(page);
    expect(shown.filter(({ lines }) => lines.length === 0)).toEqual([]);
    const lines = shown.flatMap((group) => group.lines);
    expect(new Set(lines)).toEqual(new Set(all.flatMap((one) => one.lines)));
    expect(repeated(lines.map((line) => line.words))).toEqual([]);
    for (const { id, keys, lines: own } of all) expect(own.length > 0, id).toBe(keys !== null);
  });
  it('print keys that work', () => {
    for (const { keys, lines } of all) {
      const caps = (keys ?? []).map(capOf);
      // The sign of subtraction is printed longer than the key it stands for; Shift goes with a key.
      for (const cap of lines.flatMap((line) => line.caps)) expect(caps).toContain(cap.replace('−', '-').replace(/^Shift\+/, ''));
    }
  });
});

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { dictionaries } from '@/locale';

const { 'zh-CN': zhCN, en } = dictionaries;

type Tree = string | { [key: string]: Tree };

function keys(tree: Tree, path = ''): string[] {
  if (typeof tree === 'string') return [path];
  return Object.entries(tree).flatMap(([key, branch]) => keys(branch, path === '' ? key : `${path}.${key}`));
}
function at(tree: Tree, path: string): string {
  const found = path.split('.').reduce<Tree | undefined>((branch, key) => (typeof branch === 'object' ? branch[key] : undefined), tree);
  if (typeof found !== 'string') throw new Error(path);
  return found;
}
const slots = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1] ?? '').sort();

function files(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? files(path) : [path];
  });
}

describe('dictionaries', () => {
  it('have the same keys in both languages', () => {
    expect(keys(en).sort()).toEqual(keys(zhCN).sort());
  });

  it.each(keys(zhCN))('%s has the same slots in both languages', (key) => {
    expect(slots(at(en, key))).toEqual(slots(at(zhCN, key)));
  });

  it('English has no Chinese characters, but for the names of languages', () => {
    const chinese = keys(en).filter((key) => /\p{Script=Han}/u.test(at(en, key)));
    expect(chinese.sort()).toEqual(['action.language', 'languageName.zh-CN']);
  });
});

describe('code', () => {
  const root = join(import.meta.dirname, '../src');
  const sources = files(root).map((path) => relative(root, path)).filter((path) => /\.(ts|vue)$/.test(path) && !path.includes('wire'));

  it.each(sources)('%s has no Chinese text: words are in the dictionaries', (path) => {
    const lines = readFileSync(join(root, path), 'utf8').split('\n').filter((line) => /\p{Script=Han}/u.test(line));
    expect(lines).toEqual([]);
  });

  it('asks only for words that exist', () => {
    const known = new Set(keys(zhCN));
    for (const path of sources) {
      for (const [, key] of readFileSync(join(root, path), 'utf8').matchAll(/\bt\('([\w.]+)'/g)) expect(known, `${path}: ${key}`).toContain(key);
    }
  });
});

describe('the vocabularies of the wire', () => {
  /** Where the words of each stand; `published` of a plan depends on whether it is in force, so the planner has three words for it. */
  const where: Record<string, string> = {
    Alarm: 'alarm', BandFit: 'plan.band', CellKind: 'cellKind', Duty: 'duty', FigureKey: 'figure', FindingLevel: 'plan.finding.level', HouseholdsFrom: 'plan.from', LineageKind: 'plan.lineage', LocationMethod: 'ticket.located',
    MergePolicy: 'plan.settings.mergePolicy', OwnerRole: 'role', PartyKind: 'partyKind', PlanStatus: '', Platform: 'platform', Role: 'accountRole',
    SplitPolicy: 'plan.settings.splitPolicy', TicketStatus: 'status',
  };
  const text = readFileSync(join(import.meta.dirname, '../src/wire/wire.ts'), 'utf8');
  const vocabularies = [...text.matchAll(/^export type (\w+) = ((?:'[^']+'(?: \| )?)+);$/gm)].map(([, name = '', words = '']) => ({ name, words: [...words.matchAll(/'([^']+)'/g)].map(([, word = '']) => word) }));
  it('are found', () => expect(vocabularies.map(({ name }) => name).sort()).toEqual(Object.keys(where).sort()));
  it.each(vocabularies.filter(({ name }) => where[name] !== ''))('$name has words in both languages', ({ name, words }) => {
    for (const [locale, dictionary] of Object.entries(dictionaries)) {
      let here: unknown = dictionary;
      for (const step of (where[name] ?? '').split('.')) here = (here as Record<string, unknown>)[step];
      for (const word of words) expect(typeof (here as Record<string, unknown> | undefined)?.[word], `${locale}: ${where[name]}.${word}`).toBe('string');
    }
  });
});

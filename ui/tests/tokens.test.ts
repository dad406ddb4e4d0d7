/** Every colour, size and distance that is named exists once, and every one that exists is named somewhere. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { color, readTokens } from '@/style/tokens';

const src = join(import.meta.dirname, '../src');
const sheet = readFileSync(join(src, 'style/tokens.css'), 'utf8');
const sources = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.(vue|ts|css)$/.test(path) && !path.startsWith('wire'))
  .map((path) => ({ path, text: readFileSync(join(src, path), 'utf8') }));
const names = (pattern: RegExp, text: string): string[] => [...text.matchAll(pattern)].map(([, name = '']) => name);

describe('tokens', () => {
  const tokens = readTokens(sheet);
  it('each is declared once', () => {
    expect(names(/^\s+--([\w-]+):/gm, sheet)).toEqual([...tokens.keys()]);
  });
  it('code reads the colours the styles read', () => {
    expect(color('ground')).toBe(tokens.get('ground'));
    expect(() => color('no-such-colour')).toThrow('no-such-colour');
  });
  it('whatever a style or code names is declared', () => {
    // Widths of a page's columns and figures of a mark are set where they are known.
    const local = new Set(sources.flatMap(({ text }) => names(/--([\w-]+)'?:/g, text)));
    const unknown = sources.flatMap(({ path, text }) => [
      ...names(/var\(--([\w-]+)/g, text).filter((name) => !local.has(name)).map((name) => `${path}: var(--${name})`),
      ...names(/\bcolor\('([\w-]+)'\)/g, text).filter((name) => !tokens.has(name)).map((name) => `${path}: color('${name}')`),
    ]);
    expect(unknown).toEqual([]);
  });
  it('none is left over', () => {
    const used = new Set(sources.flatMap(({ text }) => [...names(/var\(--([\w-]+)/g, text), ...names(/\bcolor\('([\w-]+)'\)/g, text)]));
    expect([...tokens.keys()].filter((name) => !used.has(name))).toEqual([]);
  });
});

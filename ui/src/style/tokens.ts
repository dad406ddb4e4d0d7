/** The colours of tokens.css for what draws them itself: the maps, the charts, the canvas. */
import source from './tokens.css?raw';

/** What a style sheet of custom properties names, each with its value. */
export function readTokens(css: string): ReadonlyMap<string, string> {
  return new Map([...css.matchAll(/--([\w-]+):\s*([^;]+);/g)].map(([, name = '', value = '']) => [name, value.trim()]));
}

const tokens = readTokens(source);

/**
 * The value of a custom property of tokens.css. It is read from the sheet's text, not from the page: the same in a worker, in a
 * test and before the first style is laid.
 */
export function color(name: string): string {
  const value = tokens.get(name);
  if (value === undefined) throw new Error(`no --${name} in style/tokens.css`);
  return value;
}

// Where the user interface names a colour: in one sheet. What computes colours (ramps) writes none down.

const ROOT = 'ui/src/';
/** The sheet of all colours. */
const SHEET = 'ui/src/style/tokens.css';
/** A hexadecimal colour, or a function of one with its numbers written in it. */
const LITERAL = /#(?:[0-9a-f]{8}|[0-9a-f]{6}|[0-9a-f]{3,4})\b(?!-)|\b(?:rgb|hsl|hwb|lab|lch|oklab|oklch|color)a?\(\s*(?:from\b|[\d.])/gi;

/** Numbers of the lines of a file of the user interface that write a colour down; empty for the sheet and for other files. */
export function colorBreaches(path, text) {
  if (!path.startsWith(ROOT) || path === SHEET || !/\.(ts|vue|css)$/.test(path)) return [];
  return text.split('\n').flatMap((line, at) => (line.search(LITERAL) < 0 ? [] : [at + 1]));
}

// What a file of wall-store may ask a database: statements in what SQLite and PostgreSQL have in common (`db/mod.rs` says what
// that is), rows read by name. SQLite's own files are free in their words, and nobody reads a row by position.

const ROOT = 'src-tauri/crates/wall-store/src/';
/** The waist itself, and what is about SQLite's files: pages, pragmas, backups, the writing connection. */
const OWN = /^db\/|^(backup|doctor|start|watch|health|open|pen)\.rs$|_tests\.rs$/;
/** Where errors of the driver become those of the store. */
const ERRORS = 'error.rs';

const BY_POSITION = [/\b(try_)?get(_unchecked|_raw)?(::<[^()]*>)?\(\s*\d+\s*\)/, /\bquery_(as|scalar)\b/];
/** What only SQLite has, or takes otherwise than PostgreSQL. */
const ONE_ENGINE = [
  [/\.sqlite\(\)/, 'asks SQLite past db/'],
  [/(^|[=<>(,]|\b(LIMIT|OFFSET|LIKE|THEN|ELSE))\s*\?(\d|[\s,)"]|$)/, 'numbers values otherwise than $1'],
  [/\bINSERT OR\b|\bREPLACE INTO\b/i, 'writes a conflict otherwise than ON CONFLICT'],
  [/rowid\b/i, 'knows the rowid'],
  [/\bjson_\w+\(/, 'reads JSON in the database'],
  [/\biif\(/i, 'writes iif for CASE'],
  [/(?<!\.)\b(max|min)\([^()]*,/, 'compares two values with max or min'],
  [/(?<!\blower\([\w.]+\) )\bLIKE\b/, 'compares with LIKE what was not lowered'],
  [/\bLIMIT -/, 'limits to less than nothing'],
];

/** Breaches in a file, as `[number of the line, what it does]`; empty for files that are not the store's. */
export function sqlBreaches(path, text) {
  if (!path.startsWith(ROOT)) return [];
  const file = path.slice(ROOT.length);
  return text.split('\n').flatMap((whole, at) => {
    const line = whole.replace(/\/\/.*/, '');
    const found = BY_POSITION.some((read) => read.test(line)) ? ['reads a row by position'] : [];
    if (!OWN.test(file)) {
      if (file !== ERRORS && /\bsqlx\b/.test(line)) found.push('names sqlx');
      found.push(...ONE_ENGINE.filter(([word]) => word.test(line)).map(([, what]) => what));
    }
    return found.map((what) => [at + 1, what]);
  });
}

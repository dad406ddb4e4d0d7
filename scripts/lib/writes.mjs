// Where service and program open a transaction: in one door, which asks who may, takes the system's time and knows the audit log.

const SERVICE = 'src-tauri/crates/wall-service/src/';
const PROGRAM = 'src-tauri/src/';
/** The door itself. */
const DOOR = `${SERVICE}wall/write.rs`;
/** A write of the store, over lines too; whatever the store is called, its time of recording is the second value. */
const OPENS = [/\bstore(\(\))?\s*\.\s*write(_by)?\s*\(/g, /\bStore::write(_by)?\b/g, /\.\s*write(_by)?\s*\([^;]*?\bsystem_now\(\)/g];
/** Where the tests of a file begin: they hold stores of their own. */
const TESTS = /^#\[cfg\(test\)\]\s*mod tests\b/m;

/** Numbers of the lines of a file that open a transaction past the door; empty for all other files. */
export function writeBreaches(path, text) {
  if (![SERVICE, PROGRAM].some((root) => path.startsWith(root)) || path === DOOR) return [];
  const code = text.split(TESTS, 1)[0].replace(/\/\/.*/g, '');
  const lines = OPENS.flatMap((open) => [...code.matchAll(open)].map((found) => code.slice(0, found.index).split('\n').length));
  return [...new Set(lines)].sort((a, b) => a - b);
}

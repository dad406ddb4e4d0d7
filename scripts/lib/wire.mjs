// Who of wall-service may know the wire: the interface itself, and the views that make what goes over it.

const ROOT = 'src-tauri/crates/wall-service/src/';
const MAY = [/^http\//, /^wire\//, /(^|\/)views(\.rs$|\/)/];
/** A path into the wire, or its module in a list of imports. */
const NAMES_IT = /\bwire::|\bcrate::wire\b|\buse\s+(crate|super)::\{[^}]*\bwire\b|^\s*(pub\s+use\s+)?wire\s*(,|;|\bas\b)/;

/** Numbers of the lines of a file that name the wire though the file may not; empty for all other files. */
export function wireBreaches(path, text) {
  if (!path.startsWith(ROOT) || MAY.some((place) => place.test(path.slice(ROOT.length)))) return [];
  return text.split('\n').flatMap((line, at) => (NAMES_IT.test(line.replace(/\/\/.*/, '')) ? [at + 1] : []));
}

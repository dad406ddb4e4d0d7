/** What an action is: one entry gives its keys, its words, its button, whether it is possible, and what it does. */

/** A key press, as far as actions ask. */
export type Press = Pick<KeyboardEvent, 'key' | 'shiftKey'> & Partial<Pick<KeyboardEvent, 'ctrlKey' | 'metaKey' | 'altKey' | 'target'>>;

/** A line of the list of keys. */
export interface Line {
  /** Words of its heading. */
  group: string;
  /** The keys as they are printed. */
  caps: readonly string[];
  /** Words of what they do. */
  words: string;
}

/** Something that can be done on a page; `Here`: what it is done to. */
export interface Action<Here> {
  /** Its name, once a page. */
  id: string;
  /** Its keys as `keyName` calls them; `null`: it has a button only. */
  keys: readonly string[] | null;
  /** Words of its button. */
  label: string;
  /** Its lines in the list of keys; none without a key. */
  lines: readonly Line[];
  /** It is also done while a dialog lies above the page. */
  overDialogs?: true;
  /** Its key works with Alt held too: the hand that draws does not snap then. */
  withAlt?: true;
  /** Whether it can be done now; its key is taken in either case. */
  available?(here: Here): boolean;
  /** Does it; `false`: the key was not for it after all, and goes on to the page. */
  run(here: Here, press: Press): unknown;
}

const printed: Readonly<Record<string, string>> = {
  ArrowLeft: '←', ArrowUp: '↑', ArrowDown: '↓', ArrowRight: '→', Escape: 'Esc', PageUp: 'PgUp', PageDown: 'PgDn', Delete: 'Del', ' ': 'Space',
};

/** A key as it is printed on the keyboard. */
export const capOf = (key: string): string => printed[key] ?? key;

/** The arrow keys. */
export const arrowKeys = ['ArrowLeft', 'ArrowUp', 'ArrowDown', 'ArrowRight'] as const;

/** What an entry says of itself beside what every entry must. */
type Written<Here> = Pick<Action<Here>, 'id' | 'run' | 'overDialogs' | 'withAlt' | 'available'> & {
  keys: readonly string[] | null;
  label: string;
  group: string;
  /** Words of its line where they are not those of the button. */
  help?: string;
  /** The keys of its line where not all of them are printed. */
  caps?: readonly string[];
  /** Further lines, before its own. */
  before?: readonly Line[];
  /** Further lines, after its own. */
  after?: readonly Line[];
};

/** An entry. */
export function action<Here>(written: Written<Here>): Action<Here> {
  const { group, help, caps, before = [], after = [], ...rest } = written;
  const own = rest.keys === null ? [] : [{ group, caps: caps ?? rest.keys.map(capOf), words: help ?? rest.label }];
  return { ...rest, lines: [...before, ...own, ...after] };
}

/** The name of the key pressed: letters in capitals, with `Ctrl+` (the Apple key counts as it) and then `Shift+` before it. */
export function keyName(press: Press): string {
  const name = press.key.length === 1 ? press.key.toUpperCase() : press.key;
  return press.ctrlKey || press.metaKey ? `Ctrl+${press.shiftKey ? 'Shift+' : ''}${name}` : name;
}

/** What moves a map. */
interface Movable {
  pan(x: number, y: number): void;
  zoom(step: number): void;
  fit(): void;
}

/** An arrow moves the picture by a part of its size, with Shift by half of it. */
export function panBy(map: Movable | null, press: Press): void {
  const far = press.shiftKey ? 0.5 : 0.18;
  const [x, y] = { ArrowLeft: [-far, 0], ArrowRight: [far, 0], ArrowUp: [0, far], ArrowDown: [0, -far] }[press.key as (typeof arrowKeys)[number]];
  map?.pan(x ?? 0, y ?? 0);
}

/** Nearer, further, and the whole: the same keys on every map; `words`: under which their lines stand. */
export function mapActions<Here>(mapOf: (here: Here) => Movable | null, group: string, words: string): Action<Here>[] {
  return [
    action<Here>({
      id: 'zoom', keys: ['+', '=', '-', '_'], caps: ['+', '−'], label: `${words}.zoom`, group,
      run: (here, { key }) => mapOf(here)?.zoom(key === '+' || key === '=' ? 0.5 : -0.5),
    }),
    action<Here>({ id: 'fit', keys: ['0'], label: `${words}.fit`, group, run: (here) => mapOf(here)?.fit() }),
  ];
}

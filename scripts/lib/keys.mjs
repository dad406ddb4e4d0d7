// Where the user interface listens to the keyboard: in the registry of actions. What has the focus may keep keys of its own.

const ROOT = 'ui/src/';
/** The registry. */
const REGISTRY = 'ui/src/actions/';
/** Files with keys of a field or widget that has the focus, each with the reason. */
export const OWN_KEYS = {
  'ui/src/parts/DialogFrame.vue': 'Tab stays within a dialog',
  'ui/src/parts/VirtualList.vue': 'arrows within a list',
  'ui/src/planner/dialogs/CompareDialog.vue': 'the divider is a slider, and moves its maps',
  'ui/src/planner/dialogs/PlansDialog.vue': 'Escape leaves a question within the dialog first',
  'ui/src/planner/panels/BalancePanel.vue': 'a row chosen in a list, by pointer or key',
  'ui/src/planner/panels/CellPanel.vue': 'Escape leaves a text field',
  'ui/src/planner/panels/OwnersPanel.vue': 'Escape leaves a text field',
  'ui/src/planner/session.ts': 'the type of what the hand takes',
  'ui/src/wall/ComparePanel.vue': 'arrows within a list',
  'ui/src/wall/HourBars.vue': 'arrows along the bars',
  'ui/src/wall/SearchDialog.vue': 'arrows and Enter of a text field',
  'ui/src/wall/SignInForm.vue': 'whether capitals are locked while a password is typed',
  'ui/src/wall/TicketListPanel.vue': 'arrows within a list',
  'ui/src/wall/TimePanel.vue': 'the slider of time',
  'ui/src/wall/useRows.ts': 'arrows within a list',
};
const LISTENS = /\bKeyboardEvent\b|@key(?:down|up|press)\b|['"`]key(?:down|up|press)['"`]|\bonKey(?:down|up|press)\b/i;

/** Numbers of the lines of a file that listen to the keyboard past the registry; empty for the registry and other files. */
export function keyBreaches(path, text) {
  if (!path.startsWith(ROOT) || path.startsWith(REGISTRY) || path in OWN_KEYS) return [];
  return text.split('\n').flatMap((line, at) => (LISTENS.test(line) ? [at + 1] : []));
}

/** Whether a file of the list above has no keys of its own any more. */
export const isKeyless = (text) => !LISTENS.test(text);

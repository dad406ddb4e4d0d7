/** Tab walks on the map of the planner while it has the focus; another key goes from part to part. */

/** From map to strip, tools, panels and bar, or back. */
export function moveFocus(by: number): void {
  const stops = [document.querySelector<HTMLElement>('.planner canvas'), document.querySelector<HTMLElement>('.planner .foot :is(button, input):not(:disabled)'), document.querySelector<HTMLElement>('.planner [role=toolbar] button:not(:disabled)'), document.querySelector<HTMLElement>('.planner [role=tab][aria-selected=true]'), document.querySelector<HTMLElement>('.planner .docked button'), document.querySelector<HTMLElement>('.planner header button')];
  const areas = ['.centre .box', '.foot', '[role=toolbar]', '.side', '.docked', 'header'];
  const now = areas.findIndex((area) => document.activeElement?.closest(`.planner ${area}`));
  // A stop that has nothing to take hold of just now is passed over.
  for (let i = 1; i <= stops.length; i += 1) {
    const stop = stops[((now < 0 ? 0 : now) + by * i + stops.length * i) % stops.length];
    if (!stop) continue;
    stop.focus();
    return;
  }
}

/** Keys on the planner's map: the hand without a pointer. A cross stands for the pointer, Tab goes from one thing to the next. */
import type { LonLat } from '../geo';
import { drawing } from '../hand';
import type { PlanMapHandle } from '../session';
import type { Borders } from './borders';
import type { Camera } from './camera';
import type { Holding } from './holding';
import type { Sheet } from './sheet';
import { cellsInView, grips, nextGrip, nextOf } from './walking';

/** A step of an arrow key: metres for a vertex, pixels for the cross. */
const stepM = 1;
const stepPx = 8;

const arrows: Readonly<Record<string, readonly [number, number]>> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** A key press that belongs to the tool in hand; answers whether it was used. */
export function openKeys(sheet: Sheet, borders: Borders, camera: Camera, holding: Holding): PlanMapHandle['key'] {
  const { map, container, planner } = sheet;
  const { state } = planner;
  const middle = (): LonLat => map.getCenter().toArray() as LonLat;
  /** Keys walk on the map while nothing else on the page has the focus. */
  const focused = (): boolean => document.activeElement === null || document.activeElement === document.body || container.contains(document.activeElement);

  function crossTo(place: LonLat): void {
    holding.cross = place;
    camera.ensureVisible(place);
    holding.point(place, false);
    holding.put(holding.hand);
  }

  /** Brings the chosen cells into view when none of them is; answers whether there was something to bring. */
  function toChosen(): boolean {
    const inView = new Set(cellsInView(sheet).map((cell) => cell.face));
    const faces = [...state.selection];
    if (faces.length === 0 || faces.some((face) => inView.has(face))) return false;
    camera.showFaces(faces);
    return true;
  }

  /** Tab: the next thing that the tool in hand can take. */
  function walk(by: number): boolean {
    const { tool } = state;
    if (tool === 'vertex' || tool === 'insert' || tool === 'delete') {
      const next = nextGrip(grips(sheet, borders.edges), holding.hand.grip?.at ?? null, by);
      if (!next) return toChosen();
      holding.at = null;
      camera.ensureVisible(next.at);
      return holding.happen({ kind: 'take', grip: next });
    }
    if (drawing.has(tool) && (tool !== 'split' || state.selection.size === 1) && !holding.hand.closed) {
      const next = nextGrip(grips(sheet, borders.edges), holding.cross, by);
      if (next) crossTo(next.at);
      return next !== undefined || toChosen();
    }
    const all = cellsInView(sheet);
    // It begins at the chosen cell: one that is out of sight is brought back first.
    const chosen = [...state.selection].at(-1) ?? null;
    const here = tool === 'select' ? chosen : (holding.at?.face ?? chosen);
    const now = all.findIndex((cell) => cell.face === here);
    if (now < 0 && here === chosen && toChosen()) return true;
    const next = nextOf(all, now, by);
    if (!next) return false;
    if (tool === 'select') planner.select([next.face]);
    else crossTo([next.label_lon, next.label_lat]);
    return true;
  }

  function arrow([x, y]: readonly [number, number], times: number): boolean {
    const { hand, cross } = holding;
    if (hand.grip && state.tool === 'vertex') {
      const used = holding.happen({ kind: 'nudge', east: x * stepM * times, north: y * stepM * times });
      if (holding.hand.to) camera.ensureVisible(holding.hand.to);
      return used;
    }
    const byCross = planner.editable.value && (drawing.has(state.tool) || state.tool === 'insert' || state.tool === 'fill_gap' || cross !== null);
    if (!byCross || state.tool === 'select') return false;
    const from = map.project(cross ?? middle());
    crossTo(map.unproject([from.x + x * stepPx * times * sheet.px, from.y - y * stepPx * times * sheet.px]).toArray() as LonLat);
    return true;
  }

  /** Gives up the topmost thing. */
  function back(): boolean {
    if (state.refusal) {
      state.refusal = null;
      return true;
    }
    if (holding.happen({ kind: 'back' })) return true;
    if (!holding.cross) return false;
    holding.cross = null;
    holding.at = null;
    holding.put(holding.hand);
    return true;
  }

  return (event) => {
    if (!state.opened) return false;
    const towards = arrows[event.key];
    if (towards) return arrow(towards, event.shiftKey ? 10 : 1);
    switch (event.key) {
      case 'Tab':
        return focused() ? walk(event.shiftKey ? -1 : 1) : false;
      case ' ':
        if (!holding.cross || !holding.at) {
          if (state.tool === 'select' || !planner.editable.value) return false;
          crossTo(middle());
          return true;
        }
        return holding.happen({ kind: 'click', at: holding.at, add: false });
      case 'Enter':
        return planner.editable.value && holding.happen({ kind: 'enter' });
      case 'Escape':
        return back();
      case 'Backspace':
      case 'Delete':
        return planner.editable.value && holding.happen({ kind: 'remove' });
      default:
        return false;
    }
  };
}

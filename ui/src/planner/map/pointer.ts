/** The pointer on the planner's map: the left button is the hand's, the others move the map. */
import type { MapMouseEvent } from 'maplibre-gl';
import { thinned, type LonLat } from '../geo';
import { beginStroke, drawing, type Pointed } from '../hand';
import type { Holding } from './holding';
import type { Sheet } from './sheet';

/** The pointer has been dragged when it moved so far. */
const dragPx = 4;

/** What the left button does. Answers how to stop. */
export function openPointer(sheet: Sheet, holding: Holding): () => void {
  const { map, planner } = sheet;
  const { state } = planner;
  let pressed: { x: number; y: number; at: Pointed; moved: boolean } | null = null;
  let waiting: MapMouseEvent | null = null;
  const placeOf = (event: MapMouseEvent): LonLat => event.lngLat.toArray() as LonLat;

  map.on('mousedown', (event) => {
    if (event.originalEvent.button !== 0 || state.busy || !state.opened) return;
    holding.cross = null;
    const at = holding.point(placeOf(event), event.originalEvent.altKey);
    pressed = { x: event.point.x, y: event.point.y, at, moved: false };
    holding.happen({ kind: 'press', at });
    // A drag is the hand's, not the map's, where it holds a vertex or draws.
    if (holding.hand.dragging || (drawing.has(state.tool) && planner.editable.value)) event.preventDefault();
  });

  function followPointer(): void {
    const event = waiting;
    waiting = null;
    if (!event || sheet.stage.destroyed || !state.opened) return;
    const place = placeOf(event);
    const at = holding.point(place, event.originalEvent.altKey);
    if (pressed && !pressed.moved && Math.hypot(event.point.x - pressed.x, event.point.y - pressed.y) > dragPx) {
      pressed.moved = true;
      if (!holding.hand.dragging && !state.busy && drawing.has(state.tool)) {
        const result = beginStroke(holding.hand, pressed.at, holding.setting);
        if (result.used) holding.hand = result.hand;
      }
    }
    const { hand } = holding;
    if (pressed?.moved && (hand.dragging || hand.stroke)) {
      holding.happen({ kind: 'move', at: hand.stroke ? { ...at, at: place } : at });
      return;
    }
    holding.put(hand);
  }

  map.on('mousemove', (event) => {
    holding.cross = null;
    if (map.isMoving() && !holding.hand.dragging && !holding.hand.stroke) return;
    if (!waiting) requestAnimationFrame(followPointer);
    waiting = event;
  });
  map.getCanvas().addEventListener('mouseleave', () => {
    if (pressed || holding.cross) return;
    holding.at = null;
    holding.put(holding.hand);
  });

  const onUp = (event: MouseEvent): void => {
    if (!pressed || event.button !== 0) return;
    // A flick ends before the next frame: what waits for it is done now.
    if (waiting) followPointer();
    const was = pressed;
    pressed = null;
    if (!holding.hand.dragging && !holding.hand.stroke) return;
    const box = map.getCanvas().getBoundingClientRect();
    const place = map.unproject([event.clientX - box.left, event.clientY - box.top]).toArray() as LonLat;
    waiting = null;
    const at = holding.point(place, event.altKey);
    if (holding.hand.stroke) holding.hand = { ...holding.hand, points: thinned(holding.hand.points, sheet.inMercator(1.5)) };
    holding.happen({ kind: 'release', at, moved: was.moved });
  };
  addEventListener('mouseup', onUp);

  map.on('click', (event) => {
    const { detail, altKey, shiftKey, ctrlKey, metaKey } = event.originalEvent;
    // The second click of a double click is told apart below.
    if (!state.opened || detail > 1) return;
    holding.happen({ kind: 'click', at: holding.point(placeOf(event), altKey), add: shiftKey || ctrlKey || metaKey });
  });
  map.on('dblclick', (event) => {
    if (state.tool !== 'select') event.preventDefault();
    if (holding.at) holding.happen({ kind: 'double', at: holding.at });
  });
  return () => removeEventListener('mouseup', onUp);
}

/** The right or the middle button moves the map while the left one draws. Answers how to stop. */
export function openPanning({ map }: Sheet): () => void {
  let panning: { x: number; y: number } | null = null;
  const canvasBox = map.getCanvasContainer();
  const onDown = (event: MouseEvent): void => {
    if (event.button === 0) return;
    panning = { x: event.clientX, y: event.clientY };
    event.preventDefault();
  };
  const onMove = (event: MouseEvent): void => {
    if (!panning) return;
    map.panBy([panning.x - event.clientX, panning.y - event.clientY], { duration: 0 });
    panning = { x: event.clientX, y: event.clientY };
  };
  const onUp = (): void => {
    panning = null;
  };
  canvasBox.addEventListener('mousedown', onDown);
  canvasBox.addEventListener('contextmenu', (event) => event.preventDefault());
  addEventListener('mousemove', onMove);
  addEventListener('mouseup', onUp);
  return () => {
    removeEventListener('mousemove', onMove);
    removeEventListener('mouseup', onUp);
  };
}

/**
 * The map of the planner: what the plan is, what the hand does to it, and what would come of it. Geometry of all cells goes
 * from the service straight to MapLibre's worker (a source with an address, then `updateData` for what changed): the page
 * itself holds figures, and borders only of the view. The parts are in `map/`; here are the hand, pointer and keys.
 */
import { Map as MapLibre, setWorkerUrl, type MapMouseEvent } from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import 'maplibre-gl/dist/maplibre-gl.css';
import { shallowReactive, watch } from 'vue';
import { askHeaders } from '@/host/host';
import { baseStyle } from '@/map/basemap';
import { Pace } from '@/map/pace';
import type { Easel } from '@/map/stage';
import { loadFonts } from '@/map/wall-map';
import type { EditBody } from '@/wire/wire';
import { mercator, thinned, type LonLat } from './geo';
import { beginStroke, bodyOf, drawing, emptyHand, hintOf, isReady, step, type Hand, type HandEvent, type Pointed, type Setting, type Step } from './hand';
import { openBorders } from './map/borders';
import { openCamera } from './map/camera';
import { Sheet, type PlanMapWords } from './map/sheet';
import { openPicture } from './map/picture';
import { openPointing } from './map/pointing';
import { bordersInHand, cursorOf, sketchFeatures, type Sketched } from './map/sketch';
import { cellsInView, grips, nextGrip, nextOf } from './map/walking';
import { lineFeature } from './plan-layers';
import type { Planner, PlanMapHandle } from './session';
import type { SnapKind } from './snap';

/** A step of an arrow key: metres for a vertex, pixels for the cross. */
const stepM = 1;
const stepPx = 8;
/** The pointer has been dragged when it moved so far. */
const dragPx = 4;

const arrows: Readonly<Record<string, readonly [number, number]>> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** What the words below the map need to know. */
export interface HandView {
  hint: string;
  snap: SnapKind | null;
  ready: boolean;
  /** Points drawn. */
  points: number;
  /** Metres of a simplification. */
  toleranceM: number;
  numberAll: boolean;
  /** The base plan's borders are loaded and shown. */
  zoom: number;
  /** Borders can be taken hold of here; otherwise one must zoom in. */
  edges: boolean;
}

/** The map with what its component needs. */
export interface PlanMap extends PlanMapHandle {
  map: MapLibre;
  view: HandView;
  /** Options of tools. */
  setTolerance(metres: number): void;
  setNumberAll(all: boolean): void;
  /** As by Enter and Escape. */
  confirm(): void;
  back(): void;
  /** The language or the base size changed. */
  rebuild(): void;
  destroy(): void;
}

/** Makes the planner's map inside an element. */
export async function openPlanMap(container: HTMLElement, easel: Easel, planner: Planner, words: PlanMapWords): Promise<PlanMap> {
  const { host, state } = planner;
  setWorkerUrl(new URL(workerUrl, location.href).href);
  await loadFonts();
  const apiRoot = host.url('api/');
  const map = new MapLibre({
    container,
    style: baseStyle(easel.state.info.value?.base_map ?? null, (path) => host.url(path)),
    // The worker asks in the name of whoever is signed in.
    transformRequest: (url) => (url.startsWith(apiRoot) ? { url, headers: askHeaders() } : { url }),
    attributionControl: false,
    keyboard: false,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    boxZoom: false,
    fadeDuration: 0,
    maxZoom: 21,
    minZoom: 3,
    maxCanvasSize: [8192, 8192],
    localIdeographFontFamily: '"Noto Sans SC Variable", sans-serif',
    center: [0, 0],
    zoom: 3,
  });
  map.touchZoomRotate.disableRotation();
  map.scrollZoom.setWheelZoomRate(1 / 250);
  const sheet = new Sheet(map, container, easel, planner, words);

  const keepFull = new URLSearchParams(location.search).get('quality') === 'full';
  let ratio = 1;
  const pace = new Pace(() => applyRatio(false));
  function applyRatio(moving: boolean): void {
    const next = keepFull ? 1 : pace.ratio(moving);
    if (next === ratio) return;
    ratio = next;
    map.setPixelRatio(devicePixelRatio * next);
  }

  let hand: Hand = emptyHand;
  let at: Pointed | null = null;
  /** The cross moved by keys; `null` while the pointer is used. */
  let cross: LonLat | null = null;
  const view: HandView = shallowReactive({ hint: 'select', snap: null, ready: false, points: 0, toleranceM: 3, numberAll: false, zoom: 0, edges: false });

  const borders = openBorders(sheet, (any) => {
    view.edges = any;
  });
  // Size, language and others' edits leave what is in hand; it is asked about anew. Another plan has nothing of it.
  let handOf: number | null = null;
  const picture = openPicture(sheet, borders, () => {
    const id = state.opened?.plan.id ?? null;
    const next = id === handOf ? hand : emptyHand;
    handOf = id;
    previewed = null;
    put(next);
  });
  const camera = openCamera(sheet, () => sheet.still || pace.quality === 'always');
  const pointed = openPointing(sheet, borders.edges);

  const setting = (): Setting => ({ tool: state.tool, outer: state.outer, selection: [...state.selection], toleranceM: view.toleranceM, numberAll: view.numberAll });
  const sketched = (): Sketched => ({ hand, at, cross, busy: state.busy });

  // ---- the hand ----------------------------------------------------------------------------------------------------
  let near = new Set<number>();
  let previewed: string | null = null;

  function sketch(): void {
    sheet.setData('sketch', sketchFeatures(sketched(), borders.edges, words.snap));
    view.snap = at?.snap?.kind ?? null;
    view.hint = hintOf(hand, setting());
    view.ready = !hand.dragging && isReady(hand, setting()) && planner.editable.value;
    view.points = hand.points.length;
    map.getCanvas().style.cursor = cursorOf(state.tool, sketched(), planner.editable.value);
  }

  /** The border under the pointer and the cells on both sides of it. */
  function highlight(): void {
    const shown = bordersInHand(state.tool, sketched(), borders.edges);
    sheet.setData('highlight', state.preview ? [] : shown.map((edge) => lineFeature(edge.points, {})));
    const first = shown[0];
    if ((state.hoverEdge?.edge ?? null) !== (first?.id ?? null)) {
      state.hoverEdge = first ? { edge: first.id, left: first.left, right: first.right } : null;
      borders.vertices();
    }
    const faces = new Set(shown.flatMap((edge) => [edge.left, edge.right]).filter((face) => face !== null));
    if (hand.target !== null) faces.add(hand.target);
    for (const face of near) if (!faces.has(face)) map.setFeatureState({ source: 'cells', id: face }, { near: false });
    for (const face of faces) if (!near.has(face)) map.setFeatureState({ source: 'cells', id: face }, { near: true });
    near = faces;
  }

  /** The hand has changed: shown, and asked about. */
  function put(next: Hand): void {
    hand = next;
    sketch();
    highlight();
    ask();
  }

  function ask(): void {
    if (state.busy || !planner.editable.value) return;
    const cursorPoint = drawing.has(state.tool) && hand.points.length > 0 ? at : null;
    const body = hand.stroke ? null : state.tool === 'number' ? null : bodyOf(hand, setting(), cursorPoint);
    const key = JSON.stringify(body);
    if (key === previewed || (body === null && previewed === null)) return;
    previewed = body === null ? null : key;
    planner.preview(body, cursorPoint !== null && key !== JSON.stringify(bodyOf(hand, setting())));
  }

  async function store(body: EditBody): Promise<void> {
    previewed = null;
    const before = hand;
    const kind = body.kind;
    const done = await planner.edit(body);
    if (sheet.destroyed) return;
    if (done) {
      let next = emptyHand;
      // The vertex stays in hand: the next arrow moves it further.
      if (kind === 'move_vertex' || kind === 'insert_vertex' || kind === 'batch') {
        const place = before.to ?? (body.kind === 'insert_vertex' ? body.at : null);
        const hit = place ? borders.edges.vertex(mercator(place), sheet.inMercator(1)) : null;
        if (hit && state.tool === 'vertex') next = { ...emptyHand, grip: { at: hit.at, kind: hit.node ? 'node' : 'vertex', outer: hit.outer, segment: null } };
      }
      if (kind === 'split' || kind === 'transfer' || kind === 'fill_gap') cross = null;
      put(next);
      return;
    }
    // Nobody answered, or somebody else was faster: what is in hand waits for the next try.
    if (state.problem !== null || state.conflict !== null) put({ ...before, dragging: false });
    // What was drawn stays, for mending; what was dragged goes back.
    else put({ ...before, to: null, dragging: false, grip: before.grip?.segment ? null : before.grip });
  }

  function happen(event: HandEvent): boolean {
    if (state.busy) return true;
    return take(step(hand, event, setting()));
  }

  function take(result: Step): boolean {
    if (result.select) planner.select(result.select.faces, result.select.how);
    if (!result.used) return false;
    if (result.commit && planner.editable.value) {
      hand = result.hand;
      sketch();
      void store(result.commit);
    } else put(result.hand);
    return true;
  }

  // ---- pointer -----------------------------------------------------------------------------------------------------
  let pressed: { x: number; y: number; at: Pointed; moved: boolean } | null = null;
  let waiting: MapMouseEvent | null = null;

  map.on('mousedown', (event) => {
    if (event.originalEvent.button !== 0 || state.busy || !state.opened) return;
    cross = null;
    at = pointed(hand, event.lngLat.toArray() as LonLat, event.originalEvent.altKey);
    pressed = { x: event.point.x, y: event.point.y, at, moved: false };
    happen({ kind: 'press', at });
    // A drag is the hand's, not the map's, where it holds a vertex or draws.
    if (hand.dragging || (drawing.has(state.tool) && planner.editable.value)) event.preventDefault();
  });

  function followPointer(): void {
    const event = waiting;
    waiting = null;
    if (!event || sheet.destroyed || !state.opened) return;
    const place = event.lngLat.toArray() as LonLat;
    at = pointed(hand, place, event.originalEvent.altKey);
    if (pressed && !pressed.moved && Math.hypot(event.point.x - pressed.x, event.point.y - pressed.y) > dragPx) {
      pressed.moved = true;
      if (!hand.dragging && !state.busy && drawing.has(state.tool)) {
        const result = beginStroke(hand, pressed.at, setting());
        if (result.used) hand = result.hand;
      }
    }
    if (pressed?.moved && (hand.dragging || hand.stroke)) {
      happen({ kind: 'move', at: hand.stroke ? { ...at, at: place } : at });
      return;
    }
    put(hand);
  }

  map.on('mousemove', (event) => {
    cross = null;
    if (map.isMoving() && !hand.dragging && !hand.stroke) return;
    if (!waiting) requestAnimationFrame(followPointer);
    waiting = event;
  });
  map.getCanvas().addEventListener('mouseleave', () => {
    if (pressed || cross) return;
    at = null;
    put(hand);
  });

  const onUp = (event: MouseEvent): void => {
    if (!pressed || event.button !== 0) return;
    // A flick ends before the next frame: what waits for it is done now.
    if (waiting) followPointer();
    const was = pressed;
    pressed = null;
    if (!hand.dragging && !hand.stroke) return;
    const box = map.getCanvas().getBoundingClientRect();
    const place = map.unproject([event.clientX - box.left, event.clientY - box.top]).toArray() as LonLat;
    waiting = null;
    at = pointed(hand, place, event.altKey);
    if (hand.stroke) hand = { ...hand, points: thinned(hand.points, sheet.inMercator(1.5)) };
    happen({ kind: 'release', at, moved: was.moved });
  };
  addEventListener('mouseup', onUp);

  map.on('click', (event) => {
    // The second click of a double click is told apart below.
    if (!state.opened || event.originalEvent.detail > 1) return;
    at = pointed(hand, event.lngLat.toArray() as LonLat, event.originalEvent.altKey);
    happen({ kind: 'click', at, add: event.originalEvent.shiftKey || event.originalEvent.ctrlKey || event.originalEvent.metaKey });
  });
  map.on('dblclick', (event) => {
    if (state.tool !== 'select') event.preventDefault();
    if (at) happen({ kind: 'double', at });
  });

  // The right or the middle button moves the map while the left one draws.
  let panning: { x: number; y: number } | null = null;
  const canvasBox = map.getCanvasContainer();
  const onPanDown = (event: MouseEvent): void => {
    if (event.button === 0) return;
    panning = { x: event.clientX, y: event.clientY };
    event.preventDefault();
  };
  const onPanMove = (event: MouseEvent): void => {
    if (!panning) return;
    map.panBy([panning.x - event.clientX, panning.y - event.clientY], { duration: 0 });
    panning = { x: event.clientX, y: event.clientY };
  };
  const onPanUp = (): void => {
    panning = null;
  };
  canvasBox.addEventListener('mousedown', onPanDown);
  canvasBox.addEventListener('contextmenu', (event) => event.preventDefault());
  addEventListener('mousemove', onPanMove);
  addEventListener('mouseup', onPanUp);

  // ---- keys --------------------------------------------------------------------------------------------------------
  /** Keys walk on the map while nothing else on the page has the focus. */
  const focused = (): boolean => document.activeElement === null || document.activeElement === document.body || container.contains(document.activeElement);

  function crossTo(place: LonLat): void {
    cross = place;
    camera.ensureVisible(place);
    at = pointed(hand, place, false);
    put(hand);
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
      const next = nextGrip(grips(sheet, borders.edges), hand.grip?.at ?? null, by);
      if (!next) return toChosen();
      at = null;
      camera.ensureVisible(next.at);
      return happen({ kind: 'take', grip: next });
    }
    if (drawing.has(tool) && (tool !== 'split' || state.selection.size === 1) && !hand.closed) {
      const next = nextGrip(grips(sheet, borders.edges), cross, by);
      if (next) crossTo(next.at);
      return next !== undefined || toChosen();
    }
    const all = cellsInView(sheet);
    // It begins at the chosen cell: one that is out of sight is brought back first.
    const chosen = [...state.selection].at(-1) ?? null;
    const here = tool === 'select' ? chosen : (at?.face ?? chosen);
    const now = all.findIndex((cell) => cell.face === here);
    if (now < 0 && here === chosen && toChosen()) return true;
    const next = nextOf(all, now, by);
    if (!next) return false;
    if (tool === 'select') planner.select([next.face]);
    else crossTo([next.label_lon, next.label_lat]);
    return true;
  }

  function key(event: Pick<KeyboardEvent, 'key' | 'shiftKey' | 'altKey'>): boolean {
    if (!state.opened) return false;
    const arrow = arrows[event.key];
    if (arrow) {
      const times = event.shiftKey ? 10 : 1;
      if (hand.grip && state.tool === 'vertex') {
        const used = happen({ kind: 'nudge', east: arrow[0] * stepM * times, north: arrow[1] * stepM * times });
        if (hand.to) camera.ensureVisible(hand.to);
        return used;
      }
      const byCross = planner.editable.value && (drawing.has(state.tool) || state.tool === 'insert' || state.tool === 'fill_gap' || cross !== null);
      if (!byCross || state.tool === 'select') return false;
      const from = map.project(cross ?? map.getCenter().toArray() as LonLat);
      crossTo(map.unproject([from.x + arrow[0] * stepPx * times * sheet.px, from.y - arrow[1] * stepPx * times * sheet.px]).toArray() as LonLat);
      return true;
    }
    switch (event.key) {
      case 'Tab':
        return focused() ? walk(event.shiftKey ? -1 : 1) : false;
      case ' ':
        if (!cross || !at) {
          if (state.tool === 'select' || !planner.editable.value) return false;
          crossTo(map.getCenter().toArray() as LonLat);
          return true;
        }
        return happen({ kind: 'click', at, add: false });
      case 'Enter':
        return planner.editable.value && happen({ kind: 'enter' });
      case 'Escape':
        if (state.refusal) {
          state.refusal = null;
          return true;
        }
        if (happen({ kind: 'back' })) return true;
        if (cross) {
          cross = null;
          at = null;
          put(hand);
          return true;
        }
        return false;
      case 'Backspace':
      case 'Delete':
        return planner.editable.value && happen({ kind: 'remove' });
      default:
        return false;
    }
  }

  const handle: PlanMap = {
    map,
    view,
    setTolerance(metres) {
      view.toleranceM = metres;
      put(hand);
    },
    setNumberAll(all) {
      view.numberAll = all;
      put(hand);
    },
    confirm: () => void happen({ kind: 'enter' }),
    back: () => void happen({ kind: 'back' }),
    rebuild: picture.build,
    key,
    fit: camera.fit,
    pan: camera.pan,
    zoom: camera.zoom,
    showPlace: camera.showPlace,
    showFaces: camera.showFaces,
    destroy() {
      sheet.destroyed = true;
      for (const stop of stops) stop();
      removeEventListener('mouseup', onUp);
      removeEventListener('mousemove', onPanMove);
      removeEventListener('mouseup', onPanUp);
      planner.preview(null);
      planner.setTool('select');
      map.remove();
    },
  };

  // ---- news --------------------------------------------------------------------------------------------------------
  const stops = [
    planner.listen((change) => {
      if (change === null) {
        camera.fitNewPlan();
        picture.everything();
      } else {
        void picture.patch(change);
        // Somebody else's edit: what is in hand stays, and what it would do is asked anew.
        if (!state.busy) {
          previewed = null;
          put(hand);
        }
      }
    }),
    watch(() => state.preview, (result) => {
      if (picture.preview(result)) highlight();
    }, { flush: 'sync' }),
    watch(() => [state.tool, state.outer] as const, ([tool], [before]) => {
      if (tool !== before) {
        cross = null;
        at = null;
        previewed = null;
        // Areas and lines of one tool mean nothing to another.
        put(emptyHand);
        if (document.activeElement instanceof HTMLElement && !container.contains(document.activeElement)) map.getCanvas().focus({ preventScroll: true });
      } else put(hand);
      borders.vertices();
    }),
    watch(() => state.selection, () => {
      picture.marks();
      borders.vertices();
      put(hand);
    }),
    watch(() => state.refusal, picture.refusal),
    watch(() => state.settled, () => put(emptyHand)),
    watch(() => state.overlay, () => void picture.overlay()),
  ];

  map.on('movestart', () => applyRatio(map.isMoving()));
  map.on('moveend', () => {
    view.zoom = map.getZoom();
    void borders.load();
    borders.vertices();
    if (state.overlay !== null) void picture.overlay();
  });
  map.on('render', () => pace.frame(performance.now(), map.isMoving()));
  map.on('idle', () => {
    applyRatio(false);
    if (state.opened && map.isSourceLoaded('cells')) document.documentElement.dataset.planReady = '1';
  });

  if (!map.isStyleLoaded()) await new Promise((resolve) => void map.once('style.load', resolve));
  camera.fitNewPlan();
  picture.build();
  return handle;
}

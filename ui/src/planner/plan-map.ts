/**
 * The map of the planner: what the plan is, what the hand does to it, and what would come of it. Geometry of all cells goes
 * from the service straight to MapLibre's worker (a source with an address, then `updateData` for what changed): the page
 * itself holds figures, and borders only of the view.
 */
import type { Feature, FeatureCollection } from 'geojson';
import { Map as MapLibre, Marker, setWorkerUrl, type GeoJSONSource, type MapMouseEvent } from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import 'maplibre-gl/dist/maplibre-gl.css';
import { shallowReactive, watch } from 'vue';
import { askHeaders } from '@/host/host';
import { baseStyle, groundLabelLayers, groundLayers, roadLayers } from '@/map/basemap';
import { Pace } from '@/map/pace';
import { loadFonts } from '@/map/wall-map';
import type { Wall } from '@/state/app';
import type { EditBody, EditResult, PlanCell } from '@/wire/wire';
import { Edges } from './edges';
import { mercator, same, thinned, worldSize, type LonLat } from './geo';
import { beginStroke, bodyOf, drawing, emptyHand, hintOf, isReady, step, type Grip, type Hand, type HandEvent, type Pointed, type Setting, type Step } from './hand';
import { cellLayers, collection, labelFeature, labelLayer, lineFeature, pointFeature, putPlanImages, streetLayer, workLayers } from './plan-layers';
import type { Planner, PlanMapHandle } from './session';
import { chooseSnap, edgeSnap, isTileCut, lineSnap, vertexSnap, type Snap, type SnapKind } from './snap';

/** How near the pointer must be to something to snap to it or to take it, in pixels at the base size of 15. */
const reachPx = 10;
/** Borders are loaded for the view once no more cells than this are in it; plans with fewer are loaded whole. */
const mostCells = 1500;
/** At most so many vertices are drawn, and at most one for so many pixels square: closer together they hide the map. */
const mostVertices = 2500;
const vertexRoomPx = 46;
/** More changed cells than this are loaded anew instead of being patched. */
const mostPatched = 400;
/** How wide a cell must be for its name, in the base size. */
const nameWidthRem = 2.6;
/** A step of an arrow key: metres for a vertex, pixels for the cross. */
const stepM = 1;
const stepPx = 8;
/** The pointer has been dragged when it moved so far. */
const dragPx = 4;

const roadSource = ['bm-path', 'bm-street', 'bm-arterial'];
const waterSource = ['bm-water', 'bm-stream'];

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

/** What a component tells the map. */
export interface PlanMapWords {
  /** A number of households with its unit. */
  count(households: number): string;
  /** The word of what was snapped to. */
  snap(kind: SnapKind): string;
  language(): string;
}

const none: FeatureCollection = { type: 'FeatureCollection', features: [] };
const ordered = ['overlay', 'preview', 'preview-labels', 'labels', 'highlight', 'vertices', 'sketch', 'streets'] as const;

/** Makes the planner's map inside an element. */
export async function openPlanMap(container: HTMLElement, wall: Wall, planner: Planner, words: PlanMapWords): Promise<PlanMap> {
  const { host, state } = planner;
  setWorkerUrl(new URL(workerUrl, location.href).href);
  await loadFonts();
  const apiRoot = host.url('api/');
  const map = new MapLibre({
    container,
    style: baseStyle(wall.state.info.value?.base_map ?? null, (path) => host.url(path)),
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
  const still = (): boolean => matchMedia('(prefers-reduced-motion: reduce)').matches;

  const keepFull = new URLSearchParams(location.search).get('quality') === 'full';
  let ratio = 1;
  const pace = new Pace(() => applyRatio(false));
  function applyRatio(moving: boolean): void {
    const next = keepFull ? 1 : pace.ratio(moving);
    if (next === ratio) return;
    ratio = next;
    map.setPixelRatio(devicePixelRatio * next);
  }

  const edges = new Edges();
  let edgesBox: [number, number, number, number] | null = null;
  let edgesRound = 0;
  let hand: Hand = emptyHand;
  let at: Pointed | null = null;
  /** The cross moved by keys; `null` while the pointer is used. */
  let cross: LonLat | null = null;
  let destroyed = false;
  let built = '';
  const view: HandView = shallowReactive({ hint: 'select', snap: null, ready: false, points: 0, toleranceM: 3, numberAll: false, zoom: 0, edges: false });

  const px = (): number => wall.base.px / 15;
  const inMercator = (pixels: number): number => (pixels * px()) / worldSize(map.getZoom());
  const setting = (): Setting => ({ tool: state.tool, outer: state.outer, selection: [...state.selection], toleranceM: view.toleranceM, numberAll: view.numberAll });
  const source = (id: string): GeoJSONSource | undefined => map.getSource<GeoJSONSource>(id);
  const setData = (id: string, features: Feature[]): void => void source(id)?.setData(collection(features));

  // ---- building ------------------------------------------------------------------------------------------------
  function cellsUrl(): string | typeof none {
    const id = state.opened?.plan.id;
    return id === undefined ? none : host.url(`api/v1/plans/${id}/cells?state=${state.head ?? 0}-${Date.now()}`);
  }

  function build(): void {
    const base = wall.base.px;
    const baseMap = wall.state.info.value?.base_map ?? null;
    const key = JSON.stringify([baseMap, base, words.language(), devicePixelRatio]);
    if (destroyed || key === built) return;
    built = key;
    for (const layer of map.getStyle().layers) if (layer.id !== 'ground') map.removeLayer(layer.id);
    for (const id of Object.keys(map.getStyle().sources)) map.removeSource(id);
    putPlanImages(map, base, Math.max(1, devicePixelRatio));
    if (baseMap) map.addSource('basemap', { type: 'vector', tiles: [host.url(baseMap.tiles)], minzoom: baseMap.min_zoom, maxzoom: baseMap.max_zoom });
    map.addSource('cells', { type: 'geojson', data: none, promoteId: 'face', maxzoom: 18, tolerance: 0.3 });
    for (const id of ordered) {
      const faces = id === 'labels' || id === 'preview' || id === 'preview-labels';
      map.addSource(id, { type: 'geojson', data: none, maxzoom: 18, tolerance: id === 'streets' ? 0.3 : 0, ...(faces ? { promoteId: 'face' } : {}) });
    }
    const cells = cellLayers('cells', 'cells', base);
    const preview = cellLayers('preview', 'preview', base);
    if (baseMap) for (const layer of groundLayers(base)) map.addLayer(layer);
    for (const layer of [...cells.fills, ...preview.fills]) map.addLayer(layer);
    if (baseMap) for (const layer of roadLayers(base)) map.addLayer(layer);
    map.addLayer(streetLayer(base));
    for (const layer of [...cells.lines, ...preview.lines]) map.addLayer(layer);
    if (baseMap) for (const layer of groundLabelLayers(base, words.language())) map.addLayer(layer);
    map.addLayer(labelLayer('labels', 'cells', base));
    for (const layer of workLayers(base)) map.addLayer(layer);
    map.addLayer(labelLayer('preview-labels', 'preview', base));
    everything();
    void streets();
  }

  /** The open plan from the service, all of it. */
  function everything(): void {
    if (built === '') return;
    drawPreview(null);
    map.removeFeatureState({ source: 'cells' });
    marked.clear();
    void source('cells')?.setData(cellsUrl());
    labels();
    markCells();
    void overlay();
    edges.load(none);
    edgesBox = null;
    void loadEdges();
    put(emptyHand);
  }

  function labels(): void {
    const cells = [...state.cells.values()];
    setData('labels', cells.map((cell) => labelFeature(cell, words.count)));
    // Names appear once an ordinary cell is as wide as a short name: before that they would hide the map.
    const middle = cells.toSorted((a, b) => a.area_m2 - b.area_m2)[cells.length >> 1];
    if (!middle) return;
    const metresAtZero = 78_271.5 * Math.cos((middle.label_lat * Math.PI) / 180);
    const from = Math.log2((metresAtZero * nameWidthRem * wall.base.px) / Math.sqrt(Math.max(1, middle.area_m2)));
    map.setLayerZoomRange('cells-label', Math.min(20, Math.max(0, from)), 24);
  }

  /** Streets that were imported; a room without any has none to show. */
  async function streets(): Promise<void> {
    try {
      const found = await host.get<FeatureCollection>('api/v1/planning/streets');
      if (!destroyed) void source('streets')?.setData(found);
    } catch {
      // Drawing works without them.
    }
  }

  async function overlay(): Promise<void> {
    const id = state.overlay;
    if (id === null) {
      setData('overlay', []);
      return;
    }
    try {
      const found = await host.get<FeatureCollection>(`api/v1/plans/${id}/edges`, { bbox: boxAround(0.6).join(',') });
      if (!destroyed && state.overlay === id) void source('overlay')?.setData(found);
    } catch {
      // The switch stays on; the next move of the map asks again.
    }
  }

  // ---- borders of the view -----------------------------------------------------------------------------------------
  /** The view with a margin: west, south, east, north in degrees. */
  function boxAround(margin: number): [number, number, number, number] {
    const b = map.getBounds();
    const [dx, dy] = [(b.getEast() - b.getWest()) * margin, (b.getNorth() - b.getSouth()) * margin];
    return [b.getWest() - dx, Math.max(-85, b.getSouth() - dy), b.getEast() + dx, Math.min(85, b.getNorth() + dy)];
  }

  function cellsInside(box: readonly [number, number, number, number]): number {
    let n = 0;
    for (const { label_lon: x, label_lat: y } of state.cells.values()) if (x >= box[0] && x <= box[2] && y >= box[1] && y <= box[3]) n += 1;
    return n;
  }

  async function loadEdges(): Promise<void> {
    if (!state.opened) {
      view.edges = false;
      return;
    }
    const seen = boxAround(0);
    const [w, s, e, n] = edgesBox ?? [0, 0, -1, -1];
    if (seen[0] >= w && seen[1] >= s && seen[2] <= e && seen[3] <= n) return;
    const whole = state.cells.size <= mostCells;
    if (!whole && cellsInside(seen) > mostCells) {
      edges.load(none);
      edgesBox = null;
      view.edges = false;
      vertices();
      return;
    }
    const box: [number, number, number, number] = whole ? [-180, -85, 180, 85] : boxAround(0.5);
    const round = (edgesRound += 1);
    try {
      const found = await planner.edges(box);
      if (round !== edgesRound || destroyed) return;
      edges.load(found);
      edgesBox = box;
      view.edges = edges.size > 0;
      vertices();
    } catch {
      view.edges = edges.size > 0;
    }
  }

  /** Vertices that the tool in hand can take: all in view while they can be told apart, else those of the border under the pointer. */
  function vertices(): void {
    const wanted = state.tool !== 'select' && state.tool !== 'merge' && state.tool !== 'simplify' && state.tool !== 'number' && planner.editable.value;
    if (!wanted || edges.size === 0) {
      setData('vertices', []);
      return;
    }
    const b = boxAround(0.05);
    const [nw, se] = [mercator([b[0], b[3]]), mercator([b[2], b[1]])];
    const box = [nw.x, nw.y, se.x, se.y] as const;
    const room = Math.min(mostVertices, (container.clientWidth * container.clientHeight) / (vertexRoomPx * px()) ** 2);
    let found = edges.inside(box, room + 1);
    if (found.length > room) {
      // Too many to tell apart: those of the border under the pointer and of the chosen cells.
      const hover = state.hoverEdge?.edge;
      const chosen = state.selection;
      const wantedEdge = (edge: { id: number; left: number | null; right: number | null }): boolean => edge.id === hover || (edge.left !== null && chosen.has(edge.left)) || (edge.right !== null && chosen.has(edge.right));
      found = hover === undefined && chosen.size === 0 ? [] : edges.inside(box, mostVertices, wantedEdge);
    }
    setData('vertices', found.map((v) => pointFeature(v.at, { node: v.node, open: !v.outer || state.outer })));
  }

  // ---- what is under the pointer -----------------------------------------------------------------------------------
  const dragged = (place: LonLat): boolean => hand.dragging && hand.grip !== null && same(place, hand.grip.at);

  /** Lines of the base map around a place. */
  function groundLines(screen: { x: number; y: number }, layers: string[]): LonLat[][] {
    const present = layers.filter((id) => map.getLayer(id));
    if (present.length === 0) return [];
    const r = reachPx * px();
    const found = map.queryRenderedFeatures([[screen.x - r, screen.y - r], [screen.x + r, screen.y + r]], { layers: present });
    const lines: LonLat[][] = [];
    for (const { geometry } of found) {
      if (geometry.type === 'LineString') lines.push(geometry.coordinates as LonLat[]);
      else if (geometry.type === 'MultiLineString') lines.push(...(geometry.coordinates as LonLat[][]));
      else {
        const rings = geometry.type === 'Polygon' ? geometry.coordinates : geometry.type === 'MultiPolygon' ? geometry.coordinates.flat() : [];
        for (const ring of rings as LonLat[][]) {
          for (let i = 1; i < ring.length; i += 1) {
            const [a, b] = [ring[i - 1], ring[i]];
            if (a && b && !isTileCut(a, b)) lines.push([a, b]);
          }
        }
      }
    }
    return lines;
  }

  function snapAt(place: LonLat, free: boolean): Snap | null {
    if (free || !planner.editable.value) return null;
    const { tool } = state;
    if (tool === 'select' || tool === 'merge' || tool === 'simplify' || tool === 'number' || tool === 'fill_gap') return null;
    // The area is drawn; what is pointed at now is a cell.
    if (hand.closed) return null;
    const m = mercator(place);
    const reach = inMercator(reachPx);
    const vertex = vertexSnap(edges.vertex(m, reach, (one) => dragged(one) || (hand.dragging && hand.grip?.segment?.some((end) => same(end, one)) === true)));
    if (tool === 'delete') return vertex;
    const edge = edgeSnap(edges.segment(m, reach, (a, b) => dragged(a) || dragged(b) || (hand.dragging && hand.grip?.segment !== null && same(a, hand.grip?.segment?.[0] ?? null) && same(b, hand.grip?.segment?.[1] ?? null))));
    const taking = (tool === 'vertex' && !hand.dragging) || tool === 'insert';
    if (tool === 'insert') return vertex ? null : edge;
    if (taking) return chooseSnap([vertex, edge], reach);
    const first = hand.points[0];
    const closing: Snap | null = tool === 'transfer' && first && hand.points.length >= 3
      ? { kind: 'vertex', at: first, distance: Math.hypot(mercator(first).x - m.x, mercator(first).y - m.y), outer: false, segment: null, faces: [] }
      : null;
    if (closing && closing.distance <= reach) return closing;
    const screen = map.project(place);
    return chooseSnap([
      vertex, edge,
      lineSnap('street', m, groundLines(screen, ['streets']), reach),
      lineSnap('road', m, groundLines(screen, roadSource), reach),
      lineSnap('water', m, groundLines(screen, waterSource), reach),
    ], reach);
  }

  function faceAt(place: LonLat): number | null {
    const found = map.queryRenderedFeatures(map.project(place), { layers: ['cells-fill'] })[0];
    return found ? Number(found.properties.face) : null;
  }

  function pointed(place: LonLat, free: boolean): Pointed {
    const snap = snapAt(place, free);
    return { at: snap?.at ?? place, face: faceAt(place), snap };
  }

  // ---- showing the hand --------------------------------------------------------------------------------------------
  let near = new Set<number>();
  let previewed: string | null = null;

  function sketch(): void {
    const features: Feature[] = [];
    const { points, grip, to } = hand;
    if (hand.closed) features.push({ type: 'Feature', geometry: { type: 'Polygon', coordinates: [[...points, points[0] ?? [0, 0]].map((p) => [...p])] }, properties: { role: 'area' } });
    if (points.length > 1) features.push(lineFeature(hand.closed ? [...points, points[0] ?? [0, 0]] : points, { role: 'line' }));
    const last = points.at(-1);
    if (last && at && !hand.closed && !hand.stroke && !state.busy) features.push(lineFeature([last, at.at], { role: 'next' }));
    if (!hand.stroke && points.length < 200) for (const p of points) features.push(pointFeature(p, { role: 'point' }));
    if (hand.gap) features.push(pointFeature(hand.gap, { role: 'point' }));
    if (grip) {
      if (to) {
        // The neighbours of the vertex follow at once; what the service makes of it comes a moment later.
        for (const end of grip.segment ?? neighbours(grip.at)) features.push(lineFeature([end, to], { role: 'next' }));
      }
      features.push(pointFeature(to ?? grip.at, { role: 'grip' }));
    }
    const snap = at?.snap ?? null;
    if (snap && !same(snap.at, grip?.at ?? null)) features.push(pointFeature(snap.at, { role: 'snap', word: words.snap(snap.kind) }));
    if (cross) features.push(pointFeature(cross, { role: 'cross' }));
    setData('sketch', features);
    view.snap = snap?.kind ?? null;
    view.hint = hintOf(hand, setting());
    view.ready = !hand.dragging && isReady(hand, setting()) && planner.editable.value;
    view.points = points.length;
    cursor();
  }

  function neighbours(place: LonLat): LonLat[] {
    const found: LonLat[] = [];
    for (const { points } of edges.at(place)) {
      points.forEach((p, i) => {
        if (p[0] !== place[0] || p[1] !== place[1]) return;
        for (const beside of [points[i - 1], points[i + 1]]) if (beside) found.push(beside);
        // A ring that begins here goes on from its other end.
        if (i === 0 && same(points.at(-1) ?? null, place)) return;
      });
    }
    return found;
  }

  function cursor(): void {
    const { tool } = state;
    const canvas = map.getCanvas();
    const edge = at?.snap && at.snap.faces.length > 0;
    const shape = !planner.editable.value || tool === 'select' || tool === 'merge' || tool === 'simplify' || tool === 'number'
      ? at?.face === null || at === null ? '' : 'pointer'
      : tool === 'vertex' ? (hand.dragging ? 'grabbing' : edge ? 'grab' : '')
        : tool === 'insert' ? (edge ? 'copy' : '') : tool === 'delete' ? (edge ? 'pointer' : '') : tool === 'fill_gap' ? (hand.gap || at?.face === null ? 'cell' : 'not-allowed') : 'crosshair';
    canvas.style.cursor = shape;
  }

  /** The border under the pointer and the cells on both sides of it. */
  function highlight(): void {
    const taking = state.tool === 'vertex' || state.tool === 'insert' || state.tool === 'delete';
    const grip = hand.grip;
    const around = grip ? (grip.segment ? segmentEdges(grip.segment) : edges.at(grip.at)) : at?.snap && at.snap.faces.length > 0 && (taking || hand.points.length === 0) ? edgesOfSnap(at.snap) : [];
    const shown = around.filter((edge) => state.tool !== 'select' || edge);
    setData('highlight', state.preview ? [] : shown.map((edge) => lineFeature(edge.points, {})));
    const first = shown[0];
    const key = first ? first.id : null;
    if ((state.hoverEdge?.edge ?? null) !== key) {
      state.hoverEdge = first ? { edge: first.id, left: first.left, right: first.right } : null;
      vertices();
    }
    const faces = new Set(shown.flatMap((edge) => [edge.left, edge.right]).filter((face) => face !== null));
    if (hand.target !== null) faces.add(hand.target);
    for (const face of near) if (!faces.has(face)) map.setFeatureState({ source: 'cells', id: face }, { near: false });
    for (const face of faces) if (!near.has(face)) map.setFeatureState({ source: 'cells', id: face }, { near: true });
    near = faces;
  }
  const segmentEdges = (segment: readonly [LonLat, LonLat]): ReturnType<Edges['at']> => edges.at(segment[0]).filter((edge) => edge.points.some((p) => same(p, segment[1])));
  const edgesOfSnap = (snap: Snap): ReturnType<Edges['at']> => (snap.segment ? segmentEdges(snap.segment) : edges.at(snap.at));

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
    if (destroyed) return;
    if (done) {
      let next = emptyHand;
      // The vertex stays in hand: the next arrow moves it further.
      if (kind === 'move_vertex' || kind === 'insert_vertex' || kind === 'batch') {
        const place = before.to ?? (body.kind === 'insert_vertex' ? body.at : null);
        const hit = place ? edges.vertex(mercator(place), inMercator(1)) : null;
        if (hit && state.tool === 'vertex') next = { ...emptyHand, grip: { at: hit.at, kind: hit.node ? 'node' : 'vertex', outer: hit.outer, segment: null } };
      }
      if (kind === 'split' || kind === 'transfer' || kind === 'fill_gap') cross = null;
      put(next);
      return;
    }
    // What was drawn stays, for mending; what was dragged goes back.
    put({ ...before, to: null, dragging: false, grip: before.grip?.segment ? null : before.grip });
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

  // ---- marks of cells ----------------------------------------------------------------------------------------------
  interface Marks {
    selected: boolean;
    changed: boolean;
  }
  const marked = new Map<number, Marks>();
  function markCells(): void {
    for (const cell of state.cells.values()) {
      const next = { selected: state.selection.has(cell.face), changed: cell.changed };
      const now = marked.get(cell.face);
      if ((now?.selected ?? false) === next.selected && (now?.changed ?? false) === next.changed) continue;
      marked.set(cell.face, next);
      for (const id of ['cells', 'preview']) map.setFeatureState({ source: id, id: cell.face }, { ...next });
    }
  }

  // ---- what would be -----------------------------------------------------------------------------------------------
  let hidden = new Set<number>();
  let lingering = 0;

  function hide(faces: Set<number>): void {
    const show = [...hidden].filter((face) => !faces.has(face));
    for (const id of ['cells', 'labels']) {
      for (const face of show) map.setFeatureState({ source: id, id: face }, { hidden: false });
      for (const face of faces) if (!hidden.has(face)) map.setFeatureState({ source: id, id: face }, { hidden: true });
    }
    hidden = faces;
  }

  /** Cells of a result with what the layers need. */
  function dressed(result: EditResult): Feature[] {
    const figures = new Map(result.changed.map((cell) => [cell.face, cell]));
    return result.cells.features.map((feature) => {
      const cell: PlanCell | undefined = figures.get(Number(feature.properties?.face));
      return { ...feature, properties: { face: Number(feature.properties?.face), band: cell?.band ?? 'unknown' } };
    });
  }

  function drawPreview(result: EditResult | null): void {
    if (built === '') return;
    if (result === null) {
      setData('preview', []);
      setData('preview-labels', []);
      hide(new Set());
      return;
    }
    setData('preview', dressed(result));
    setData('preview-labels', result.changed.map((cell) => labelFeature(cell, words.count)));
    for (const cell of result.changed) map.setFeatureState({ source: 'preview', id: cell.face }, { selected: state.selection.has(cell.face), changed: true });
    hide(new Set([...result.changed.map((cell) => cell.face), ...result.removed]));
  }

  /** Takes a stored edit into the picture: the preview's place is taken only when the new cells are drawn. */
  async function patch(result: EditResult): Promise<void> {
    if (result.changed.length + result.removed.length > mostPatched) {
      everything();
      return;
    }
    const faces = [...result.changed.map((cell) => cell.face), ...result.removed];
    edges.replace(faces, result.edges);
    edgesRound += 1;
    const round = (lingering += 1);
    drawPreview(result);
    const cells = source('cells');
    const label = source('labels');
    const gone = new Set(result.removed);
    for (const face of gone) marked.delete(face);
    markCells();
    vertices();
    // `add` of an id that is there replaces it.
    await Promise.all([
      cells?.updateData({ remove: [...gone], add: dressed(result) }),
      label?.updateData({ remove: [...gone], add: result.changed.map((cell) => labelFeature(cell, words.count)) }),
    ]);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, 1500);
      void map.once('idle', () => {
        clearTimeout(timer);
        resolve();
      });
      map.triggerRepaint();
    });
    if (round !== lingering || destroyed) return;
    lingering = 0;
    drawPreview(state.preview);
  }

  // ---- refusals ----------------------------------------------------------------------------------------------------
  let refusalMark: Marker | null = null;
  function markRefusal(): void {
    refusalMark?.remove();
    refusalMark = null;
    const refusal = state.refusal;
    if (!refusal || refusal.lon === null || refusal.lat === null) return;
    const element = document.createElement('div');
    element.className = 'refusal-mark';
    element.dataset.testid = 'refusal-mark';
    element.append(document.createElement('i'));
    refusalMark = new Marker({ element, anchor: 'center' }).setLngLat([refusal.lon, refusal.lat]).addTo(map);
  }

  // ---- pointer -----------------------------------------------------------------------------------------------------
  let pressed: { x: number; y: number; at: Pointed; moved: boolean } | null = null;
  let waiting: MapMouseEvent | null = null;

  map.on('mousedown', (event) => {
    if (event.originalEvent.button !== 0 || state.busy || !state.opened) return;
    cross = null;
    at = pointed(event.lngLat.toArray() as LonLat, event.originalEvent.altKey);
    pressed = { x: event.point.x, y: event.point.y, at, moved: false };
    happen({ kind: 'press', at });
    // A drag is the hand's, not the map's, where it holds a vertex or draws.
    if (hand.dragging || (drawing.has(state.tool) && planner.editable.value)) event.preventDefault();
  });

  function followPointer(): void {
    const event = waiting;
    waiting = null;
    if (!event || destroyed || !state.opened) return;
    const place = event.lngLat.toArray() as LonLat;
    at = pointed(place, event.originalEvent.altKey);
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
    const was = pressed;
    pressed = null;
    if (!hand.dragging && !hand.stroke) return;
    const box = map.getCanvas().getBoundingClientRect();
    const place = map.unproject([event.clientX - box.left, event.clientY - box.top]).toArray() as LonLat;
    waiting = null;
    at = pointed(place, event.altKey);
    if (hand.stroke) hand = { ...hand, points: thinned(hand.points, inMercator(1.5)) };
    happen({ kind: 'release', at, moved: was.moved });
  };
  addEventListener('mouseup', onUp);

  map.on('click', (event) => {
    // The second click of a double click is told apart below.
    if (!state.opened || event.originalEvent.detail > 1) return;
    at = pointed(event.lngLat.toArray() as LonLat, event.originalEvent.altKey);
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

  function ensureVisible(place: LonLat): void {
    const p = map.project(place);
    const [w, h] = [container.clientWidth, container.clientHeight];
    const edge = 40 * px();
    if (p.x < edge || p.y < edge || p.x > w - edge || p.y > h - edge) map.easeTo({ center: place, duration: still() ? 0 : 250 });
  }

  function crossTo(place: LonLat): void {
    cross = place;
    ensureVisible(place);
    at = pointed(place, false);
    put(hand);
  }

  /** The cells in view, north to south, then west to east. */
  function cellsInView(): PlanCell[] {
    const box = boxAround(0);
    const inView = [...state.cells.values()].filter((c) => c.label_lon >= box[0] && c.label_lon <= box[2] && c.label_lat >= box[1] && c.label_lat <= box[3]);
    return inView.sort((a, b) => b.label_lat - a.label_lat || a.label_lon - b.label_lon);
  }

  function grips(): Grip[] {
    const b = boxAround(0);
    const [nw, se] = [mercator([b[0], b[3]]), mercator([b[2], b[1]])];
    const box = [nw.x, nw.y, se.x, se.y] as const;
    const chosen = state.selection;
    const only = chosen.size === 0 ? undefined : (edge: { left: number | null; right: number | null }): boolean => (edge.left !== null && chosen.has(edge.left)) || (edge.right !== null && chosen.has(edge.right));
    if (state.tool !== 'insert') return edges.inside(box, mostVertices, only).map(({ at: place, node, outer }) => ({ at: place, kind: node ? 'node' : 'vertex', outer, segment: null }));
    const found: Grip[] = [];
    for (const edge of edges.values()) {
      if (only && !only(edge)) continue;
      for (let i = 1; i < edge.points.length && found.length < mostVertices; i += 1) {
        const [a, c] = [edge.points[i - 1], edge.points[i]];
        if (!a || !c) continue;
        const middle: LonLat = [(a[0] + c[0]) / 2, (a[1] + c[1]) / 2];
        if (middle[0] < b[0] || middle[0] > b[2] || middle[1] < b[1] || middle[1] > b[3]) continue;
        found.push({ at: middle, kind: 'segment', outer: edge.left === null || edge.right === null, segment: [a, c] });
      }
    }
    return found;
  }

  function walk(by: number): boolean {
    const { tool } = state;
    if (tool === 'vertex' || tool === 'insert' || tool === 'delete') {
      const all = grips();
      const now = all.findIndex((one) => same(one.at, hand.grip?.at ?? null));
      const next = all[now < 0 ? (by > 0 ? 0 : all.length - 1) : (now + by + all.length) % all.length];
      if (!next) return false;
      at = null;
      ensureVisible(next.at);
      return happen({ kind: 'take', grip: next });
    }
    if (drawing.has(tool) && (tool !== 'split' || state.selection.size === 1) && !hand.closed) {
      const all = grips();
      const now = all.findIndex((one) => same(one.at, cross));
      const next = all[now < 0 ? (by > 0 ? 0 : all.length - 1) : (now + by + all.length) % all.length];
      if (next) crossTo(next.at);
      return next !== undefined;
    }
    const all = cellsInView();
    const here = tool === 'select' ? ([...state.selection].at(-1) ?? null) : (at?.face ?? null);
    const now = all.findIndex((cell) => cell.face === here);
    const next = all[now < 0 ? (by > 0 ? 0 : all.length - 1) : (now + by + all.length) % all.length];
    if (!next) return false;
    if (tool === 'select') planner.select([next.face]);
    else crossTo([next.label_lon, next.label_lat]);
    return true;
  }

  const arrows: Readonly<Record<string, readonly [number, number]>> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

  function key(event: Pick<KeyboardEvent, 'key' | 'shiftKey' | 'altKey'>): boolean {
    if (!state.opened) return false;
    const arrow = arrows[event.key];
    if (arrow) {
      const times = event.shiftKey ? 10 : 1;
      if (hand.grip && state.tool === 'vertex') {
        const used = happen({ kind: 'nudge', east: arrow[0] * stepM * times, north: arrow[1] * stepM * times });
        if (hand.to) ensureVisible(hand.to);
        return used;
      }
      const byCross = planner.editable.value && (drawing.has(state.tool) || state.tool === 'insert' || state.tool === 'fill_gap' || cross !== null);
      if (!byCross || state.tool === 'select') return false;
      const from = map.project(cross ?? map.getCenter().toArray() as LonLat);
      crossTo(map.unproject([from.x + arrow[0] * stepPx * times * px(), from.y - arrow[1] * stepPx * times * px()]).toArray() as LonLat);
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

  // ---- moving the picture ------------------------------------------------------------------------------------------
  const duration = (ms: number): number => (still() || pace.quality === 'always' ? 0 : ms);

  /** The box around cells. */
  function boxOf(cells: Iterable<PlanCell>): [LonLat, LonLat] | null {
    let [w, s, e, n] = [180, 90, -180, -90];
    for (const { bounds } of cells) [w, s, e, n] = [Math.min(w, bounds[0]), Math.min(s, bounds[1]), Math.max(e, bounds[2]), Math.max(n, bounds[3])];
    return w > e ? null : [[w, s], [e, n]];
  }

  function showBox(box: [LonLat, LonLat] | null, mostZoom: number, animate: boolean): void {
    if (!box) return;
    // Room for the legend on the left and the words below.
    const padding = { left: Math.min(17 * wall.base.px, container.clientWidth * 0.22), right: 2 * wall.base.px, top: 2.4 * wall.base.px, bottom: 5 * wall.base.px };
    map.fitBounds(box, { padding, maxZoom: mostZoom, duration: animate ? duration(600) : 0 });
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
    rebuild: build,
    key,
    fit: (animate = true) => showBox(boxOf(state.cells.values()), 17, animate),
    pan: (x, y) => void map.panBy([container.clientWidth * x, -container.clientHeight * y], { duration: duration(250) }),
    zoom: (by) => void map.zoomTo(map.getZoom() + by, { duration: duration(250) }),
    showPlace(lon, lat) {
      map.easeTo({ center: [lon, lat], zoom: Math.max(map.getZoom(), 16.5 + Math.log2(px())), duration: duration(700) });
      const element = document.createElement('div');
      element.className = 'map-pulse';
      element.append(document.createElement('i'));
      const marker = new Marker({ element, anchor: 'center' }).setLngLat([lon, lat]).addTo(map);
      setTimeout(() => marker.remove(), 4000);
    },
    showFaces: (faces) => showBox(boxOf(faces.map((face) => state.cells.get(face)).filter((cell) => cell !== undefined)), 17.5, true),
    destroy() {
      destroyed = true;
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
  let shownPlan: number | null = null;
  function fitNewPlan(): void {
    const id = state.opened?.plan.id ?? null;
    if (id === shownPlan || id === null) return;
    // Another plan of the same ground is looked at from where one stands.
    const box = boxOf(state.cells.values());
    const view = map.getBounds();
    const apart = !box || shownPlan === null || box[0][0] > view.getEast() || box[1][0] < view.getWest() || box[0][1] > view.getNorth() || box[1][1] < view.getSouth();
    shownPlan = id;
    if (apart) handle.fit(false);
  }
  const stops = [
    planner.listen((change) => {
      if (change === null) {
        fitNewPlan();
        everything();
      } else void patch(change);
    }),
    watch(() => state.preview, (result) => {
      if (lingering > 0 && result === null) return;
      drawPreview(result);
      highlight();
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
      vertices();
    }),
    watch(() => state.selection, () => {
      markCells();
      vertices();
      put(hand);
    }),
    watch(() => state.refusal, markRefusal),
    watch(() => state.overlay, () => void overlay()),
  ];

  map.on('movestart', () => applyRatio(map.isMoving()));
  map.on('moveend', () => {
    view.zoom = map.getZoom();
    void loadEdges();
    vertices();
    if (state.overlay !== null) void overlay();
  });
  map.on('render', () => pace.frame(performance.now(), map.isMoving()));
  map.on('idle', () => {
    applyRatio(false);
    if (state.opened && map.isSourceLoaded('cells')) document.documentElement.dataset.planReady = '1';
  });

  if (!map.isStyleLoaded()) await new Promise((resolve) => void map.once('style.load', resolve));
  fitNewPlan();
  build();
  return handle;
}

/** The picture of the plan: its cells and words, what an edit would make of them, and the marks on them. */
import type { Feature, FeatureCollection } from 'geojson';
import { Marker } from 'maplibre-gl';
import { groundLabelLayers, groundLayers, roadLayers } from '@/map/basemap';
import type { EditResult, PlanCell } from '@/wire/wire';
import { cellLayers, labelFeature, labelLayer, putPlanImages, streetLayer, workLayers } from '../plan-layers';
import type { Borders } from './borders';
import { none, type Sheet } from './sheet';

/** More changed cells than this are loaded anew instead of being patched. */
const mostPatched = 400;
/** How wide a cell must be for its name, in the base size. */
const nameWidthRem = 2.6;

const ordered = ['lanes', 'overlay', 'preview', 'preview-labels', 'labels', 'highlight', 'vertices', 'sketch', 'streets'] as const;

/** The drawn plan. */
export interface Picture {
  /** Makes sources and layers for the present base map, size and language, if they are not that already. */
  build(): void;
  /** The open plan from the service, all of it. */
  everything(): void;
  /** Takes a stored edit into the picture. */
  patch(result: EditResult): Promise<void>;
  /** What an edit would make of the plan; `null` = nothing is in hand. Answers whether it is drawn: a stored edit that is still on its way to the picture keeps its place. */
  preview(result: EditResult | null): boolean;
  /** Chosen and changed cells. */
  marks(): void;
  /** Where an edit was refused. */
  refusal(): void;
  /** Borders of the plan laid over. */
  overlay(): Promise<void>;
}

/** The picture on a map; `renewed` is called after the whole plan was asked for anew. */
export function openPicture(sheet: Sheet, borders: Borders, renewed: () => void): Picture {
  const { map, easel, planner, words } = sheet;
  const { host, state } = planner;
  let built = '';

  function cellsUrl(): string | typeof none {
    const id = state.opened?.plan.id;
    return id === undefined ? none : host.url(`api/v1/plans/${id}/cells?state=${state.head ?? 0}-${Date.now()}`);
  }

  function build(): void {
    const base = easel.base.px;
    const baseMap = easel.state.info.value?.base_map ?? null;
    const key = JSON.stringify([baseMap, base, words.language(), devicePixelRatio]);
    if (sheet.destroyed || key === built) return;
    built = key;
    for (const layer of map.getStyle().layers) if (layer.id !== 'ground') map.removeLayer(layer.id);
    if (map.getSource('basemap')) map.removeSource('basemap');
    putPlanImages(map, base, Math.max(1, devicePixelRatio));
    if (baseMap) map.addSource('basemap', { type: 'vector', tiles: [host.url(baseMap.tiles)], minzoom: baseMap.min_zoom, maxzoom: baseMap.max_zoom });
    // The ground of the plan and what is in hand know neither language nor size: they stay, also while nobody could be asked for them.
    const first = !map.getSource('cells');
    if (first) {
      map.addSource('cells', { type: 'geojson', data: none, promoteId: 'face', maxzoom: 18, tolerance: 0.3 });
      for (const id of ordered) {
        const faces = id === 'labels' || id === 'preview' || id === 'preview-labels';
        map.addSource(id, { type: 'geojson', data: none, maxzoom: 18, tolerance: id === 'streets' ? 0.3 : 0, ...(faces ? { promoteId: 'face' } : {}) });
      }
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
    if (first) {
      everything();
      void streets();
      return;
    }
    drawPreview(state.preview);
    labels();
    renewed();
  }

  /** The open plan from the service, all of it. */
  function everything(): void {
    if (built === '') return;
    drawPreview(null);
    map.removeFeatureState({ source: 'cells' });
    marked.clear();
    void sheet.source('cells')?.setData(cellsUrl());
    labels();
    markCells();
    void overlay();
    void lanes();
    void borders.load(true);
    renewed();
  }

  function labels(): void {
    const cells = [...state.cells.values()];
    sheet.setData('labels', cells.map((cell) => labelFeature(cell, words.count)));
    // Names appear once an ordinary cell is as wide as a short name: before that they would hide the map.
    const middle = cells.toSorted((a, b) => a.area_m2 - b.area_m2)[cells.length >> 1];
    if (!middle) return;
    const metresAtZero = 78_271.5 * Math.cos((middle.label_lat * Math.PI) / 180);
    const from = Math.log2((metresAtZero * nameWidthRem * easel.base.px) / Math.sqrt(Math.max(1, middle.area_m2)));
    map.setLayerZoomRange('cells-label', Math.min(20, Math.max(0, from)), 24);
  }

  /** Ground between cells that nobody has; without any nothing is asked. */
  async function lanes(): Promise<void> {
    const id = state.opened?.plan.id;
    if (id === undefined || !state.findings.some((one) => one.code === 'lane')) {
      sheet.setData('lanes', []);
      return;
    }
    try {
      const found = await host.get<FeatureCollection>(`api/v1/plans/${id}/lanes`);
      if (!sheet.destroyed && state.opened?.plan.id === id) void sheet.source('lanes')?.setData(found);
    } catch {
      // The findings beside name them; asked again with the next change.
    }
  }

  /** Streets that were imported; a room without any has none to show. */
  async function streets(): Promise<void> {
    try {
      const found = await host.get<FeatureCollection>('api/v1/planning/streets');
      if (!sheet.destroyed) void sheet.source('streets')?.setData(found);
    } catch {
      // Drawing works without them.
    }
  }

  async function overlay(): Promise<void> {
    const id = state.overlay;
    if (id === null) {
      sheet.setData('overlay', []);
      return;
    }
    try {
      const found = await host.get<FeatureCollection>(`api/v1/plans/${id}/edges`, { bbox: sheet.boxAround(0.6).join(',') });
      if (!sheet.destroyed && state.overlay === id) void sheet.source('overlay')?.setData(found);
    } catch {
      // The switch stays on; the next move of the map asks again.
    }
  }

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
      sheet.setData('preview', []);
      sheet.setData('preview-labels', []);
      hide(new Set());
      return;
    }
    sheet.setData('preview', dressed(result));
    sheet.setData('preview-labels', result.changed.map((cell) => labelFeature(cell, words.count)));
    for (const cell of result.changed) map.setFeatureState({ source: 'preview', id: cell.face }, { selected: state.selection.has(cell.face), changed: cell.changed });
    hide(new Set([...result.changed.map((cell) => cell.face), ...result.removed]));
  }

  /** Takes a stored edit into the picture: the preview's place is taken only when the new cells are drawn. */
  async function patch(result: EditResult): Promise<void> {
    if (result.changed.length + result.removed.length > mostPatched) {
      everything();
      return;
    }
    const faces = [...result.changed.map((cell) => cell.face), ...result.removed];
    if (result.findings.plan !== null) void lanes();
    borders.edges.replace(faces, result.edges);
    borders.outdate();
    const round = (lingering += 1);
    drawPreview(result);
    const cells = sheet.source('cells');
    const label = sheet.source('labels');
    const gone = new Set(result.removed);
    for (const face of gone) {
      marked.delete(face);
      // The same face comes back when the edit is taken back: not with the frame of today.
      for (const id of ['cells', 'preview']) map.removeFeatureState({ source: id, id: face });
    }
    markCells();
    borders.vertices();
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
    if (round !== lingering || sheet.destroyed) return;
    lingering = 0;
    drawPreview(state.preview);
  }

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

  return {
    build,
    everything,
    patch,
    preview(result) {
      if (lingering > 0 && result === null) return false;
      drawPreview(result);
      return true;
    },
    marks: markCells,
    refusal: markRefusal,
    overlay,
  };
}

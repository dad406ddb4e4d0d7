/** The picture of the plan: its cells and words, what an edit would make of them, and the marks on them. */
import { groundLabelLayers, groundLayers, roadLayers } from '@/map/basemap';
import type { EditResult } from '@/wire/wire';
import { cellLayers, labelFeature, labelLayer, putPlanImages, streetLayer, workLayers } from '../plan-layers';
import { openBeside } from './beside';
import type { Borders } from './borders';
import { openMarks } from './marks';
import { dressed, openPreview } from './preview';
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

/** Makes the layers anew, and the sources where there are none; answers whether there were none. */
function putLayers({ map, easel, words }: Sheet): boolean {
  const base = easel.base.px;
  const baseMap = easel.state.info.value?.base_map ?? null;
  for (const layer of map.getStyle().layers) if (layer.id !== 'ground') map.removeLayer(layer.id);
  if (map.getSource('basemap')) map.removeSource('basemap');
  putPlanImages(map, base, Math.max(1, devicePixelRatio));
  if (baseMap) map.addSource('basemap', { type: 'vector', tiles: [easel.host.url(baseMap.tiles)], minzoom: baseMap.min_zoom, maxzoom: baseMap.max_zoom });
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
  return first;
}

/** Writes the names of the cells. */
function putLabels(sheet: Sheet): void {
  const { map, easel, planner: { state }, words } = sheet;
  const cells = [...state.cells.values()];
  sheet.setData('labels', cells.map((cell) => labelFeature(cell, words.count)));
  // Names appear once an ordinary cell is as wide as a short name: before that they would hide the map.
  const middle = cells.toSorted((a, b) => a.area_m2 - b.area_m2)[cells.length >> 1];
  if (!middle) return;
  const metresAtZero = 78_271.5 * Math.cos((middle.label_lat * Math.PI) / 180);
  const from = Math.log2((metresAtZero * nameWidthRem * easel.base.px) / Math.sqrt(Math.max(1, middle.area_m2)));
  map.setLayerZoomRange('cells-label', Math.min(20, Math.max(0, from)), 24);
}

/** The picture on a map; `renewed` is called after the whole plan was asked for anew. */
export function openPicture(sheet: Sheet, borders: Borders, renewed: () => void): Picture {
  const { map, stage, easel, planner, words } = sheet;
  const { host, state } = planner;
  const beside = openBeside(sheet);
  const preview = openPreview(sheet);
  const marks = openMarks(sheet);
  let built = '';
  // Sources come back with the graphics, what was marked in them does not.
  stage.onRestored(() => {
    built = '';
    build();
    everything();
  });

  function cellsUrl(): string | typeof none {
    const id = state.opened?.plan.id;
    return id === undefined ? none : host.url(`api/v1/plans/${id}/cells?state=${state.head ?? 0}-${Date.now()}`);
  }

  function build(): void {
    const key = JSON.stringify([easel.state.info.value?.base_map ?? null, easel.base.px, words.language(), devicePixelRatio]);
    if (stage.destroyed || stage.lost || key === built) return;
    built = key;
    if (putLayers(sheet)) {
      everything();
      void beside.streets();
      return;
    }
    drawPreview(state.preview);
    putLabels(sheet);
    renewed();
  }

  /** The open plan from the service, all of it. */
  function everything(): void {
    if (built === '' || stage.lost) return;
    drawPreview(null);
    marks.clear();
    void sheet.source('cells')?.setData(cellsUrl());
    putLabels(sheet);
    marks.cells();
    void beside.overlay();
    void beside.lanes();
    void borders.load(true);
    renewed();
  }

  /** Stored edits that are on their way to the picture. */
  let lingering = 0;

  function drawPreview(result: EditResult | null): void {
    if (built !== '' && !stage.lost) preview(result);
  }

  /** Takes a stored edit into the picture: the preview's place is taken only when the new cells are drawn. */
  async function patch(result: EditResult): Promise<void> {
    // Whatever was missed is asked for with the rest when the graphics are back.
    if (stage.lost) return;
    if (result.changed.length + result.removed.length > mostPatched) {
      everything();
      return;
    }
    const faces = [...result.changed.map((cell) => cell.face), ...result.removed];
    if (result.findings.plan !== null) void beside.lanes();
    borders.edges.replace(faces, result.edges);
    borders.outdate();
    const round = (lingering += 1);
    drawPreview(result);
    const cells = sheet.source('cells');
    const label = sheet.source('labels');
    const gone = new Set(result.removed);
    marks.drop(gone);
    marks.cells();
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
    if (round !== lingering || stage.destroyed) return;
    lingering = 0;
    drawPreview(state.preview);
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
    marks: marks.cells,
    refusal: marks.refusal,
    overlay: beside.overlay,
  };
}

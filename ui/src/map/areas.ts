/** Areas on the map: fills by mode from feature state, hatching, boundaries, the selected one, names. */
import type { FeatureCollection, Point } from 'geojson';
import type { ExpressionSpecification, GeoJSONSource, LayerSpecification, Map as MapLibre } from 'maplibre-gl';
import type { AreaStat, Comparison, Level, WallInfo } from '@/wire/wire';
import { levels, type Mode, type View } from '@/state/view';
import type { AreaCollection } from '@/state/wall';
import { labelFont } from './basemap';
import { levelZooms } from './scale';
import { comparable, difference, type Measure } from '@/state/compare';
import { diffColors, heatColors, ownerColors, sample, timeLeftColors } from './ramp';
import { color } from '@/style/tokens';

/** Name of the source of a level's areas. */
export const areaSource = (level: Level): string => `areas-${level}`;
/** Name of the source of a level's labels (one point an area). */
export const labelSource = (level: Level): string => `labels-${level}`;

const steps = 17;

function ramp(input: unknown, from: number, to: number, colors: string[]): ExpressionSpecification {
  const stops = colors.flatMap((color, i) => [from + ((to - from) * i) / (colors.length - 1), color]);
  return ['interpolate', ['linear'], input, ...stops] as unknown as ExpressionSpecification;
}

const state = (name: string, otherwise: number): unknown => ['coalesce', ['feature-state', name], otherwise];

/** The top of the open-count scale per level: a round number fixed while the scene lasts. */
export type OpenScale = Record<Level, number>;

/** A round number at or above a count: 5, 10, 20, 50, 100 … */
export function roundUp(count: number): number {
  if (count <= 5) return 5;
  const decade = 10 ** Math.floor(Math.log10(count));
  return [1, 2, 5, 10].map((n) => n * decade).find((n) => n >= count) ?? 10 * decade;
}

/** Scale for the open counts when first seen: nineteen of twenty areas with open tickets lie below its top, so that one outlier does not darken the rest. */
export function openScale(areas: Record<Level, AreaCollection | null>, stats: Map<string, AreaStat>): OpenScale {
  const top = (level: Level): number => {
    const counts = (areas[level]?.features ?? []).map((f) => stats.get(f.properties.key)?.open ?? 0).filter((n) => n > 0).sort((a, b) => a - b);
    return roundUp(counts[Math.ceil(counts.length * 0.95) - 1] ?? 0);
  };
  return { cell: top('cell'), community: top('community'), street: top('street') };
}

/** The colour of areas in a mode. */
export function fillColor(mode: Mode, level: Level, info: WallInfo, scale: OpenScale, diffTop: number): ExpressionSpecification {
  if (mode === 'owner') {
    const cases = ownerColors.flatMap((color, i) => [i, color]);
    return ['match', ['get', 'owner_color'], ...cases, 'transparent'] as unknown as ExpressionSpecification;
  }
  if (mode === 'compare') return ramp(state('diff', 0), -diffTop, diffTop, sample(diffColors, steps));
  if (mode === 'open') return ramp(state('open', 0), 0, scale[level], sample(heatColors, steps));
  if (mode === 'time_left') {
    const span = info.heat.time_left_span_h * 3600;
    return ramp(state('left', 0), -span, span, sample(timeLeftColors, steps));
  }
  return ramp(state('heat', 0), 0, info.heat.cell_scale_max, sample(heatColors, steps));
}

/** How opaque areas are in a mode; nothing to say is nothing to see. */
export function fillOpacity(mode: Mode, smooth: boolean): ExpressionSpecification | number {
  if (smooth) return 0;
  if (mode === 'owner') return 0.5;
  if (mode === 'compare') return ['case', ['==', state('compared', 0), 1], 0.74, 0.02] as unknown as ExpressionSpecification;
  if (mode === 'open') return ['case', ['>', state('open', 0), 0], 0.66, 0.12] as unknown as ExpressionSpecification;
  if (mode === 'time_left') return ['case', ['==', state('timed', 0), 1], 0.66, 0] as unknown as ExpressionSpecification;
  return ['interpolate', ['linear'], state('heat', 0), 0, 0, 0.001, 0.3, 1, 0.5, 4, 0.68] as unknown as ExpressionSpecification;
}

/** Whether the continuous surface is shown instead of fills. */
export function isSmooth(view: Pick<View, 'mode' | 'level' | 'smooth'>): boolean {
  return view.smooth && view.level === 'cell' && (view.mode === 'heat' || view.mode === 'time_left');
}

/** Fills and hatching, under the roads. */
export function fillLayers(): LayerSpecification[] {
  return levels.flatMap((level): LayerSpecification[] => [
    { id: `fill-${level}`, type: 'fill', source: areaSource(level), paint: { 'fill-color': 'transparent', 'fill-antialias': false } },
    { id: `hatch-${level}`, type: 'fill', source: areaSource(level), filter: ['<', ['get', 'owner_color'], 0], paint: { 'fill-pattern': 'hatch' } },
    // Too few tickets to say anything: dotted, never coloured.
    { id: `small-${level}`, type: 'fill', source: areaSource(level), paint: { 'fill-pattern': 'dots', 'fill-opacity': ['case', ['==', state('small', 0), 1], 0.8, 0] as unknown as ExpressionSpecification } },
  ]);
}

/** Boundaries, above the roads. */
export function lineLayers(base: number): LayerSpecification[] {
  const px = base / 15;
  const line = (level: Level, width: number, color: string): LayerSpecification => ({
    id: `line-${level}`, type: 'line', source: areaSource(level), layout: { 'line-join': 'round' },
    paint: { 'line-color': color, 'line-width': ['interpolate', ['linear'], ['zoom'], 9, width * px * 0.45, 11, width * px * 0.7, 13, width * px * 0.9, 16, width * px * 1.5] },
  });
  const selected = (level: Level): LayerSpecification[] => [
    { id: `selected-under-${level}`, type: 'line', source: areaSource(level), filter: ['==', ['get', 'key'], ''], layout: { 'line-join': 'round' }, paint: { 'line-color': color('ground'), 'line-width': 6.5 * px, 'line-opacity': 0.7 } },
    { id: `selected-${level}`, type: 'line', source: areaSource(level), filter: ['==', ['get', 'key'], ''], layout: { 'line-join': 'round' }, paint: { 'line-color': color('accent'), 'line-width': 2.6 * px } },
  ];
  return [line('cell', 1, color('area-cell')), line('community', 1.9, color('area-community')), line('street', 2.4, color('area-street')), ...levels.flatMap(selected)];
}

/** Names of areas, and the count under them where counts are the scene. */
export function labelLayers(base: number): LayerSpecification[] {
  return levels.map((level): LayerSpecification => ({
    id: `label-${level}`, type: 'symbol', source: labelSource(level),
    layout: {
      'text-font': labelFont, 'text-field': ['get', 'text'], 'text-size': base * ({ cell: 1, community: 1.3, street: 1.6 })[level],
      'text-max-width': level === 'cell' ? 12 : 16, 'text-line-height': 1.25, 'text-padding': base * 0.35, 'symbol-sort-key': ['-', 0, ['get', 'rank']],
    },
    paint: { 'text-color': level === 'cell' ? color('area-label-cell') : color('area-label'), 'text-halo-color': color('halo'), 'text-halo-width': base / 9, 'text-halo-blur': base / 30 },
  }));
}

/** One labelled point an area. */
export function labelPoints(areas: AreaCollection['features'], text: (key: string, name: string) => string, rank: (key: string) => number): FeatureCollection<Point> {
  return {
    type: 'FeatureCollection',
    features: areas.map(({ properties: p }) => ({
      type: 'Feature',
      geometry: { type: 'Point', coordinates: [p.label_lon, p.label_lat] },
      properties: { key: p.key, text: text(p.key, p.name === '' ? p.code : p.name), rank: rank(p.key) },
    })),
  };
}

/** Which level's areas carry the colour: where nobody answers for communities as such, the cells inside show their owners. */
export function paintedLevel(view: Pick<View, 'mode' | 'level'>, areas: Record<Level, AreaCollection | null>): Level {
  const owned = areas[view.level]?.features.some((f) => f.properties.owner_color >= 0) ?? false;
  return view.mode === 'owner' && !owned ? 'cell' : view.level;
}

/** Whether no cell has an owner: then that is said once, and nothing is hatched. */
export function nobodyAnywhere(cells: AreaCollection | null): boolean {
  return cells !== null && cells.features.length > 0 && cells.features.every((f) => f.properties.owner_color < 0);
}

/** Names of communities and streets, which the base map need not repeat. */
export function namesOf(areas: Record<Level, AreaCollection | null>): string[] {
  return (['community', 'street'] as const).flatMap((level) => (areas[level]?.features ?? []).map((f) => f.properties.name)).filter((name) => name !== '');
}

/**
 * By zoom and importance: borders of small areas fade, and where cells are too small to be named their communities are.
 * Without communities the cells' names stay, farther apart the smaller the cells are, the busiest first.
 */
export function thinOut(map: MapLibre, view: View, areas: Record<Level, AreaCollection | null>, base: number): void {
  const zooms = { cell: levelZooms(areas.cell?.features ?? [], base), community: levelZooms(areas.community?.features ?? [], base), street: null };
  const larger = zooms.community !== null;
  for (const level of ['cell', 'community'] as const) {
    const z = zooms[level];
    if (!z) continue;
    // A level's own borders never go out wholly unless larger ones stand in for them.
    const least = level === 'cell' && larger ? 0.12 : 0.4;
    map.setPaintProperty(`line-${level}`, 'line-opacity', ['interpolate', ['linear'], ['zoom'], z.faded, least, z.full, 1]);
    map.setLayoutProperty(`label-${level}`, 'text-padding', ['interpolate', ['linear'], ['zoom'], z.faded, base * 3.2, z.named, base * 0.35]);
  }
  const standIn = view.level === 'cell' && larger && zooms.cell !== null;
  map.setLayerZoomRange('label-cell', standIn && zooms.cell ? Math.min(22, zooms.cell.named) : 0, 24);
  map.setLayerZoomRange('label-community', 0, standIn && zooms.cell ? Math.min(22, zooms.cell.named) : 24);
}

/** Shows the layers and colours of the chosen scene. */
export function showScene(map: MapLibre, view: View, info: WallInfo, scale: OpenScale, areas: Record<Level, AreaCollection | null>, diffTop: number): void {
  const smooth = isSmooth(view);
  const painted = paintedLevel(view, areas);
  const nobody = nobodyAnywhere(areas.cell);
  for (const level of levels) {
    const on = level === view.level;
    const visible = (id: string, yes: boolean): void => void map.setLayoutProperty(id, 'visibility', yes ? 'visible' : 'none');
    visible(`fill-${level}`, on || level === painted);
    visible(`hatch-${level}`, level === painted && view.mode === 'owner' && !nobody);
    visible(`small-${level}`, on && view.mode === 'compare');
    visible(`line-${level}`, on || (view.level === 'cell' && level === 'community'));
    visible(`label-${level}`, on || (view.level === 'cell' && level === 'community'));
    if (!on && level !== painted) continue;
    map.setPaintProperty(`fill-${level}`, 'fill-color', fillColor(view.mode, level, info, scale, diffTop));
    // An unpainted level stays there, unseen, to be clicked.
    map.setPaintProperty(`fill-${level}`, 'fill-opacity', level === painted ? fillOpacity(view.mode, smooth) : 0);
  }
  map.setLayoutProperty('heat', 'visibility', smooth ? 'visible' : 'none');
}

/** Outlines the selected area. */
export function outline(map: MapLibre, view: View): void {
  for (const level of levels) {
    const key = view.selection?.kind === 'area' && view.selection.level === level ? view.selection.key : '';
    for (const id of [`selected-under-${level}`, `selected-${level}`]) map.setFilter(id, ['==', ['get', 'key'], key]);
  }
}

/** Hands counts to the map; `keys` null = all. */
export function setCounts(map: MapLibre, areas: Record<Level, AreaCollection | null>, stats: Map<string, AreaStat>, keys: string[] | null): void {
  for (const level of levels) {
    const source = areaSource(level);
    if (!map.getSource(source)) continue;
    const known = new Set((areas[level]?.features ?? []).map((f) => f.properties.key));
    for (const key of keys ?? known) {
      const row = stats.get(key);
      if (!row || !known.has(key)) continue;
      map.setFeatureState({ source, id: key }, { open: row.open, heat: row.heat, left: row.time_left_s ?? 0, timed: row.time_left_s === null ? 0 : 1 });
    }
  }
}

/** Hands the difference of two periods to the map, and says what stands under each name. */
export function setDifferences(map: MapLibre, level: Level, keys: Iterable<string>, comparison: Comparison | null, measure: Measure): Map<string, number> {
  const source = areaSource(level);
  const shown = new Map<string, number>();
  if (!map.getSource(source)) return shown;
  const able = comparison !== null && comparison.level === level && comparable(comparison);
  const rows = new Map((able ? comparison.areas : []).map((area) => [area.key, area]));
  for (const id of keys) {
    const row = rows.get(id);
    const diff = row && able ? difference(row, measure, comparison.least_sample) : null;
    if (diff !== null) shown.set(id, diff);
    map.setFeatureState({ source, id }, { diff: diff ?? 0, compared: diff === null ? 0 : 1, small: row && diff === null ? 1 : 0 });
  }
  return shown;
}

/** Replaces the data of a GeoJSON source. */
export function setData(map: MapLibre, source: string, data: GeoJSON.GeoJSON): void {
  void map.getSource<GeoJSONSource>(source)?.setData(data);
}

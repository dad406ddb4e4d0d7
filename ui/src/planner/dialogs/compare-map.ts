/** Two maps of the same ground that move as one: each shows one plan. */
import type { ExpressionSpecification, GeoJSONSource, LayerSpecification } from 'maplibre-gl';
import { groundLabelLayers, groundLayers, labelFont, roadLayers } from '@/map/basemap';
import { Stage, type Easel } from '@/map/stage';
import type { PlanCells } from './differences';
import { color } from '@/style/tokens';

/** A map of the pair. */
export interface CompareMap {
  /** Shows the cells of a plan; `marked`: codes of cells that differ. */
  show(cells: PlanCells, marked: ReadonlySet<string>): void;
  destroy(): void;
}

/** Both maps, and what is done with them together. */
export interface ComparePair {
  first: CompareMap;
  second: CompareMap;
  /** Shows a box `[west, south, east, north]`. */
  fit(box: readonly [number, number, number, number]): void;
  zoom(step: number): void;
  pan(x: number, y: number): void;
  destroy(): void;
}

/** Colours of the two sides: land and paper, as in the band above the map. */
const sides = [
  { line: color('live'), fill: color('live') },
  { line: color('draft-pale'), fill: color('draft-edge') },
] as const;

function cellLayers(base: number, side: (typeof sides)[number]): LayerSpecification[] {
  const marked: ExpressionSpecification = ['==', ['get', 'marked'], 1];
  const name: ExpressionSpecification = ['case', ['==', ['get', 'name'], ''], ['get', 'code'], ['get', 'name']];
  return [
    { id: 'cells', type: 'fill', source: 'cells', paint: { 'fill-color': side.fill, 'fill-opacity': ['case', marked, 0.34, 0.05] } },
    { id: 'borders', type: 'line', source: 'cells', layout: { 'line-join': 'round' }, paint: { 'line-color': side.line, 'line-width': ['case', marked, base / 6, base / 14], 'line-opacity': ['case', marked, 1, 0.55] } },
    {
      id: 'names', type: 'symbol', source: 'labels', minzoom: 13,
      layout: { 'text-font': labelFont, 'text-field': ['format', name, {}, '\n', {}, ['get', 'count'], {}], 'text-size': base, 'text-max-width': 9, 'text-padding': 0, 'text-variable-anchor': ['center', 'top', 'bottom'] },
      paint: { 'text-color': color('text'), 'text-halo-color': color('ground'), 'text-halo-width': base / 8 },
    },
  ];
}

function openOne(container: HTMLElement, easel: Easel, language: string, side: (typeof sides)[number], count: (households: number) => string): { stage: Stage; one: CompareMap } {
  const base = easel.base.px;
  // Both sides are drawn as finely as the screen: what differs lies close together.
  const stage = new Stage(container, easel, { boxZoom: false, fadeDuration: 0, maxZoom: 20, unpaced: true });
  const { map } = stage;
  let wanted: (() => void) | null = null;
  map.once('load', () => {
    const ground = map.getSource('basemap') !== undefined;
    const empty = { type: 'FeatureCollection' as const, features: [] };
    map.addSource('cells', { type: 'geojson', data: empty });
    map.addSource('labels', { type: 'geojson', data: empty });
    const layers = [...(ground ? groundLayers(base) : []), ...(ground ? roadLayers(base) : []), ...(ground ? groundLabelLayers(base, language) : []), ...cellLayers(base, side)];
    for (const layer of layers) map.addLayer(layer);
    wanted?.();
    wanted = null;
  });
  const one: CompareMap = {
    show(cells, marked) {
      const put = (): void => {
        const is = (code: string): number => (marked.has(code) ? 1 : 0);
        void map.getSource<GeoJSONSource>('cells')?.setData({ type: 'FeatureCollection', features: cells.features.map((feature) => ({ ...feature, properties: { ...feature.properties, marked: is(feature.properties.code) } })) });
        const labels = cells.features.map(({ properties, geometry }) => {
          const ring = (geometry.type === 'Polygon' ? geometry.coordinates[0] : geometry.coordinates[0]?.[0]) ?? [];
          const middle = [0, 1].map((k) => ring.reduce((sum, point) => sum + (point[k] ?? 0), 0) / Math.max(1, ring.length));
          const at = [properties.label_lon ?? middle[0] ?? 0, properties.label_lat ?? middle[1] ?? 0];
          return { type: 'Feature' as const, properties: { code: properties.code, name: properties.name, count: properties.households === null ? '' : count(properties.households) }, geometry: { type: 'Point' as const, coordinates: at } };
        });
        void map.getSource<GeoJSONSource>('labels')?.setData({ type: 'FeatureCollection', features: labels });
      };
      if (map.getSource('cells')) put();
      else wanted = put;
    },
    destroy: () => stage.destroy(),
  };
  return { stage, one };
}

/** Makes both maps and ties them together. */
export function openPair(left: HTMLElement, right: HTMLElement, easel: Easel, language: string, count: (households: number) => string): ComparePair {
  const [a, b] = [openOne(left, easel, language, sides[0], count), openOne(right, easel, language, sides[1], count)];
  let following = false;
  const follow = ({ map: leader }: Stage, { map: other }: Stage): void => {
    leader.on('move', () => {
      if (following) return;
      following = true;
      other.jumpTo({ center: leader.getCenter(), zoom: leader.getZoom() });
      following = false;
    });
  };
  follow(a.stage, b.stage);
  follow(b.stage, a.stage);
  const { map } = a.stage;
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  return {
    first: a.one,
    second: b.one,
    fit(box) {
      map.fitBounds([box[0], box[1], box[2], box[3]], { padding: easel.base.px * 3, maxZoom: 17, duration: still ? 0 : 300 });
    },
    zoom(step) {
      map.easeTo({ zoom: map.getZoom() + step, duration: still ? 0 : 200 });
    },
    pan(x, y) {
      const canvas = map.getCanvas();
      map.panBy([x * canvas.clientWidth, -y * canvas.clientHeight], { duration: still ? 0 : 200 });
    },
    destroy() {
      a.one.destroy();
      b.one.destroy();
    },
  };
}

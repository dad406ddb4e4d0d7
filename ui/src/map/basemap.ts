/**
 * The ground under the wall: Tilezen- or Protomaps-like layers drawn dark and quiet, or nothing but the ground.
 * Kinds of both schemas are listed side by side; unknown ones simply get the plainest look.
 */
import type { LayerSpecification, StyleSpecification } from 'maplibre-gl';
import type { BaseMap } from '@/wire/wire';
import { color } from '@/style/tokens';

/** The bundled font as the map knows it. */
export const labelFont = ['Noto Sans SC Variable'];

/** Colours of the ground, near-neutral, darkest first. */
export const groundColors = {
  ground: color('ground'),
  earth: color('map-earth'),
  green: color('map-green'),
  built: color('map-built'),
  water: color('map-water'),
  waterEdge: color('map-water-edge'),
  building: color('map-building'),
  buildingEdge: color('map-building-edge'),
  lane: color('map-building-edge'),
  street: color('map-street'),
  arterial: color('map-arterial'),
  rail: color('map-rail'),
  label: color('map-label'),
  waterLabel: color('map-water-label'),
} as const;

const kind = ['coalesce', ['get', 'kind'], ''];
const detail = ['coalesce', ['get', 'kind_detail'], ['get', 'pmap:kind_detail'], ['get', 'class'], ''];
const isIn = (what: unknown, list: string[]): unknown => ['in', what, ['literal', list]];

const arterialKinds = ['highway', 'major_road', 'motorway', 'trunk', 'primary', 'secondary', 'arterial'];
const arterialDetails = ['motorway', 'trunk', 'primary', 'secondary', 'arterial'];
const pathDetails = ['footway', 'path', 'steps', 'cycleway', 'pedestrian', 'track', 'service', 'alley', 'driveway'];
const greenKinds = ['park', 'garden', 'grass', 'forest', 'wood', 'meadow', 'recreation_ground', 'pitch', 'cemetery', 'golf_course', 'nature_reserve', 'green', 'scrub', 'playground', 'protected_area', 'farmland'];

const width = (base: number, at14: number, at18: number): unknown => ['interpolate', ['exponential', 1.6], ['zoom'], 11, (at14 * base) / 40, 14, (at14 * base) / 15, 18, (at18 * base) / 15];

const isArterial = ['any', isIn(kind, arterialKinds), isIn(detail, arterialDetails)];
const isPath = ['any', ['==', kind, 'path'], ['==', kind, 'other'], isIn(detail, pathDetails)];
const isRail = isIn(kind, ['rail', 'railway', 'subway', 'tram']);
const lines = ['!=', ['geometry-type'], 'Point'];

/** Name in the viewer's language, else as it stands on the spot. */
export function nameIn(language: string): unknown {
  return language === 'en' ? ['coalesce', ['get', 'name:en'], ['get', 'name'], ''] : ['coalesce', ['get', 'name:zh'], ['get', 'name'], ''];
}

/** Layers under the areas. */
export function groundLayers(base: number): LayerSpecification[] {
  const c = groundColors;
  return [
    { id: 'bm-earth', type: 'fill', source: 'basemap', 'source-layer': 'earth', paint: { 'fill-color': c.earth } },
    {
      id: 'bm-landuse', type: 'fill', source: 'basemap', 'source-layer': 'landuse', filter: ['!', isIn(kind, ['footway', 'pedestrian', 'protected_area', 'attraction'])],
      paint: { 'fill-color': ['case', isIn(kind, greenKinds), c.green, c.built], 'fill-opacity': 0.9 },
    },
    { id: 'bm-water', type: 'fill', source: 'basemap', 'source-layer': 'water', filter: ['==', ['geometry-type'], 'Polygon'], paint: { 'fill-color': c.water, 'fill-outline-color': c.waterEdge } },
    { id: 'bm-stream', type: 'line', source: 'basemap', 'source-layer': 'water', filter: ['==', ['geometry-type'], 'LineString'], paint: { 'line-color': c.waterEdge, 'line-width': width(base, 0.6, 3) } },
    {
      id: 'bm-buildings', type: 'fill', source: 'basemap', 'source-layer': 'buildings', minzoom: 13.5, filter: ['==', ['geometry-type'], 'Polygon'],
      paint: { 'fill-color': c.building, 'fill-outline-color': c.buildingEdge, 'fill-opacity': ['interpolate', ['linear'], ['zoom'], 13.5, 0, 14.5, 1] },
    },
  ] as LayerSpecification[];
}

/** Roads lie above the colour of the areas, so that the town stays readable through it. */
export function roadLayers(base: number): LayerSpecification[] {
  const c = groundColors;
  const road = (id: string, filter: unknown, color: string, at14: number, at18: number, minzoom: number): unknown => ({
    id, type: 'line', source: 'basemap', 'source-layer': 'roads', minzoom, filter: ['all', lines, filter],
    layout: { 'line-cap': 'round', 'line-join': 'round' }, paint: { 'line-color': color, 'line-width': width(base, at14, at18), 'line-opacity': 0.72 },
  });
  return [
    road('bm-path', ['all', isPath, ['!', isArterial]], c.lane, 0.3, 2, 15),
    road('bm-street', ['all', ['!', isArterial], ['!', isPath], ['!', isRail], ['!', isIn(kind, ['ferry', 'aerialway', 'aeroway'])]], c.street, 0.9, 8, 12),
    road('bm-arterial', isArterial, c.arterial, 2.1, 15, 8),
    {
      id: 'bm-rail', type: 'line', source: 'basemap', 'source-layer': 'roads', minzoom: 12, filter: ['all', lines, isRail],
      paint: { 'line-color': c.rail, 'line-width': width(base, 0.7, 2), 'line-dasharray': [4, 3] },
    },
  ] as LayerSpecification[];
}

/** Names of the ground: roads, water, places. Quieter than the names of areas. */
export function groundLabelLayers(base: number, language: string): LayerSpecification[] {
  const c = groundColors;
  const text = { 'text-font': labelFont, 'text-field': nameIn(language), 'text-size': base };
  const paint = { 'text-color': c.label, 'text-halo-color': c.ground, 'text-halo-width': base / 10 };
  return [
    {
      id: 'bm-road-name', type: 'symbol', source: 'basemap', 'source-layer': 'roads', minzoom: 13.5, filter: ['all', lines, ['any', isArterial, ['>=', ['zoom'], 16]], ['has', 'name']],
      layout: { ...text, 'symbol-placement': 'line', 'symbol-spacing': base * 36, 'text-max-angle': 30, 'text-padding': base }, paint,
    },
    {
      id: 'bm-water-name', type: 'symbol', source: 'basemap', 'source-layer': 'water', filter: ['has', 'name'],
      layout: { ...text, 'text-letter-spacing': 0.2, 'text-size': base * 1.1, 'symbol-placement': ['step', ['zoom'], 'point', 22, 'line'], 'text-padding': base * 2 },
      paint: { ...paint, 'text-color': c.waterLabel },
    },
    {
      id: 'bm-poi-name', type: 'symbol', source: 'basemap', 'source-layer': 'pois', minzoom: 16.2, filter: ['has', 'name'],
      layout: { ...text, 'text-max-width': 8, 'text-padding': base * 0.8 }, paint: { ...paint, 'text-color': color('map-place-label') },
    },
    {
      id: 'bm-place-name', type: 'symbol', source: 'basemap', 'source-layer': 'places', filter: ['has', 'name'], maxzoom: 13.5,
      layout: { ...text, 'text-size': base * 1.15, 'text-padding': base }, paint,
    },
  ] as LayerSpecification[];
}

/** The empty style with the base map's source, if there is one. */
export function baseStyle(baseMap: BaseMap | null, url: (path: string) => string): StyleSpecification {
  return {
    version: 8,
    sources: baseMap
      ? { basemap: { type: 'vector', tiles: [url(baseMap.tiles)], minzoom: baseMap.min_zoom, maxzoom: baseMap.max_zoom } }
      : {},
    layers: [{ id: 'ground', type: 'background', paint: { 'background-color': groundColors.ground } }],
  };
}

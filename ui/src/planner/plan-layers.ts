/**
 * How a plan looks on the map: cells by band (colour, hatch, mark and number), borders, vertices, what would change, and what
 * the hand draws. Quiet hues: being out of the band is a thing to plan for, no alarm. Used by the planner's own map and by
 * whoever shows a plan beside another.
 */
import type { Feature, FeatureCollection, LineString, Point } from 'geojson';
import type { ExpressionSpecification, LayerSpecification, Map as MapLibre } from 'maplibre-gl';
import { labelFont } from '@/map/basemap';
import type { PlanCell } from '@/wire/wire';
import { color } from '@/style/tokens';

/** The bands in the order of the legend. */
export const bands = ['over', 'in', 'under', 'unknown'] as const;

/** Households against the target. */
export type Band = (typeof bands)[number];

/** Colours of the bands: clay above, grey inside, sea below, nothing where nothing is known. */
export const bandColors: Readonly<Record<Band, string>> = { over: color('band-over'), in: color('band-in'), under: color('band-under'), unknown: color('band-unknown') };

/** Marks of the bands, before the number. */
export const bandMarks: Readonly<Record<Band, string>> = { over: '▲', in: '', under: '▽', unknown: '?' };

/** The colour of what is being drawn or has been changed: paper, not land. */
export const draftColor = color('draft');

/** Ground between cells that nobody has. */
export const laneColor = color('plan-lane');

/** A band by its name; unknown names are unknown. */
export function bandOf(name: string): Band {
  return bands.find((band) => band === name) ?? 'unknown';
}

const state = (name: string): unknown => ['boolean', ['feature-state', name], false];
const expression = (value: unknown): ExpressionSpecification => value as ExpressionSpecification;

/** A small picture that repeats. */
function tile(side: number, draw: (pen: CanvasRenderingContext2D) => void): ImageData {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = side;
  const pen = canvas.getContext('2d');
  if (!pen) return new ImageData(1, 1);
  draw(pen);
  return pen.getImageData(0, 0, side, side);
}

/** Puts the hatches, the cross and the ring of snapping into the map. */
export function putPlanImages(map: MapLibre, base: number, ratio: number): void {
  const put = (name: string, image: ImageData): void => {
    if (map.hasImage(name)) map.removeImage(name);
    map.addImage(name, image, { pixelRatio: ratio });
  };
  const side = 4 * Math.max(2, Math.round((base * ratio) / 4.4));
  const lines = (color: string, rising: boolean, width: number) => (pen: CanvasRenderingContext2D): void => {
    pen.strokeStyle = color;
    pen.lineWidth = width * ratio;
    for (const shift of [-side, 0, side]) {
      pen.beginPath();
      pen.moveTo(shift - 1, rising ? side + 1 : -1);
      pen.lineTo(shift + side + 1, rising ? -1 : side + 1);
      pen.stroke();
    }
  };
  put('band-over', tile(side, lines(color('band-over-tile'), true, base / 11)));
  put('band-under', tile(side, lines(color('band-under-tile'), false, base / 15)));
  put('band-unknown', tile(side, (pen) => {
    pen.fillStyle = color('hatch-dots');
    pen.beginPath();
    pen.arc(side / 2, side / 2, (base / 11) * ratio, 0, 7);
    pen.fill();
  }));
  const box = Math.round(base * 2.2 * ratio);
  put('plan-cross', tile(box, (pen) => {
    for (const [stroke, width] of [[color('ground'), base / 3.6], [color('accent'), base / 9]] as const) {
      pen.strokeStyle = stroke;
      pen.lineWidth = width * ratio;
      pen.beginPath();
      for (const [x, y] of [[0, 1], [1, 0]] as const) {
        for (const [from, to] of [[0.04, 0.38], [0.62, 0.96]] as const) {
          pen.moveTo(box * (x ? from : 0.5), box * (y ? from : 0.5));
          pen.lineTo(box * (x ? to : 0.5), box * (y ? to : 0.5));
        }
      }
      pen.stroke();
    }
  }));
}

/** Layers of cells from a source whose features have `face` and `band`. `prefix` keeps several plans apart. */
export function cellLayers(source: string, prefix: string, base: number): { fills: LayerSpecification[]; lines: LayerSpecification[] } {
  const px = base / 15;
  const hidden = state('hidden');
  const hatch = (band: Band): LayerSpecification => ({
    id: `${prefix}-hatch-${band}`, type: 'fill', source, filter: ['==', ['get', 'band'], band],
    paint: { 'fill-pattern': `band-${band}`, 'fill-opacity': expression(['case', hidden, 0, 1]) },
  });
  const fill = ['match', ['get', 'band'], ...bands.flatMap((band) => [band, bandColors[band]]), bandColors.unknown];
  return {
    fills: [
      {
        id: `${prefix}-fill`, type: 'fill', source,
        paint: {
          'fill-color': expression(fill), 'fill-antialias': false,
          'fill-opacity': expression(['case', hidden, 0, state('selected'), 0.62, state('near'), 0.52, ['match', ['get', 'band'], 'in', 0.2, 'unknown', 0.24, 0.36]]),
        },
      },
      hatch('over'), hatch('under'), hatch('unknown'),
    ],
    lines: [
      {
        id: `${prefix}-line`, type: 'line', source, layout: { 'line-join': 'round' },
        paint: {
          'line-color': color('plan-edge'), 'line-opacity': expression(['case', hidden, 0, 1]),
          'line-width': ['interpolate', ['linear'], ['zoom'], 9, 0.4 * px, 12, 0.8 * px, 15, 1.5 * px, 18, 2.2 * px],
        },
      },
      {
        id: `${prefix}-mark`, type: 'line', source, layout: { 'line-join': 'round' },
        paint: {
          'line-color': expression(['case', state('selected'), color('accent'), draftColor]),
          'line-opacity': expression(['case', hidden, 0, ['any', state('selected'), state('changed')], 1, 0]),
          'line-width': expression(['case', state('selected'), 2.8 * px, 1.9 * px]),
        },
      },
    ],
  };
}

/** What the planner's map draws above the cells. */
export function workLayers(base: number): LayerSpecification[] {
  const px = base / 15;
  const is = (role: string): ExpressionSpecification => expression(['==', ['get', 'role'], role]);
  return [
    { id: 'lane-fill', type: 'fill', source: 'lanes', paint: { 'fill-color': laneColor, 'fill-opacity': 0.55 } },
    // However far away: narrower than a line it is a line.
    { id: 'lane-line', type: 'line', source: 'lanes', layout: { 'line-join': 'round' }, paint: { 'line-color': laneColor, 'line-width': 1.6 * px } },
    {
      id: 'overlay-line', type: 'line', source: 'overlay', layout: { 'line-join': 'round' },
      paint: { 'line-color': color('plan-outer'), 'line-width': 1.7 * px, 'line-dasharray': [3, 2.4], 'line-opacity': 0.9 },
    },
    { id: 'edge-under', type: 'line', source: 'highlight', layout: { 'line-join': 'round', 'line-cap': 'round' }, paint: { 'line-color': color('ground'), 'line-width': 8 * px, 'line-opacity': 0.75 } },
    { id: 'edge-over', type: 'line', source: 'highlight', layout: { 'line-join': 'round', 'line-cap': 'round' }, paint: { 'line-color': color('accent'), 'line-width': 3.4 * px } },
    {
      id: 'vertices', type: 'circle', source: 'vertices',
      paint: {
        'circle-radius': expression(['case', ['get', 'node'], 4.6 * px, 3.2 * px]), 'circle-color': expression(['case', ['get', 'node'], color('text'), color('ground')]),
        'circle-stroke-color': expression(['case', ['get', 'open'], color('text'), color('plan-vertex-shut')]), 'circle-stroke-width': 1.5 * px, 'circle-opacity': expression(['case', ['get', 'open'], 1, 0.5]),
      },
    },
    { id: 'sketch-area', type: 'fill', source: 'sketch', filter: is('area'), paint: { 'fill-color': draftColor, 'fill-opacity': 0.25 } },
    { id: 'sketch-under', type: 'line', source: 'sketch', filter: is('line'), layout: { 'line-join': 'round', 'line-cap': 'round' }, paint: { 'line-color': color('ground'), 'line-width': 6.5 * px, 'line-opacity': 0.8 } },
    { id: 'sketch-line', type: 'line', source: 'sketch', filter: is('line'), layout: { 'line-join': 'round', 'line-cap': 'round' }, paint: { 'line-color': draftColor, 'line-width': 3 * px } },
    { id: 'sketch-next', type: 'line', source: 'sketch', filter: is('next'), paint: { 'line-color': draftColor, 'line-width': 2.4 * px, 'line-dasharray': [2, 1.6] } },
    {
      id: 'sketch-point', type: 'circle', source: 'sketch', filter: is('point'),
      paint: { 'circle-radius': 4.4 * px, 'circle-color': draftColor, 'circle-stroke-color': color('ground'), 'circle-stroke-width': 1.6 * px },
    },
    {
      id: 'sketch-grip', type: 'circle', source: 'sketch', filter: is('grip'),
      paint: { 'circle-radius': 7.5 * px, 'circle-color': draftColor, 'circle-stroke-color': color('accent'), 'circle-stroke-width': 2.4 * px },
    },
    {
      id: 'sketch-snap', type: 'circle', source: 'sketch', filter: is('snap'),
      paint: { 'circle-radius': 11 * px, 'circle-color': 'transparent', 'circle-stroke-color': color('accent'), 'circle-stroke-width': 2 * px },
    },
    {
      id: 'sketch-snap-word', type: 'symbol', source: 'sketch', filter: is('snap'),
      layout: { 'text-font': labelFont, 'text-field': ['get', 'word'], 'text-size': base * 1.05, 'text-offset': [1.1, -1.1], 'text-anchor': 'bottom-left', 'text-allow-overlap': true, 'text-ignore-placement': true },
      paint: { 'text-color': color('accent'), 'text-halo-color': color('halo-strong'), 'text-halo-width': base / 6 },
    },
    { id: 'sketch-cross', type: 'symbol', source: 'sketch', filter: is('cross'), layout: { 'icon-image': 'plan-cross', 'icon-allow-overlap': true, 'icon-ignore-placement': true } },
  ];
}

/** The streets somebody imported, faint: what borders may follow. */
export function streetLayer(base: number): LayerSpecification {
  return {
    id: 'streets', type: 'line', source: 'streets', minzoom: 12, layout: { 'line-join': 'round', 'line-cap': 'round' },
    paint: { 'line-color': color('plan-street'), 'line-opacity': 0.7, 'line-width': ['interpolate', ['linear'], ['zoom'], 12, base / 30, 15, base / 13, 18, base / 7] },
  };
}

/** Names with numbers, those out of the band first where there is no room for all. */
export function labelLayer(source: string, prefix: string, base: number): LayerSpecification {
  return {
    id: `${prefix}-label`, type: 'symbol', source,
    layout: {
      'text-font': labelFont, 'text-size': base * 1.02, 'text-max-width': 7, 'text-line-height': 1.2, 'text-padding': base * 0.1, 'symbol-sort-key': ['get', 'rank'],
      'text-field': ['format', ['get', 'name'], { 'font-scale': 0.92 }, '\n', {}, ['get', 'count'], { 'font-scale': 1.08 }] as unknown as ExpressionSpecification,
    },
    paint: {
      'text-color': expression(['match', ['get', 'band'], 'over', color('band-over-label'), 'under', color('band-under-label'), color('band-in-label')]), 'text-halo-color': color('halo'), 'text-halo-width': base / 8,
      'text-opacity': expression(['case', state('hidden'), 0, 1]),
    },
  };
}

/** Where the label of a cell stands and what it says. */
export function labelFeature(cell: PlanCell, count: (households: number) => string): Feature<Point> {
  const band = bandOf(cell.band);
  const number = cell.households === null ? bandMarks.unknown : `${bandMarks[band]} ${count(cell.households)}`.trim();
  return {
    type: 'Feature', id: cell.face, geometry: { type: 'Point', coordinates: [cell.label_lon, cell.label_lat] },
    properties: { face: cell.face, name: cell.name || cell.code.slice(-6), count: number, band, rank: band === 'in' ? 1 : 0 },
  };
}

/** An edge or any line as a feature. */
export function lineFeature(points: readonly (readonly [number, number])[], properties: Record<string, unknown>): Feature<LineString> {
  return { type: 'Feature', geometry: { type: 'LineString', coordinates: points.map((p) => [...p]) }, properties };
}

/** A point as a feature. */
export function pointFeature(at: readonly [number, number], properties: Record<string, unknown>): Feature<Point> {
  return { type: 'Feature', geometry: { type: 'Point', coordinates: [...at] }, properties };
}

/** Features together. */
export function collection(features: Feature[]): FeatureCollection {
  return { type: 'FeatureCollection', features };
}

/** Points at close zoom: tickets, cameras with their sectors, staff, key sites and whatever else stands at a place; alarms at any zoom. */
import type { Feature, FeatureCollection, Point, Polygon } from 'geojson';
import type { LayerSpecification } from 'maplibre-gl';
import type { PointProperties, StaffView, TicketView } from '@/wire/wire';
import kinds from '@/locale/kinds.json';
import { labelFont } from './basemap';
import { color } from '@/style/tokens';

/** Points as the host gives them. */
export type PointCollection = FeatureCollection<Point, PointProperties>;

/** The kinds that are asked for as points: all that have a name, but for those that are none, and staff, who come with the frames. */
export const pointKinds = Object.keys(kinds).filter((kind) => !['area', 'address', 'staff'].includes(kind)).join(',');

/** From this zoom on points are asked for, at the base size of a 1080p wall. */
export const pointZoom = 14.5;

/** The same place takes more pixels on a denser wall: its zoom is higher by the logarithm of the base size. */
export function zoomAt(zoom: number, base: number): number {
  return zoom + Math.log2(base / 15);
}

/** Layers whose features open a card, topmost first. */
export const clickable = ['pt-alarm', 'pt-ticket', 'pt-late', 'pt-staff', 'pt-camera', 'pt-place'];

/** Late tickets as the host gives them: the longest overdue first, and how many there are in all. */
export type LateCollection = FeatureCollection<Point, { kind: 'ticket'; id: number; severity: number; late_s: number }> & { total: number };

/** Metres of a degree of latitude on the mean sphere, good enough for a sector of some hundred metres. */
const metresPerDegree = 111_195;

/** The view sector of a camera as a polygon; `null` when it has no direction. */
export function sector(lon: number, lat: number, p: Pick<PointProperties, 'heading_deg' | 'fov_deg' | 'range_m'>): Polygon | null {
  if (p.heading_deg === null) return null;
  const range = Math.min(p.range_m ?? 60, 400);
  const fov = Math.min(p.fov_deg ?? 60, 360);
  const east = metresPerDegree * Math.cos((lat * Math.PI) / 180);
  const steps = Math.max(2, Math.ceil(fov / 8));
  const arc = Array.from({ length: steps + 1 }, (_, i) => {
    const angle = (((p.heading_deg ?? 0) - fov / 2 + (fov * i) / steps) * Math.PI) / 180;
    return [lon + (range * Math.sin(angle)) / east, lat + (range * Math.cos(angle)) / metresPerDegree];
  });
  return { type: 'Polygon', coordinates: [[[lon, lat], ...arc, [lon, lat]]] };
}

/** Sectors of all cameras among the points. */
export function sectors(points: PointCollection): FeatureCollection<Polygon> {
  const features = points.features.flatMap((f): Feature<Polygon>[] => {
    if (f.properties.kind !== 'camera') return [];
    const [lon, lat] = f.geometry.coordinates;
    const geometry = sector(lon ?? 0, lat ?? 0, f.properties);
    return geometry ? [{ type: 'Feature', geometry, properties: { state: f.properties.state } }] : [];
  });
  return { type: 'FeatureCollection', features };
}

const alarmRank = ['blue', 'yellow', 'orange', 'red'];

/**
 * Open tickets with an alarm, from the stream; the gravest of each cell carries `whose` it is (name and owner of the cell).
 * `named` are the cells that are named so.
 */
export function alarmPoints(tickets: Iterable<TicketView>, whose: (cellKey: string) => string): { points: FeatureCollection<Point>; named: Set<string> } {
  const features: Feature<Point>[] = [];
  const named = new Set<string>();
  const graver = [...tickets].sort((a, b) => alarmRank.indexOf(b.alarm) - alarmRank.indexOf(a.alarm) || a.id - b.id);
  for (const t of graver) {
    if (!t.open || t.alarm === '' || t.lon === null || t.lat === null) continue;
    features.push({ type: 'Feature', geometry: { type: 'Point', coordinates: [t.lon, t.lat] }, properties: { kind: 'ticket', id: t.id, alarm: t.alarm, rank: alarmRank.indexOf(t.alarm), whose: t.cell_key === '' || named.has(t.cell_key) ? '' : whose(t.cell_key) } });
    if (t.cell_key !== '') named.add(t.cell_key);
  }
  return { points: { type: 'FeatureCollection', features }, named };
}

/** Staff with a place, from the state (they move more often than points are asked for). */
export function staffPoints(staff: Iterable<StaffView>): FeatureCollection<Point> {
  const features: Feature<Point>[] = [];
  for (const s of staff) {
    if (s.lon === null || s.lat === null) continue;
    features.push({ type: 'Feature', geometry: { type: 'Point', coordinates: [s.lon, s.lat] }, properties: { kind: 'staff', id: s.id, name: s.name, state: s.duty } });
  }
  return { type: 'FeatureCollection', features };
}

/** The layers, lowest first. */
export function pointLayers(base: number): LayerSpecification[] {
  const near = zoomAt(pointZoom, base);
  const nearer = zoomAt(15.6, base);
  const text = { 'text-font': labelFont, 'text-size': base, 'text-offset': [0, 0.9] as [number, number], 'text-anchor': 'top' as const, 'text-optional': true, 'text-max-width': 9, 'text-padding': base * 0.3 };
  const paint = { 'text-color': color('point-label'), 'text-halo-color': color('halo'), 'text-halo-width': base / 10 } as const;
  return [
    { id: 'pt-sector', type: 'fill', source: 'sectors', minzoom: nearer, paint: { 'fill-color': color('point-sector'), 'fill-opacity': ['match', ['get', 'state'], 'offline', 0.03, 0.1] } },
    { id: 'pt-sector-line', type: 'line', source: 'sectors', minzoom: nearer, paint: { 'line-color': color('point-sector'), 'line-opacity': 0.25, 'line-width': base / 15 } },
    {
      // Key sites, and what has no layer of its own.
      id: 'pt-place', type: 'symbol', source: 'points', minzoom: zoomAt(15, base), filter: ['!', ['in', ['get', 'kind'], ['literal', ['ticket', 'camera']]]],
      layout: { 'icon-image': ['match', ['get', 'kind'], 'site', 'site', 'pin'], 'icon-padding': 1, 'text-field': ['get', 'name'], ...text }, paint,
    },
    {
      id: 'pt-camera', type: 'symbol', source: 'points', minzoom: zoomAt(15.3, base), filter: ['==', ['get', 'kind'], 'camera'],
      layout: { 'icon-image': ['match', ['get', 'state'], 'offline', 'camera-offline', 'camera-online'], 'icon-allow-overlap': true, 'text-field': ['step', ['zoom'], '', zoomAt(17, base), ['get', 'name']], ...text }, paint,
    },
    {
      id: 'pt-staff', type: 'symbol', source: 'staff', minzoom: near,
      layout: { 'icon-image': ['match', ['get', 'state'], 'off_duty', 'staff-off', 'staff-on'], 'icon-allow-overlap': true, 'text-field': ['step', ['zoom'], '', zoomAt(15.8, base), ['get', 'name']], ...text }, paint,
    },
    {
      // In the scene of deadlines: what is late, at every zoom, the longest overdue on top.
      id: 'pt-late', type: 'symbol', source: 'late',
      layout: {
        'icon-image': ['concat', 'ticket-', ['to-string', ['max', 1, ['min', 4, ['get', 'severity']]]], '-late'],
        'icon-size': ['interpolate', ['linear'], ['zoom'], zoomAt(10, base), 0.42, zoomAt(12, base), 0.6, near, 1],
        'icon-allow-overlap': true, 'symbol-sort-key': ['get', 'late_s'],
      },
    },
    {
      id: 'pt-ticket', type: 'symbol', source: 'points', minzoom: near, filter: ['==', ['get', 'kind'], 'ticket'],
      layout: {
        'icon-image': ['concat', 'ticket-', ['to-string', ['max', 1, ['min', 4, ['get', 'severity']]]], ['case', ['get', 'overdue'], '-late', '']],
        'icon-allow-overlap': true, 'symbol-sort-key': ['-', ['case', ['get', 'overdue'], 1, 0], ['get', 'severity']],
      },
    },
  ];
}

/** Alarms with whose they are: above everything else, so that nothing takes their place. */
export function alarmLayers(base: number): LayerSpecification[] {
  return [
    {
      id: 'label-alarm', type: 'symbol', source: 'alarms', filter: ['!=', ['get', 'whose'], ''],
      layout: {
        'text-font': labelFont, 'text-field': ['get', 'whose'], 'text-size': base * 1.25, 'text-line-height': 1.2, 'text-max-width': 14, 'text-padding': base * 0.2,
        'text-variable-anchor': ['left', 'right', 'top', 'bottom', 'top-left', 'bottom-left', 'top-right', 'bottom-right'], 'text-radial-offset': 1.5, 'text-justify': 'auto',
        'symbol-sort-key': ['-', 0, ['get', 'rank']],
      },
      paint: { 'text-color': color('accent'), 'text-halo-color': color('halo-strong'), 'text-halo-width': base / 7 },
    },
    {
      id: 'pt-alarm', type: 'symbol', source: 'alarms',
      layout: { 'icon-image': ['concat', 'alarm-', ['get', 'alarm']], 'icon-size': ['interpolate', ['linear'], ['zoom'], zoomAt(10, base), 0.6, zoomAt(14, base), 1], 'icon-allow-overlap': true, 'symbol-sort-key': ['get', 'rank'] },
    },
    {
      id: 'pt-selected', type: 'circle', source: 'selected',
      paint: { 'circle-radius': base * 1.35, 'circle-color': 'transparent', 'circle-stroke-color': color('accent'), 'circle-stroke-width': base / 6.5 },
    },
  ];
}

/**
 * Measures on the screen: everything the pointer does is judged in Web Mercator, where one unit is the whole world and a pixel
 * is `1 / worldSize(zoom)`. What is stored stays in degrees as it came from the service.
 */

/** Longitude and latitude in degrees. */
export type LonLat = [number, number];

/** A place in Web Mercator, 0 … 1 from west to east and from north to south. */
export interface Mercator {
  x: number;
  y: number;
}

/** Degrees to Mercator. */
export function mercator([lon, lat]: readonly [number, number]): Mercator {
  const sin = Math.sin((lat * Math.PI) / 180);
  return { x: (lon + 180) / 360, y: 0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI) };
}

/** Mercator to degrees. */
export function degrees({ x, y }: Mercator): LonLat {
  return [x * 360 - 180, (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI];
}

/** Pixels around the world at a zoom of MapLibre (tiles of 512). */
export function worldSize(zoom: number): number {
  return 512 * 2 ** zoom;
}

/** How far along a segment (0 … 1) the nearest point to a place lies, and how far away it is. */
export function nearestOnSegment(p: Mercator, ax: number, ay: number, bx: number, by: number): { t: number; distance: number } {
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const t = length === 0 ? 0 : Math.min(1, Math.max(0, ((p.x - ax) * dx + (p.y - ay) * dy) / length));
  return { t, distance: Math.hypot(ax + t * dx - p.x, ay + t * dy - p.y) };
}

/** The place part of the way from one to another. */
export function between(a: readonly [number, number], b: readonly [number, number], t: number): LonLat {
  return [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t];
}

/** Whether two places are the same on the grid of 1e-9 degree. */
export function same(a: readonly [number, number] | null, b: readonly [number, number] | null): boolean {
  return a !== null && b !== null && Math.abs(a[0] - b[0]) < 5e-10 && Math.abs(a[1] - b[1]) < 5e-10;
}

/** A place so many metres to the east and north: good enough for steps of a hand. */
export function moved([lon, lat]: readonly [number, number], east: number, north: number): LonLat {
  const metre = 360 / 40_075_017;
  return [lon + (east * metre) / Math.max(0.01, Math.cos((lat * Math.PI) / 180)), lat + north * metre];
}

/** A drawn stroke without the points that lie within a tolerance (Mercator) of the line through the others (Douglas–Peucker). */
export function thinned(points: readonly LonLat[], tolerance: number): LonLat[] {
  const flat = points.map(mercator);
  const keep = new Set([0, points.length - 1]);
  const open: [number, number][] = [[0, points.length - 1]];
  for (let part = open.pop(); part; part = open.pop()) {
    const [from, to] = part;
    const [a, b] = [flat[from], flat[to]];
    if (!a || !b) continue;
    let [far, at] = [tolerance, -1];
    for (let i = from + 1; i < to; i += 1) {
      const p = flat[i];
      const d = p ? nearestOnSegment(p, a.x, a.y, b.x, b.y).distance : 0;
      if (d > far) [far, at] = [d, i];
    }
    if (at < 0) continue;
    keep.add(at);
    open.push([from, at], [at, to]);
  }
  return points.filter((_, i) => keep.has(i));
}

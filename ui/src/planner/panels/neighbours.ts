/** The neighbours of a cell, from the borders around it. Pure. */
import type { FeatureCollection, LineString } from 'geojson';
import type { PlanCell } from '@/wire/wire';
import type { PlanEdgeProperties } from '@/wire/wire';

/** A neighbour with the length of the common border. */
export interface Neighbour {
  /** `null`: ground of no cell of the plan. */
  face: number | null;
  metres: number;
}

const metresPerDegree = 111_195;

/** Length of a line, good to a part in a thousand over the length of a street. */
function length(line: readonly (readonly number[])[]): number {
  let sum = 0;
  for (let i = 1; i < line.length; i += 1) {
    const [[ax = 0, ay = 0], [bx = 0, by = 0]] = [line[i - 1] ?? [], line[i] ?? []];
    sum += Math.hypot((bx - ax) * Math.cos((((ay + by) / 2) * Math.PI) / 180), by - ay) * metresPerDegree;
  }
  return sum;
}

/** A box that holds the cell for certain: no point of it is farther from another than half of its border. */
export function boxAround(cell: Pick<PlanCell, 'label_lon' | 'label_lat' | 'perimeter_m'>): [number, number, number, number] {
  const y = cell.perimeter_m / 2 / metresPerDegree;
  const x = y / Math.max(0.01, Math.cos((cell.label_lat * Math.PI) / 180));
  return [cell.label_lon - x, cell.label_lat - y, cell.label_lon + x, cell.label_lat + y];
}

/** Who lies beside a cell, the longest common border first. O(points). */
export function neighbours(edges: FeatureCollection<LineString, PlanEdgeProperties>, face: number): Neighbour[] {
  const sums = new Map<number | null, number>();
  for (const { properties, geometry } of edges.features) {
    const { left, right } = properties;
    if (left === right || (left !== face && right !== face)) continue;
    const other = left === face ? right : left;
    sums.set(other, (sums.get(other) ?? 0) + length(geometry.coordinates));
  }
  return [...sums].map(([other, metres]) => ({ face: other, metres })).sort((a, b) => b.metres - a.metres);
}

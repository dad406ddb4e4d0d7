/** Which cells differ between two plans. Pure. */
import type { Feature, FeatureCollection, MultiPolygon, Polygon } from 'geojson';
import type { PlanCellProperties } from '@/wire/wire';

/** The cells of a plan as the map draws them. */
export type PlanCells = FeatureCollection<Polygon | MultiPolygon, PlanCellProperties>;

type CellFeature = Feature<Polygon | MultiPolygon, PlanCellProperties>;

/** A cell that is not the same in both plans. */
export interface Difference {
  code: string;
  name: string;
  /** Only in the first plan, only in the second, other ground, or only other words. */
  kind: 'gone' | 'new' | 'ground' | 'words';
  a: PlanCellProperties | null;
  b: PlanCellProperties | null;
  /** Box around both, `[west, south, east, north]`. */
  box: [number, number, number, number];
}

/** The box around a cell's ground. O(points). */
export function boxOf(geometries: (Polygon | MultiPolygon)[]): [number, number, number, number] {
  const box: [number, number, number, number] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const geometry of geometries) {
    const polygons = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates;
    for (const rings of polygons) {
      for (const [x = 0, y = 0] of rings[0] ?? []) {
        box[0] = Math.min(box[0], x);
        box[1] = Math.min(box[1], y);
        box[2] = Math.max(box[2], x);
        box[3] = Math.max(box[3], y);
      }
    }
  }
  return box;
}

/** Ground as text: the service writes the same ground with the same bytes. */
function ground(feature: CellFeature): string {
  const { geometry } = feature;
  return JSON.stringify(geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates);
}

function byCode(cells: PlanCells): Map<string, CellFeature[]> {
  const all = new Map<string, CellFeature[]>();
  for (const feature of cells.features) {
    const { code, face } = feature.properties;
    // Cells without a code are told apart by their face.
    const key = code === '' ? `#${face}` : code;
    all.set(key, [...(all.get(key) ?? []), feature]);
  }
  return all;
}

/** The cells that differ, by code. Cells with the same code in one plan are compared as one. O(points). */
export function differences(a: PlanCells, b: PlanCells): Difference[] {
  const [first, second] = [byCode(a), byCode(b)];
  const found: Difference[] = [];
  for (const key of [...new Set([...first.keys(), ...second.keys()])].sort()) {
    const [then, now] = [first.get(key) ?? [], second.get(key) ?? []];
    const [x, y] = [then[0]?.properties ?? null, now[0]?.properties ?? null];
    let kind: Difference['kind'];
    if (!y) kind = 'gone';
    else if (!x) kind = 'new';
    else if (then.map(ground).sort().join() !== now.map(ground).sort().join()) kind = 'ground';
    else if (x.name !== y.name || x.kind !== y.kind || x.community_code !== y.community_code) kind = 'words';
    else continue;
    found.push({ code: (y ?? x)?.code ?? '', name: (y ?? x)?.name ?? '', kind, a: x, b: y, box: boxOf([...then, ...now].map((feature) => feature.geometry)) });
  }
  return found;
}

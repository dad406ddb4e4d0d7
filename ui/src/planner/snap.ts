/** What a point jumps to: the nearest of vertices, borders, streets and water within reach, vertices before lines. */
import { between, mercator, nearestOnSegment, type LonLat, type Mercator } from './geo';
import type { SegmentHit, VertexHit } from './edges';

/** What was snapped to; its word is shown beside the ring. */
export type SnapKind = 'vertex' | 'node' | 'edge' | 'street' | 'road' | 'water';

/** A place that a point jumps to. */
export interface Snap {
  kind: SnapKind;
  at: LonLat;
  /** In Mercator. */
  distance: number;
  /** On the outer border, for borders. */
  outer: boolean;
  /** Ends of the stretch, for borders. */
  segment: [LonLat, LonLat] | null;
  /** Cells beside it, for borders. */
  faces: readonly number[];
}

/** How much further something of a kind may seem than the nearest thing: who wins when several are within reach. In parts of the reach. */
const handicap: Readonly<Record<SnapKind, number>> = { node: 0, vertex: 0, edge: 0.45, street: 0.6, road: 0.65, water: 0.65 };

/** The winner among candidates within reach. */
export function chooseSnap(candidates: readonly (Snap | null)[], reach: number): Snap | null {
  let [best, score]: [Snap | null, number] = [null, Number.POSITIVE_INFINITY];
  for (const one of candidates) {
    if (!one || one.distance > reach) continue;
    const its = one.distance + handicap[one.kind] * reach;
    if (its < score) [best, score] = [one, its];
  }
  return best;
}

const facesOf = (edge: { left: number | null; right: number | null }): number[] => [edge.left, edge.right].filter((face) => face !== null);

/** A vertex as a candidate. */
export function vertexSnap(hit: VertexHit | null): Snap | null {
  return hit && { kind: hit.node ? 'node' : 'vertex', at: hit.at, distance: hit.distance, outer: hit.outer, segment: null, faces: facesOf(hit.edge) };
}

/** A border as a candidate. */
export function edgeSnap(hit: SegmentHit | null): Snap | null {
  return hit && { kind: 'edge', at: hit.at, distance: hit.distance, outer: hit.outer, segment: [hit.a, hit.b], faces: facesOf(hit.edge) };
}

/** The nearest place on lines that are no borders. */
export function lineSnap(kind: SnapKind, p: Mercator, lines: readonly (readonly LonLat[])[], reach: number): Snap | null {
  let best: Snap | null = null;
  for (const line of lines) {
    let from = line[0] && mercator(line[0]);
    for (let i = 1; i < line.length; i += 1) {
      const [a, b] = [line[i - 1], line[i]];
      if (!a || !b || !from) continue;
      const to = mercator(b);
      const { t, distance } = nearestOnSegment(p, from.x, from.y, to.x, to.y);
      from = to;
      if (distance > reach || (best && distance >= best.distance)) continue;
      best = { kind, at: between(a, b, t), distance, outer: false, segment: null, faces: [] };
    }
  }
  return best;
}

/** Rings of water are cut at the borders of tiles: those cuts run exactly north or east and are no shore. */
export function isTileCut(a: readonly [number, number], b: readonly [number, number]): boolean {
  return Math.abs(a[0] - b[0]) < 1e-9 || Math.abs(a[1] - b[1]) < 1e-9;
}

/**
 * The borders around the view, each edge once, as the service has them: what the pointer can take hold of. A scan over all
 * segments with boxes around the edges: 0.1 ms for 1,000 edges, and never more than a view's worth is loaded.
 */
import type { FeatureCollection } from 'geojson';
import { between, mercator, nearestOnSegment, type LonLat, type Mercator } from './geo';

/** An edge between two nodes. */
export interface Edge {
  id: number;
  left: number | null;
  right: number | null;
  points: LonLat[];
  /** The same points in Mercator, x and y in turn. */
  flat: Float64Array;
  /** West, north, east, south in Mercator. */
  box: [number, number, number, number];
}

/** A vertex of a border. */
export interface VertexHit {
  at: LonLat;
  /** Several edges end here. */
  node: boolean;
  /** On the outer border or that of a gap. */
  outer: boolean;
  edge: Edge;
  /** In Mercator. */
  distance: number;
}

/** A place on a border. */
export interface SegmentHit {
  at: LonLat;
  a: LonLat;
  b: LonLat;
  outer: boolean;
  edge: Edge;
  distance: number;
}

const nameOf = (p: readonly [number, number]): string => `${p[0]} ${p[1]}`;

/** Borders to take hold of. */
export class Edges {
  private all = new Map<number, Edge>();
  /** How many edges end at a place (a ring that ends where it begins counts twice there). */
  private ends: Map<string, number> | null = null;

  get size(): number {
    return this.all.size;
  }

  values(): Iterable<Edge> {
    return this.all.values();
  }

  get(id: number): Edge | undefined {
    return this.all.get(id);
  }

  /** Replaces everything. */
  load(collection: FeatureCollection): void {
    this.all.clear();
    this.add(collection);
  }

  /** Takes an edit's result: edges beside these cells give way to the new ones. */
  replace(faces: Iterable<number>, collection: FeatureCollection): void {
    const gone = new Set(faces);
    for (const edge of this.all.values()) if ((edge.left !== null && gone.has(edge.left)) || (edge.right !== null && gone.has(edge.right))) this.all.delete(edge.id);
    this.add(collection);
  }

  private add(collection: FeatureCollection): void {
    this.ends = null;
    for (const { geometry, properties } of collection.features) {
      if (geometry.type !== 'LineString' || !properties) continue;
      const points = geometry.coordinates as LonLat[];
      const flat = new Float64Array(points.length * 2);
      const box: Edge['box'] = [1, 1, 0, 0];
      points.forEach((p, i) => {
        const { x, y } = mercator(p);
        flat[2 * i] = x;
        flat[2 * i + 1] = y;
        box[0] = Math.min(box[0], x);
        box[1] = Math.min(box[1], y);
        box[2] = Math.max(box[2], x);
        box[3] = Math.max(box[3], y);
      });
      const id = Number(properties.edge);
      this.all.set(id, { id, left: properties.left ?? null, right: properties.right ?? null, points, flat, box });
    }
  }

  private *near(p: Mercator, within: number): Iterable<Edge> {
    for (const edge of this.all.values()) {
      const [w, n, e, s] = edge.box;
      if (p.x >= w - within && p.x <= e + within && p.y >= n - within && p.y <= s + within) yield edge;
    }
  }

  /** Whether several edges end at a place. */
  isNode(at: LonLat): boolean {
    if (!this.ends) {
      this.ends = new Map();
      for (const { points } of this.all.values()) {
        for (const end of [points[0], points.at(-1)]) if (end) this.ends.set(nameOf(end), (this.ends.get(nameOf(end)) ?? 0) + 1);
      }
    }
    return (this.ends.get(nameOf(at)) ?? 0) > 2;
  }

  /** The vertex nearest to a place; `skip` leaves one out. */
  vertex(p: Mercator, within: number, skip?: (at: LonLat) => boolean): VertexHit | null {
    let best: VertexHit | null = null;
    for (const edge of this.near(p, within)) {
      edge.points.forEach((at, i) => {
        const distance = Math.hypot((edge.flat[2 * i] ?? 0) - p.x, (edge.flat[2 * i + 1] ?? 0) - p.y);
        if (distance > within || (best && distance >= best.distance) || skip?.(at)) return;
        best = { at, node: this.isNode(at), outer: edge.left === null || edge.right === null, edge, distance };
      });
    }
    const found = best as VertexHit | null;
    // A node is on the outer border if any of its edges is.
    if (found && !found.outer && found.node) found.outer = this.at(found.at).some((edge) => edge.left === null || edge.right === null);
    return found;
  }

  /** Edges with a vertex at a place. */
  at(place: LonLat): Edge[] {
    return [...this.near(mercator(place), 1e-12)].filter((edge) => edge.points.some((p) => p[0] === place[0] && p[1] === place[1]));
  }

  /** The border nearest to a place; `skip` leaves segments out by their ends. */
  segment(p: Mercator, within: number, skip?: (a: LonLat, b: LonLat) => boolean): SegmentHit | null {
    let best: SegmentHit | null = null;
    for (const edge of this.near(p, within)) {
      const { flat, points } = edge;
      for (let i = 0; i + 1 < points.length; i += 1) {
        const { t, distance } = nearestOnSegment(p, flat[2 * i] ?? 0, flat[2 * i + 1] ?? 0, flat[2 * i + 2] ?? 0, flat[2 * i + 3] ?? 0);
        if (distance > within || (best && distance >= best.distance)) continue;
        const [a, b] = [points[i], points[i + 1]];
        if (!a || !b || skip?.(a, b)) continue;
        best = { at: between(a, b, t), a, b, outer: edge.left === null || edge.right === null, edge, distance };
      }
    }
    return best;
  }

  /** The vertices inside a box (west, north, east, south in Mercator), each once; at most so many. */
  inside(box: readonly [number, number, number, number], most: number, only?: (edge: Edge) => boolean): { at: LonLat; node: boolean; outer: boolean }[] {
    const found = new Map<string, { at: LonLat; node: boolean; outer: boolean }>();
    const [w, n, e, s] = box;
    for (const edge of this.all.values()) {
      if (edge.box[0] > e || edge.box[2] < w || edge.box[1] > s || edge.box[3] < n || (only && !only(edge))) continue;
      const outer = edge.left === null || edge.right === null;
      for (let i = 0; i < edge.points.length; i += 1) {
        const at = edge.points[i];
        const [x, y] = [edge.flat[2 * i] ?? 0, edge.flat[2 * i + 1] ?? 0];
        if (!at || x < w || x > e || y < n || y > s) continue;
        const known = found.get(nameOf(at));
        if (known) known.outer ||= outer;
        else if (found.size >= most) return [...found.values()];
        else found.set(nameOf(at), { at, node: this.isNode(at), outer });
      }
    }
    return [...found.values()];
  }
}

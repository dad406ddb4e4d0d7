/** The borders that the pointer can take hold of: those of the view, and which of their vertices are drawn. */
import { mercator } from '../geo';
import { Edges } from '../edges';
import { pointFeature } from '../plan-layers';
import { none, type Sheet } from './sheet';

/** Borders are loaded for the view once no more cells than this are in it; plans with fewer are loaded whole. */
const mostCells = 1500;
/** At most so many vertices are drawn, and at most one for so many pixels square: closer together they hide the map. */
export const mostVertices = 2500;
const vertexRoomPx = 46;

/** Borders of the view. */
export interface Borders {
  edges: Edges;
  /** Loads what the view needs; `anew`: what is held is of another state or plan. */
  load(anew?: boolean): Promise<void>;
  /** Answers that are under way are of a state that is gone. */
  outdate(): void;
  /** Draws the vertices that the tool in hand can take. */
  vertices(): void;
}

/** Borders for a map; `known` hears whether there are any to take hold of. */
export function openBorders(sheet: Sheet, known: (any: boolean) => void): Borders {
  const { planner, container } = sheet;
  const { state } = planner;
  const edges = new Edges();
  let edgesBox: [number, number, number, number] | null = null;
  let edgesRound = 0;

  function cellsInside(box: readonly [number, number, number, number]): number {
    let n = 0;
    for (const { label_lon: x, label_lat: y } of state.cells.values()) if (x >= box[0] && x <= box[2] && y >= box[1] && y <= box[3]) n += 1;
    return n;
  }

  async function load(anew = false): Promise<void> {
    if (anew) {
      edges.load(none);
      edgesBox = null;
    }
    if (!state.opened) {
      known(false);
      return;
    }
    const seen = sheet.boxAround(0);
    const [w, s, e, n] = edgesBox ?? [0, 0, -1, -1];
    if (seen[0] >= w && seen[1] >= s && seen[2] <= e && seen[3] <= n) return;
    const whole = state.cells.size <= mostCells;
    if (!whole && cellsInside(seen) > mostCells) {
      edges.load(none);
      edgesBox = null;
      known(false);
      vertices();
      return;
    }
    const box: [number, number, number, number] = whole ? [-180, -85, 180, 85] : sheet.boxAround(0.5);
    const round = (edgesRound += 1);
    try {
      const found = await planner.edges(box);
      if (round !== edgesRound || sheet.stage.destroyed) return;
      edges.load(found);
      edgesBox = box;
      known(edges.size > 0);
      vertices();
    } catch {
      known(edges.size > 0);
    }
  }

  /** Vertices that the tool in hand can take: all in view while they can be told apart, else those of the border under the pointer. */
  function vertices(): void {
    const wanted = state.tool !== 'select' && state.tool !== 'merge' && state.tool !== 'simplify' && state.tool !== 'number' && planner.editable.value;
    if (!wanted || edges.size === 0) {
      sheet.setData('vertices', []);
      return;
    }
    const b = sheet.boxAround(0.05);
    const [nw, se] = [mercator([b[0], b[3]]), mercator([b[2], b[1]])];
    const box = [nw.x, nw.y, se.x, se.y] as const;
    const room = Math.min(mostVertices, (container.clientWidth * container.clientHeight) / (vertexRoomPx * sheet.px) ** 2);
    let found = edges.inside(box, room + 1);
    if (found.length > room) {
      // Too many to tell apart: those of the border under the pointer and of the chosen cells.
      const hover = state.hoverEdge?.edge;
      const chosen = state.selection;
      const wantedEdge = (edge: { id: number; left: number | null; right: number | null }): boolean => edge.id === hover || (edge.left !== null && chosen.has(edge.left)) || (edge.right !== null && chosen.has(edge.right));
      found = hover === undefined && chosen.size === 0 ? [] : edges.inside(box, mostVertices, wantedEdge);
    }
    sheet.setData('vertices', found.map((v) => pointFeature(v.at, { node: v.node, open: !v.outer || state.outer })));
  }

  return {
    edges,
    load,
    outdate() {
      edgesRound += 1;
    },
    vertices,
  };
}

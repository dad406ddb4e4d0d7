/** Tab on the map: from vertex to vertex, from cell to cell, within the view. */
import { mercator, same, type LonLat } from '../geo';
import type { Edges } from '../edges';
import type { Grip } from '../hand';
import type { PlanCell } from '@/wire/wire';
import { mostVertices } from './borders';
import type { Sheet } from './sheet';

/** The one after the one that is now (by its position, -1 = none), in a circle. */
export function nextOf<T>(all: readonly T[], now: number, by: number): T | undefined {
  return all[now < 0 ? (by > 0 ? 0 : all.length - 1) : (now + by + all.length) % all.length];
}

/** The one after the grip at a place. */
export function nextGrip(all: readonly Grip[], at: LonLat | null, by: number): Grip | undefined {
  return nextOf(all, all.findIndex((one) => same(one.at, at)), by);
}

/** The cells in view, north to south, then west to east. */
export function cellsInView(sheet: Sheet): PlanCell[] {
  const box = sheet.boxAround(0);
  const inView = [...sheet.planner.state.cells.values()].filter((c) => c.label_lon >= box[0] && c.label_lon <= box[2] && c.label_lat >= box[1] && c.label_lat <= box[3]);
  return inView.sort((a, b) => b.label_lat - a.label_lat || a.label_lon - b.label_lon);
}

/**
 * What the tool in hand can take in view, of the chosen cells if there are any: vertices, or stretches for a new one. Only what
 * can be done: the outer border while its switch is on, and for deleting no node, where three borders meet.
 */
export function grips(sheet: Sheet, edges: Edges): Grip[] {
  const { state } = sheet.planner;
  const b = sheet.boxAround(0);
  const [nw, se] = [mercator([b[0], b[3]]), mercator([b[2], b[1]])];
  const box = [nw.x, nw.y, se.x, se.y] as const;
  const chosen = state.selection;
  const moves = state.tool === 'vertex' || state.tool === 'insert' || state.tool === 'delete';
  const locked = moves && !state.outer;
  interface Sides { left: number | null; right: number | null }
  const isOuter = (edge: Sides): boolean => edge.left === null || edge.right === null;
  const isChosen = (edge: Sides): boolean => chosen.size === 0 || (edge.left !== null && chosen.has(edge.left)) || (edge.right !== null && chosen.has(edge.right));
  if (state.tool !== 'insert') {
    const found = edges.inside(box, mostVertices, isChosen).filter(({ outer, node }) => !(locked && outer) && !(state.tool === 'delete' && node));
    return found.map(({ at: place, node, outer }) => ({ at: place, kind: node ? 'node' : 'vertex', outer, segment: null }));
  }
  const found: Grip[] = [];
  for (const edge of edges.values()) {
    if (!isChosen(edge) || (locked && isOuter(edge))) continue;
    for (let i = 1; i < edge.points.length && found.length < mostVertices; i += 1) {
      const [a, c] = [edge.points[i - 1], edge.points[i]];
      if (!a || !c) continue;
      const middle: LonLat = [(a[0] + c[0]) / 2, (a[1] + c[1]) / 2];
      if (middle[0] < b[0] || middle[0] > b[2] || middle[1] < b[1] || middle[1] > b[3]) continue;
      found.push({ at: middle, kind: 'segment', outer: edge.left === null || edge.right === null, segment: [a, c] });
    }
  }
  return found;
}

/** What is under the pointer: the cell, and what to snap to. */
import type { Edges } from '../edges';
import { mercator, same, type LonLat } from '../geo';
import type { Hand, Pointed } from '../hand';
import { chooseSnap, edgeSnap, isTileCut, lineSnap, vertexSnap, type Snap } from '../snap';
import type { Sheet } from './sheet';

/** How near the pointer must be to something to snap to it or to take it, in pixels at the base size of 15. */
const reachPx = 10;

const roadSource = ['bm-path', 'bm-street', 'bm-arterial'];
const waterSource = ['bm-water', 'bm-stream'];

/** Answers what a place means for a hand; `free`: without snapping. */
export function openPointing(sheet: Sheet, edges: Edges): (hand: Hand, place: LonLat, free: boolean) => Pointed {
  const { map, planner } = sheet;
  const { state } = planner;

  /** Lines of the base map around a place. */
  function groundLines(screen: { x: number; y: number }, layers: string[]): LonLat[][] {
    const present = layers.filter((id) => map.getLayer(id));
    if (present.length === 0) return [];
    const r = reachPx * sheet.px;
    const found = map.queryRenderedFeatures([[screen.x - r, screen.y - r], [screen.x + r, screen.y + r]], { layers: present });
    const lines: LonLat[][] = [];
    for (const { geometry } of found) {
      if (geometry.type === 'LineString') lines.push(geometry.coordinates as LonLat[]);
      else if (geometry.type === 'MultiLineString') lines.push(...(geometry.coordinates as LonLat[][]));
      else {
        const rings = geometry.type === 'Polygon' ? geometry.coordinates : geometry.type === 'MultiPolygon' ? geometry.coordinates.flat() : [];
        for (const ring of rings as LonLat[][]) {
          for (let i = 1; i < ring.length; i += 1) {
            const [a, b] = [ring[i - 1], ring[i]];
            if (a && b && !isTileCut(a, b)) lines.push([a, b]);
          }
        }
      }
    }
    return lines;
  }

  function snapAt(hand: Hand, place: LonLat, free: boolean): Snap | null {
    if (free || !planner.editable.value) return null;
    const dragged = (one: LonLat): boolean => hand.dragging && hand.grip !== null && same(one, hand.grip.at);
    const { tool } = state;
    if (tool === 'select' || tool === 'merge' || tool === 'simplify' || tool === 'number' || tool === 'fill_gap') return null;
    // The area is drawn; what is pointed at now is a cell.
    if (hand.closed) return null;
    const m = mercator(place);
    const reach = sheet.inMercator(reachPx);
    const vertex = vertexSnap(edges.vertex(m, reach, (one) => dragged(one) || (hand.dragging && hand.grip?.segment?.some((end) => same(end, one)) === true)));
    if (tool === 'delete') return vertex;
    const edge = edgeSnap(edges.segment(m, reach, (a, b) => dragged(a) || dragged(b) || (hand.dragging && hand.grip?.segment !== null && same(a, hand.grip?.segment?.[0] ?? null) && same(b, hand.grip?.segment?.[1] ?? null))));
    const taking = (tool === 'vertex' && !hand.dragging) || tool === 'insert';
    if (tool === 'insert') return vertex ? null : edge;
    if (taking) return chooseSnap([vertex, edge], reach);
    const first = hand.points[0];
    const closing: Snap | null = tool === 'transfer' && first && hand.points.length >= 3
      ? { kind: 'vertex', at: first, distance: Math.hypot(mercator(first).x - m.x, mercator(first).y - m.y), outer: false, segment: null, faces: [] }
      : null;
    if (closing && closing.distance <= reach) return closing;
    const screen = map.project(place);
    return chooseSnap([
      vertex, edge,
      lineSnap('street', m, groundLines(screen, ['streets']), reach),
      lineSnap('road', m, groundLines(screen, roadSource), reach),
      lineSnap('water', m, groundLines(screen, waterSource), reach),
    ], reach);
  }

  function faceAt(place: LonLat): number | null {
    const found = map.queryRenderedFeatures(map.project(place), { layers: ['cells-fill'] })[0];
    return found ? Number(found.properties.face) : null;
  }

  return (hand, place, free) => {
    const snap = snapAt(hand, place, free);
    return { at: snap?.at ?? place, face: faceAt(place), snap };
  };
}

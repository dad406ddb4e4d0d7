/** What is drawn of the hand: its points and lines, the vertex it holds, the snap and the cross. */
import type { Feature } from 'geojson';
import type { Edge, Edges } from '../edges';
import { same, type LonLat } from '../geo';
import type { Hand, Pointed } from '../hand';
import { lineFeature, pointFeature } from '../plan-layers';
import type { Snap, SnapKind } from '../snap';
import type { Tool } from '../state';

/** What the hand is about on the map. */
export interface Sketched {
  hand: Hand;
  /** What is pointed at. */
  at: Pointed | null;
  /** The cross moved by keys; `null` while the pointer is used. */
  cross: LonLat | null;
  busy: boolean;
}

/** The features of a sketch, by `role`. */
export function sketchFeatures({ hand, at, cross, busy }: Sketched, edges: Edges, word: (kind: SnapKind) => string): Feature[] {
  const features: Feature[] = [];
  const { points, grip, to } = hand;
  if (hand.closed) features.push({ type: 'Feature', geometry: { type: 'Polygon', coordinates: [[...points, points[0] ?? [0, 0]].map((p) => [...p])] }, properties: { role: 'area' } });
  if (points.length > 1) features.push(lineFeature(hand.closed ? [...points, points[0] ?? [0, 0]] : points, { role: 'line' }));
  const last = points.at(-1);
  if (last && at && !hand.closed && !hand.stroke && !busy) features.push(lineFeature([last, at.at], { role: 'next' }));
  if (!hand.stroke && points.length < 200) for (const p of points) features.push(pointFeature(p, { role: 'point' }));
  if (hand.gap) features.push(pointFeature(hand.gap, { role: 'point' }));
  if (grip) {
    if (to) {
      // The neighbours of the vertex follow at once; what the service makes of it comes a moment later.
      for (const end of grip.segment ?? neighbours(edges, grip.at)) features.push(lineFeature([end, to], { role: 'next' }));
    }
    features.push(pointFeature(to ?? grip.at, { role: 'grip' }));
  }
  const snap = at?.snap ?? null;
  if (snap && !same(snap.at, grip?.at ?? null)) features.push(pointFeature(snap.at, { role: 'snap', word: word(snap.kind) }));
  if (cross) features.push(pointFeature(cross, { role: 'cross' }));
  return features;
}

/** The vertices beside one, on all borders through it. */
function neighbours(edges: Edges, place: LonLat): LonLat[] {
  const found: LonLat[] = [];
  for (const { points } of edges.at(place)) {
    points.forEach((p, i) => {
      if (p[0] !== place[0] || p[1] !== place[1]) return;
      for (const beside of [points[i - 1], points[i + 1]]) if (beside) found.push(beside);
    });
  }
  return found;
}

/** The pointer's shape over the map. */
export function cursorOf(tool: Tool, { hand, at }: Sketched, editable: boolean): string {
  if (!editable || tool === 'select' || tool === 'merge' || tool === 'simplify' || tool === 'number') return (at?.face ?? null) === null ? '' : 'pointer';
  const onBorder = (at?.snap?.faces.length ?? 0) > 0;
  switch (tool) {
    case 'vertex':
      return hand.dragging ? 'grabbing' : onBorder ? 'grab' : '';
    case 'insert':
      return onBorder ? 'copy' : '';
    case 'delete':
      return onBorder ? 'pointer' : '';
    case 'fill_gap':
      return hand.gap || at?.face === null ? 'cell' : 'not-allowed';
    default:
      return 'crosshair';
  }
}

/** The borders that the hand holds, or would take where it points. */
export function bordersInHand(tool: Tool, { hand, at }: Sketched, edges: Edges): Edge[] {
  const ofSegment = (segment: readonly [LonLat, LonLat]): Edge[] => edges.at(segment[0]).filter((edge) => edge.points.some((p) => same(p, segment[1])));
  const ofSnap = (snap: Snap): Edge[] => (snap.segment ? ofSegment(snap.segment) : edges.at(snap.at));
  if (hand.grip) return hand.grip.segment ? ofSegment(hand.grip.segment) : edges.at(hand.grip.at);
  const taking = tool === 'vertex' || tool === 'insert' || tool === 'delete';
  return at?.snap && at.snap.faces.length > 0 && (taking || hand.points.length === 0) ? ofSnap(at.snap) : [];
}

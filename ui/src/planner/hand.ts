/**
 * What the hand is doing with the tool it holds: points drawn so far, the vertex taken, the cell that shall get the ground.
 * Pure: events in, the next hand out, with the edit to be stored when it is finished. The map feeds it and shows it; the
 * session asks what the edit in hand would do (`bodyOf`).
 */
import type { EditBody } from '@/wire/wire';
import { moved, same, type LonLat } from './geo';
import type { Tool } from './state';
import type { Snap } from './snap';

/** A place under the pointer or the cross. */
export interface Pointed {
  /** Where, after snapping. */
  at: LonLat;
  /** The cell there, if any. */
  face: number | null;
  /** What it snapped to. */
  snap: Snap | null;
}

/** A vertex, or a place on a border where one will be. */
export interface Grip {
  at: LonLat;
  kind: 'vertex' | 'node' | 'segment';
  outer: boolean;
  /** Ends of the stretch, when there is no vertex yet. */
  segment: [LonLat, LonLat] | null;
}

/** The hand. */
export interface Hand {
  /** Points drawn so far. */
  points: readonly LonLat[];
  /** The drawn line began on the outer border. */
  fromOuter: boolean;
  /** The drawn area is complete. */
  closed: boolean;
  /** A line is being drawn with the button held. */
  stroke: boolean;
  /** The vertex taken. */
  grip: Grip | null;
  /** Where it goes. */
  to: LonLat | null;
  /** It is being dragged. */
  dragging: boolean;
  /** A place in the gap to be filled. */
  gap: LonLat | null;
  /** The cell that gets the ground, or that is split. */
  target: number | null;
}

/** What the hand must know of the rest. */
export interface Setting {
  tool: Tool;
  /** The outer border may change. */
  outer: boolean;
  /** Chosen cells, the first chosen first. */
  selection: readonly number[];
  /** Of simplifying, metres. */
  toleranceM: number;
  /** Numbering: all cells instead of new ones only. */
  numberAll: boolean;
}

/** What happens to the hand. */
export type HandEvent =
  | { kind: 'press'; at: Pointed }
  | { kind: 'move'; at: Pointed }
  | { kind: 'release'; at: Pointed; moved: boolean }
  | { kind: 'click'; at: Pointed; add: boolean }
  | { kind: 'double'; at: Pointed }
  | { kind: 'take'; grip: Grip }
  | { kind: 'nudge'; east: number; north: number }
  | { kind: 'enter' }
  | { kind: 'back' }
  | { kind: 'remove' };

/** What comes of an event. */
export interface Step {
  hand: Hand;
  /** To be stored now. */
  commit?: EditBody;
  /** Cells to choose. */
  select?: { faces: number[]; how: 'only' | 'toggle' };
  /** The event was used. */
  used: boolean;
}

/** Nothing in hand. */
export const emptyHand: Hand = { points: [], fromOuter: false, closed: false, stroke: false, grip: null, to: null, dragging: false, gap: null, target: null };

/** Tools that draw a line or an area. */
export const drawing: ReadonlySet<Tool> = new Set<Tool>(['reshape', 'split', 'transfer']);

/** Tools whose edit is ready as soon as they are taken, from what is chosen and set. */
const fromChoice: ReadonlySet<Tool> = new Set<Tool>(['merge', 'simplify', 'number']);

const onBorder = (p: Pointed): boolean => p.snap !== null && (p.snap.kind === 'edge' || p.snap.kind === 'vertex' || p.snap.kind === 'node');

/** The cell a split is about: the one chosen, else the one the line begins in. */
function splitFace(hand: Hand, setting: Setting): number | null {
  return hand.target ?? (setting.selection.length === 1 ? (setting.selection[0] ?? null) : null);
}

/** The cell that gets an area: the one named for it, else the one chosen. */
function receiver(hand: Hand, setting: Setting): number | null {
  return hand.target ?? (setting.selection.length === 1 ? (setting.selection[0] ?? null) : null);
}

/** The edit in hand, `null` while something is missing. `cursor` counts as the last point of a line when it lies on a border. */
export function bodyOf(hand: Hand, setting: Setting, cursor: Pointed | null = null): EditBody | null {
  const line = cursor && onBorder(cursor) && !hand.stroke && !same(hand.points.at(-1) ?? null, cursor.at) ? [...hand.points, cursor.at] : [...hand.points];
  switch (setting.tool) {
    case 'vertex':
      if (!hand.grip || !hand.to || same(hand.grip.at, hand.to)) return null;
      return moveBody(hand.grip, hand.to, setting.outer);
    case 'reshape':
      return line.length < 2 ? null : { kind: 'reshape', line, outer: setting.outer && hand.fromOuter };
    case 'split': {
      const face = splitFace(hand, setting);
      return line.length < 2 || face === null ? null : { kind: 'split', face, line };
    }
    case 'merge': {
      const [into, ...from] = setting.selection;
      return into === undefined || from.length === 0 ? null : { kind: 'merge', into, from };
    }
    case 'transfer': {
      const to = receiver(hand, setting);
      return !hand.closed || hand.points.length < 3 || to === null ? null : { kind: 'transfer', to, ring: [...hand.points] };
    }
    case 'fill_gap': {
      const to = receiver(hand, setting);
      return hand.gap === null || to === null ? null : { kind: 'fill_gap', at: hand.gap, to };
    }
    case 'simplify':
      return setting.toleranceM > 0 ? { kind: 'simplify', faces: [...setting.selection], tolerance_m: setting.toleranceM } : null;
    case 'number':
      return { kind: 'number', all: setting.numberAll };
    default:
      return null;
  }
}

/** Moving a vertex, or pulling a new one out of a border. */
function moveBody(grip: Grip, to: LonLat, outer: boolean): EditBody {
  if (!grip.segment) return { kind: 'move_vertex', from: grip.at, to, outer: outer && grip.outer };
  const [a, b] = grip.segment;
  if (!grip.outer || !outer) return { kind: 'insert_vertex', a, b, at: to };
  return { kind: 'batch', edits: [{ kind: 'insert_vertex', a, b, at: grip.at }, { kind: 'move_vertex', from: grip.at, to, outer: true }] };
}

/** Whether Enter would store something. */
export function isReady(hand: Hand, setting: Setting): boolean {
  if (setting.tool === 'delete') return hand.grip !== null && hand.grip.segment === null;
  return bodyOf(hand, setting) !== null;
}

/** The line at the bottom of the map that says the next step: a word of `planner.hint`. */
export function hintOf(hand: Hand, setting: Setting): string {
  const { tool, selection } = setting;
  switch (tool) {
    case 'select':
      return selection.length === 0 ? 'select' : 'selected';
    case 'vertex':
      if (hand.dragging) return 'vertexDrag';
      return hand.grip ? (hand.to ? 'vertexMoved' : 'vertexTaken') : 'vertex';
    case 'insert':
      return 'insert';
    case 'delete':
      return hand.grip ? 'deleteTaken' : 'delete';
    case 'reshape':
      return hand.points.length === 0 ? 'reshape' : 'reshapeNext';
    case 'split':
      if (splitFace(hand, setting) === null) return 'splitCell';
      return hand.points.length === 0 ? 'split' : 'splitNext';
    case 'merge':
      return selection.length === 0 ? 'merge' : selection.length === 1 ? 'mergeNext' : 'mergeReady';
    case 'transfer':
      if (!hand.closed) return hand.points.length === 0 ? 'transfer' : 'transferNext';
      return receiver(hand, setting) === null ? 'transferTo' : 'transferReady';
    case 'fill_gap':
      return hand.gap === null ? 'gap' : receiver(hand, setting) === null ? 'gapTo' : 'gapReady';
    case 'simplify':
      return 'simplify';
    case 'number':
      return 'number';
  }
}

const stay = (hand: Hand): Step => ({ hand, used: false });

/** The next hand after an event. */
export function step(hand: Hand, event: HandEvent, setting: Setting): Step {
  switch (event.kind) {
    case 'press':
      return press(hand, event.at, setting);
    case 'move':
      if (hand.dragging) return { hand: { ...hand, to: event.at.at }, used: true };
      if (hand.stroke) return { hand: { ...hand, points: [...hand.points, event.at.at] }, used: true };
      return stay(hand);
    case 'release':
      return release(hand, event, setting);
    case 'click':
      return click(hand, event.at, event.add, setting);
    case 'double':
      // The two clicks before it have put the last point.
      return drawing.has(setting.tool) && !hand.closed ? finish(hand, setting) : stay(hand);
    case 'take':
      return { hand: { ...emptyHand, grip: event.grip }, used: true };
    case 'nudge': {
      if (!hand.grip || setting.tool !== 'vertex') return stay(hand);
      return { hand: { ...hand, to: moved(hand.to ?? hand.grip.at, event.east, event.north) }, used: true };
    }
    case 'enter':
      return enter(hand, setting);
    case 'back':
      return back(hand, setting);
    case 'remove': {
      if (hand.points.length > 0) return back(hand, setting);
      const at = hand.grip && !hand.grip.segment && (setting.tool === 'vertex' || setting.tool === 'delete') ? hand.grip.at : null;
      return at ? { hand, commit: { kind: 'delete_vertex', at }, used: true } : stay(hand);
    }
  }
}

function press(hand: Hand, at: Pointed, setting: Setting): Step {
  const { snap } = at;
  if (setting.tool === 'vertex') {
    if (!snap || !onBorder(at)) return stay(hand);
    const grip: Grip = { at: snap.at, kind: snap.kind === 'edge' ? 'segment' : (snap.kind as 'vertex' | 'node'), outer: snap.outer, segment: snap.segment };
    return { hand: { ...emptyHand, grip, dragging: true }, used: true };
  }
  return stay(hand);
}

/** A line is drawn with the button held from here on: the map saw the pointer move far enough. */
export function beginStroke(hand: Hand, at: Pointed, setting: Setting): Step {
  if (!drawing.has(setting.tool) || hand.closed) return stay(hand);
  const first = hand.points.length === 0;
  const target = setting.tool === 'split' && splitFace(hand, setting) === null ? at.face : hand.target;
  return { hand: { ...hand, target, stroke: true, points: [...hand.points, at.at], fromOuter: first ? (at.snap?.outer ?? false) : hand.fromOuter }, used: true };
}

function release(hand: Hand, event: { at: Pointed; moved: boolean }, setting: Setting): Step {
  if (hand.dragging) {
    const done: Hand = { ...hand, dragging: false };
    if (!event.moved) return { hand: { ...done, to: null, grip: hand.grip?.segment ? null : hand.grip }, used: true };
    const dropped: Hand = { ...done, to: event.at.at };
    const commit = bodyOf(dropped, setting);
    return commit ? { hand: dropped, commit, used: true } : { hand: { ...done, to: null }, used: true };
  }
  if (hand.stroke) {
    const drawn: Hand = { ...hand, stroke: false, points: [...hand.points, event.at.at] };
    // A lasso closes itself; a line that ends on a border is finished, another waits for more.
    if (setting.tool === 'transfer' || onBorder(event.at)) return finish(drawn, setting);
    return { hand: drawn, used: true };
  }
  return stay(hand);
}

function click(hand: Hand, at: Pointed, add: boolean, setting: Setting): Step {
  const { tool, selection } = setting;
  const chosen = at.face === null ? [] : [at.face];
  switch (tool) {
    case 'select':
    case 'simplify':
    case 'number':
      return { hand, select: { faces: chosen, how: add || tool !== 'select' ? 'toggle' : 'only' }, used: true };
    case 'merge':
      return { hand, select: { faces: chosen, how: 'toggle' }, used: true };
    case 'vertex':
      return { hand: onBorder(at) ? hand : emptyHand, used: true };
    case 'insert': {
      if (at.snap?.kind !== 'edge' || !at.snap.segment) return stay(hand);
      const [a, b] = at.snap.segment;
      return { hand: emptyHand, commit: { kind: 'insert_vertex', a, b, at: at.snap.at }, used: true };
    }
    case 'delete': {
      if (at.snap?.kind !== 'vertex' && at.snap?.kind !== 'node') return { hand: emptyHand, used: true };
      return { hand: emptyHand, commit: { kind: 'delete_vertex', at: at.snap.at }, used: true };
    }
    case 'split':
      // Before the line begins, a click inside another cell means that one.
      if (splitFace(hand, setting) === null || (hand.points.length === 0 && !onBorder(at) && at.face !== null && at.face !== splitFace(hand, setting))) {
        return at.face === null ? stay(hand) : { hand: { ...hand, target: at.face }, select: { faces: [at.face], how: 'only' }, used: true };
      }
      return point(hand, at, setting);
    case 'reshape':
      return point(hand, at, setting);
    case 'transfer':
      if (hand.closed) return give(hand, at, setting);
      if (hand.points.length >= 3 && same(hand.points[0] ?? null, at.at)) return finish(hand, setting);
      return point(hand, at, setting);
    case 'fill_gap':
      if (hand.gap === null) return at.face === null ? { hand: { ...hand, gap: at.at, target: selection.length === 1 ? (selection[0] ?? null) : null }, used: true } : stay(hand);
      return give(hand, at, setting);
  }
}

/** One more point of a line; on a border it is the last. */
function point(hand: Hand, at: Pointed, setting: Setting): Step {
  if (same(hand.points.at(-1) ?? null, at.at)) return { hand, used: true };
  const drawn: Hand = { ...hand, points: [...hand.points, at.at], fromOuter: hand.points.length === 0 ? (at.snap?.outer ?? false) : hand.fromOuter };
  const face = splitFace(hand, setting);
  const atItsBorder = setting.tool === 'reshape' || (face !== null && (at.snap?.faces.includes(face) ?? false));
  if (setting.tool !== 'transfer' && drawn.points.length > 1 && onBorder(at) && atItsBorder) return finish(drawn, setting);
  return { hand: drawn, used: true };
}

/** The ground goes to the cell that was clicked; clicking it again stores it. */
function give(hand: Hand, at: Pointed, setting: Setting): Step {
  if (at.face === null) return stay(hand);
  const given: Hand = { ...hand, target: at.face };
  const body = bodyOf(given, setting);
  if (hand.target === at.face && body) return { hand: given, commit: body, used: true };
  return { hand: given, used: true };
}

/** The line is complete: areas wait for who gets them, others are stored. */
function finish(hand: Hand, setting: Setting): Step {
  if (setting.tool === 'transfer') return hand.points.length < 3 ? stay({ ...hand, stroke: false }) : { hand: { ...hand, stroke: false, closed: true }, used: true };
  const commit = bodyOf(hand, setting);
  return commit ? { hand, commit, used: true } : stay(hand);
}

function enter(hand: Hand, setting: Setting): Step {
  const { tool } = setting;
  if (tool === 'delete') return step(hand, { kind: 'remove' }, setting);
  if (tool === 'insert' && hand.grip?.segment) {
    const [a, b] = hand.grip.segment;
    return { hand: emptyHand, commit: { kind: 'insert_vertex', a, b, at: hand.grip.at }, used: true };
  }
  if (tool === 'transfer' && !hand.closed) return finish(hand, setting);
  const commit = bodyOf(hand, setting);
  if (commit && (drawing.has(tool) || fromChoice.has(tool) || tool === 'vertex' || tool === 'fill_gap')) return { hand, commit, used: true };
  return stay(hand);
}

/** One step back: a move, a point, the area, the vertex; nothing left to give back is not used. */
function back(hand: Hand, setting: Setting): Step {
  if (hand.dragging || hand.to) return { hand: { ...hand, dragging: false, to: null, grip: hand.grip?.segment ? null : hand.grip }, used: true };
  if (hand.stroke) return { hand: emptyHand, used: true };
  if (hand.closed) return { hand: { ...hand, closed: false, target: null }, used: true };
  if (hand.points.length > 0) return { hand: { ...hand, points: hand.points.slice(0, -1) }, used: true };
  if (hand.gap || hand.grip) return { hand: emptyHand, used: true };
  if (setting.tool === 'split' && hand.target !== null) return { hand: emptyHand, select: { faces: [], how: 'only' }, used: true };
  return stay(hand);
}

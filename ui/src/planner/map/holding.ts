/** What is in hand on the map: the hand, where it points, what it would do, and how that is shown. */
import { shallowReactive } from 'vue';
import type { EditBody } from '@/wire/wire';
import { mercator, type LonLat } from '../geo';
import { bodyOf, drawing, emptyHand, hintOf, isReady, step, type Hand, type HandEvent, type Pointed, type Setting, type Step } from '../hand';
import { lineFeature } from '../plan-layers';
import type { SnapKind } from '../snap';
import type { Borders } from './borders';
import { openPointing } from './pointing';
import type { Sheet } from './sheet';
import { bordersInHand, cursorOf, sketchFeatures, type Sketched } from './sketch';

/** What the words below the map need to know. */
export interface HandView {
  hint: string;
  snap: SnapKind | null;
  ready: boolean;
  /** Points drawn. */
  points: number;
  /** Metres of a simplification. */
  toleranceM: number;
  numberAll: boolean;
  /** The base plan's borders are loaded and shown. */
  zoom: number;
  /** Borders can be taken hold of here; otherwise one must zoom in. */
  edges: boolean;
}

/** The words' view of a hand that holds nothing. */
export const emptyView = (): HandView => shallowReactive({ hint: 'select', snap: null, ready: false, points: 0, toleranceM: 3, numberAll: false, zoom: 0, edges: false });

/** The one holder of the hand: pointer, keys and news change it by this. */
export class Holding {
  hand: Hand = emptyHand;
  at: Pointed | null = null;
  /** The cross moved by keys; `null` while the pointer is used. */
  cross: LonLat | null = null;
  private near = new Set<number>();
  private previewed: string | null = null;
  /** The plan of which something is in hand. */
  private handOf: number | null = null;
  private readonly pointed: ReturnType<typeof openPointing>;

  constructor(
    private readonly sheet: Sheet,
    private readonly borders: Borders,
    readonly view: HandView,
  ) {
    this.pointed = openPointing(sheet, borders.edges);
  }

  get setting(): Setting {
    const { tool, outer, selection } = this.sheet.planner.state;
    return { tool, outer, selection: [...selection], toleranceM: this.view.toleranceM, numberAll: this.view.numberAll };
  }

  private get sketched(): Sketched {
    return { hand: this.hand, at: this.at, cross: this.cross, busy: this.sheet.planner.state.busy };
  }

  /** Points at a place; `free`: without snapping. */
  point(place: LonLat, free: boolean): Pointed {
    this.at = this.pointed(this.hand, place, free);
    return this.at;
  }

  sketch(): void {
    const { sheet, hand, view, setting, sketched } = this;
    const { planner } = sheet;
    sheet.setData('sketch', sketchFeatures(sketched, this.borders.edges, sheet.words.snap));
    view.snap = this.at?.snap?.kind ?? null;
    view.hint = hintOf(hand, setting);
    view.ready = !hand.dragging && isReady(hand, setting) && planner.editable.value;
    view.points = hand.points.length;
    sheet.map.getCanvas().style.cursor = cursorOf(planner.state.tool, sketched, planner.editable.value);
  }

  /** The border under the pointer and the cells on both sides of it. */
  highlight(): void {
    const { sheet, borders } = this;
    const { state } = sheet.planner;
    const shown = bordersInHand(state.tool, this.sketched, borders.edges);
    sheet.setData('highlight', state.preview ? [] : shown.map((edge) => lineFeature(edge.points, {})));
    const first = shown[0];
    if ((state.hoverEdge?.edge ?? null) !== (first?.id ?? null)) {
      state.hoverEdge = first ? { edge: first.id, left: first.left, right: first.right } : null;
      borders.vertices();
    }
    const faces = new Set(shown.flatMap((edge) => [edge.left, edge.right]).filter((face) => face !== null));
    if (this.hand.target !== null) faces.add(this.hand.target);
    for (const face of this.near) if (!faces.has(face)) sheet.mark({ source: 'cells', id: face }, { near: false });
    for (const face of faces) if (!this.near.has(face)) sheet.mark({ source: 'cells', id: face }, { near: true });
    this.near = faces;
  }

  /** The hand has changed: shown, and asked about. */
  put(next: Hand): void {
    this.hand = next;
    this.sketch();
    this.highlight();
    this.ask();
  }

  /** Shows the hand and asks about it anew: what it stands on has changed. */
  putAnew(next: Hand = this.hand): void {
    this.previewed = null;
    this.put(next);
  }

  /** The whole plan was asked for anew: size, language and others' edits leave what is in hand. Another plan has nothing of it. */
  renewed(): void {
    const id = this.sheet.planner.state.opened?.plan.id ?? null;
    const next = id === this.handOf ? this.hand : emptyHand;
    this.handOf = id;
    this.putAnew(next);
  }

  /** Another tool: areas and lines of one mean nothing to another. */
  letGo(): void {
    this.cross = null;
    this.at = null;
    this.putAnew(emptyHand);
  }

  private ask(): void {
    const { hand, setting } = this;
    const { planner } = this.sheet;
    const { tool } = setting;
    if (planner.state.busy || !planner.editable.value) return;
    const cursorPoint = drawing.has(tool) && hand.points.length > 0 ? this.at : null;
    const body = hand.stroke ? null : tool === 'number' ? null : bodyOf(hand, setting, cursorPoint);
    const key = JSON.stringify(body);
    if (key === this.previewed || (body === null && this.previewed === null)) return;
    this.previewed = body === null ? null : key;
    planner.preview(body, cursorPoint !== null && key !== JSON.stringify(bodyOf(hand, setting)));
  }

  private async store(body: EditBody): Promise<void> {
    const { sheet, borders } = this;
    const { state } = sheet.planner;
    this.previewed = null;
    const before = this.hand;
    const kind = body.kind;
    const done = await sheet.planner.edit(body);
    if (sheet.stage.destroyed) return;
    if (done) {
      let next = emptyHand;
      // The vertex stays in hand: the next arrow moves it further.
      if (kind === 'move_vertex' || kind === 'insert_vertex' || kind === 'batch') {
        const place = before.to ?? (body.kind === 'insert_vertex' ? body.at : null);
        const hit = place ? borders.edges.vertex(mercator(place), sheet.inMercator(1)) : null;
        if (hit && state.tool === 'vertex') next = { ...emptyHand, grip: { at: hit.at, kind: hit.node ? 'node' : 'vertex', outer: hit.outer, segment: null } };
      }
      if (kind === 'split' || kind === 'transfer' || kind === 'fill_gap') this.cross = null;
      this.put(next);
      return;
    }
    // Nobody answered, or somebody else was faster: what is in hand waits for the next try.
    if (state.problem !== null || state.conflict !== null) this.put({ ...before, dragging: false });
    // What was drawn stays, for mending; what was dragged goes back.
    else this.put({ ...before, to: null, dragging: false, grip: before.grip?.segment ? null : before.grip });
  }

  /** Something happens to the hand; answers whether it was for it. */
  happen(event: HandEvent): boolean {
    if (this.sheet.planner.state.busy) return true;
    return this.take(step(this.hand, event, this.setting));
  }

  private take(result: Step): boolean {
    const { planner } = this.sheet;
    if (result.select) planner.select(result.select.faces, result.select.how);
    if (!result.used) return false;
    if (result.commit && planner.editable.value) {
      this.hand = result.hand;
      this.sketch();
      void this.store(result.commit);
    } else this.put(result.hand);
    return true;
  }
}

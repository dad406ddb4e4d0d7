/** The history of a plan as lines beside a list: every edit a dot, every branch a lane. Pure. */
import type { EditView } from '@/wire/wire';

/** A row of the history, newest first; the last one is the beginning. */
export interface HistoryRow {
  /** `null`: the beginning. */
  edit: EditView | null;
  /** Its lane, 0 = the way to the present state and on from it. */
  lane: number;
  /** Lanes with a line through the upper half of the row. */
  above: number[];
  /** Lanes with a line through the lower half. */
  below: number[];
  /** Lanes that end here in this row's dot, coming from above. */
  joins: number[];
  /** Whether the plan stands here. */
  head: boolean;
}

/** The way from an edit to the beginning, the edit itself first. O(depth). */
function wayBack(from: number | null, byId: ReadonlyMap<number, EditView>): number[] {
  const way: number[] = [];
  for (let at = from; at !== null; ) {
    const edit = byId.get(at);
    if (!edit || way.length > byId.size) break;
    way.push(at);
    at = edit.parent;
  }
  return way;
}

/**
 * Lays the tree out. The way to the head and what follows it (the redo that was done last) is lane 0; every other branch has
 * a lane from its newest edit down to where it left. O(edits · lanes).
 */
export function historyRows(edits: readonly EditView[], head: number | null): HistoryRow[] {
  const byId = new Map(edits.map((edit) => [edit.id, edit]));
  const newestFirst = [...edits].sort((a, b) => b.id - a.id);
  const rowOf = new Map<number | null, number>(newestFirst.map((edit, row) => [edit.id, row]));
  rowOf.set(null, newestFirst.length);
  const children = new Map<number | null, number[]>();
  for (const edit of newestFirst) children.set(edit.parent, [...(children.get(edit.parent) ?? []), edit.id]);
  const lane = new Map<number, number>();
  for (const id of wayBack(head, byId)) lane.set(id, 0);
  for (let at = head; ; ) {
    const next: number | undefined = children.get(at)?.[0];
    if (next === undefined || lane.has(next)) break;
    lane.set(next, 0);
    at = next;
  }
  /** First row at which a lane is free again, going down. */
  const freeFrom: number[] = [newestFirst.length + 1];
  // Each row that is in no lane yet is the newest edit of a branch: it takes the first free lane, with its way back.
  newestFirst.forEach((edit, row) => {
    if (lane.has(edit.id)) return;
    let mine = freeFrom.findIndex((free, at) => at > 0 && free <= row);
    if (mine < 0) mine = freeFrom.length;
    let root: number | null = null;
    for (const id of wayBack(edit.id, byId)) {
      if (lane.has(id)) {
        root = id;
        break;
      }
      lane.set(id, mine);
    }
    freeFrom[mine] = (rowOf.get(root) ?? newestFirst.length) + 1;
  });
  const rows: HistoryRow[] = [...newestFirst, null].map((edit) => ({ edit, lane: edit ? (lane.get(edit.id) ?? 0) : 0, above: [], below: [], joins: [], head: (edit?.id ?? null) === head }));
  for (const edit of newestFirst) {
    const from = rowOf.get(edit.id) ?? 0;
    const to = rowOf.get(edit.parent) ?? rows.length - 1;
    const mine = lane.get(edit.id) ?? 0;
    rows[from]?.below.push(mine);
    for (let row = from + 1; row < to; row += 1) {
      rows[row]?.above.push(mine);
      rows[row]?.below.push(mine);
    }
    const parent = rows[to];
    if (!parent) continue;
    parent.above.push(mine);
    if (parent.lane !== mine) parent.joins.push(mine);
  }
  for (const row of rows) {
    row.above = [...new Set(row.above)];
    row.below = [...new Set(row.below)];
  }
  return rows;
}

/** Marks on the plan: chosen and changed cells, and the place where an edit was refused. */
import { Marker } from 'maplibre-gl';
import type { Sheet } from './sheet';

/** The marks of a map. */
export interface Marks {
  /** Chosen and changed cells. */
  cells(): void;
  /** No cell is marked: they come anew. */
  clear(): void;
  /** These cells are no more. */
  drop(faces: Iterable<number>): void;
  /** Where an edit was refused. */
  refusal(): void;
}

/** Makes the marks of a map. */
export function openMarks(sheet: Sheet): Marks {
  const { map } = sheet;
  const { state } = sheet.planner;
  const marked = new Map<number, { selected: boolean; changed: boolean }>();
  let refusalMark: Marker | null = null;

  function cells(): void {
    for (const cell of state.cells.values()) {
      const next = { selected: state.selection.has(cell.face), changed: cell.changed };
      const now = marked.get(cell.face);
      if ((now?.selected ?? false) === next.selected && (now?.changed ?? false) === next.changed) continue;
      marked.set(cell.face, next);
      for (const id of ['cells', 'preview']) sheet.mark({ source: id, id: cell.face }, { ...next });
    }
  }

  function refusal(): void {
    refusalMark?.remove();
    refusalMark = null;
    const { refusal: why } = state;
    if (!why || why.lon === null || why.lat === null) return;
    const element = document.createElement('div');
    element.className = 'refusal-mark';
    element.dataset.testid = 'refusal-mark';
    element.append(document.createElement('i'));
    refusalMark = new Marker({ element, anchor: 'center' }).setLngLat([why.lon, why.lat]).addTo(map);
  }

  return {
    cells,
    clear() {
      map.removeFeatureState({ source: 'cells' });
      marked.clear();
    },
    drop(faces) {
      for (const face of faces) {
        marked.delete(face);
        // The same face comes back when the edit is taken back: not with the frame of today.
        for (const id of ['cells', 'preview']) map.removeFeatureState({ source: id, id: face });
      }
    },
    refusal,
  };
}

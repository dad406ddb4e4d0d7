/** What an edit would make of the plan, drawn in the place of the cells it changes. */
import type { Feature } from 'geojson';
import type { EditResult, PlanCell } from '@/wire/wire';
import { labelFeature } from '../plan-layers';
import type { Sheet } from './sheet';

/** Cells of a result with what the layers need. */
export function dressed(result: EditResult): Feature[] {
  const figures = new Map(result.changed.map((cell) => [cell.face, cell]));
  return result.cells.features.map((feature) => {
    const cell: PlanCell | undefined = figures.get(Number(feature.properties?.face));
    return { ...feature, properties: { face: Number(feature.properties?.face), band: cell?.band ?? 'unknown' } };
  });
}

/** Draws what an edit would make of the plan; `null`: the plan as it is stored. */
export function openPreview(sheet: Sheet): (result: EditResult | null) => void {
  const { state } = sheet.planner;
  let hidden = new Set<number>();

  function hide(faces: Set<number>): void {
    const show = [...hidden].filter((face) => !faces.has(face));
    for (const id of ['cells', 'labels']) {
      for (const face of show) sheet.mark({ source: id, id: face }, { hidden: false });
      for (const face of faces) if (!hidden.has(face)) sheet.mark({ source: id, id: face }, { hidden: true });
    }
    hidden = faces;
  }

  return (result) => {
    if (result === null) {
      sheet.setData('preview', []);
      sheet.setData('preview-labels', []);
      hide(new Set());
      return;
    }
    sheet.setData('preview', dressed(result));
    sheet.setData('preview-labels', result.changed.map((cell) => labelFeature(cell, sheet.words.count)));
    for (const cell of result.changed) sheet.mark({ source: 'preview', id: cell.face }, { selected: state.selection.has(cell.face), changed: cell.changed });
    hide(new Set([...result.changed.map((cell) => cell.face), ...result.removed]));
  };
}

/** Which cell "whose is it?" is about. */
import type { Query } from '@/host';
import type { View } from '@/state/view';
import type { WallState } from '@/state/wall';
import { pinned } from './stream';

/** The question for what is selected, else for what the key asked about; `null` = nothing is asked. */
export function whoseQuery(view: Pick<View, 'selection' | 'whose' | 'whoseAt'>, state: Pick<WallState, 'tickets'>): Query | null {
  const chosen = view.selection;
  if (chosen === null) return view.whoseAt === null ? null : { ...view.whoseAt };
  if (!view.whose) return null;
  if (chosen.kind === 'area') return { area: `${chosen.level}:${chosen.key}` };
  if (chosen.kind === 'point') return { lon: chosen.lon, lat: chosen.lat };
  const ticket = state.tickets.value.get(chosen.id);
  const cell = ticket?.cell_key ?? chosen.cellKey;
  // A ticket outside all cells is asked for by its place, and the answer says so.
  if (cell) return { area: `cell:${cell}` };
  const [lon, lat] = [ticket?.lon ?? chosen.lon, ticket?.lat ?? chosen.lat];
  return typeof lon === 'number' && typeof lat === 'number' ? { lon, lat } : null;
}

/** What the key asks about with nothing selected: the cell of the gravest alarm, else the middle of the map. */
export function askedByKey(state: Pick<WallState, 'tickets'>, middle: [number, number] | null): View['whoseAt'] {
  const alarm = pinned(state.tickets.value.values(), null).lines.find((line) => line.ticket.cell_key !== '');
  if (alarm) return { area: `cell:${alarm.ticket.cell_key}` };
  return middle ? { lon: middle[0], lat: middle[1] } : null;
}

import { shallowRef } from 'vue';
import { describe, expect, it } from 'vitest';
import { ownersInView } from '@/map/owners';
import { alarmPoints } from '@/map/points';
import { initialView } from '@/state/view';
import { press as pressOn } from '@/actions';
import type { Press } from '@/actions/action';
import { askedByKey, whoseQuery } from '@/wall/whose';
import type { WallHere } from '@/actions/wall';
import type { WallState } from '@/state/wall';
import type { TicketView } from '@/wire/wire';

const press = (here: WallHere, event: Press): boolean => pressOn('wall', here, event);

function ticket(id: number, change: Partial<TicketView> = {}): TicketView {
  return {
    id, external_id: `${id}`, title: '', category: '', category_name: '', platform: '', channel: '', severity: 1, status: 'received', open: true, overdue: false, alarm: '', lon: 120 + id, lat: 30, cell_key: `c${id}`, cell_code: '',
    cell_name: '', reported_ms: 0, since_ms: 0, ahead: false, reopened: false, due_ms: null, closed_ms: null, ...change,
  };
}
const stateOf = (...tickets: TicketView[]): Pick<WallState, 'tickets'> => ({ tickets: shallowRef(new Map(tickets.map((t) => [t.id, t]))) });

describe('whose is it', () => {
  it('is about the cell of what is selected', () => {
    const view = initialView('');
    const state = stateOf(ticket(1));
    expect(whoseQuery(view, state)).toBeNull();
    view.selection = { kind: 'area', level: 'community', key: '330' };
    expect(whoseQuery(view, state)).toEqual({ area: 'community:330' });
    view.selection = { kind: 'ticket', id: 1 };
    expect(whoseQuery(view, state)).toEqual({ area: 'cell:c1' });
    view.selection = { kind: 'ticket', id: 9, cellKey: 'c9' };
    expect(whoseQuery(view, state)).toEqual({ area: 'cell:c9' });
    view.selection = { kind: 'ticket', id: 8, lon: 1, lat: 2 };
    expect(whoseQuery(view, state)).toEqual({ lon: 1, lat: 2 });
    view.whose = false;
    expect(whoseQuery(view, state)).toBeNull();
  });
  it('by its key is about the gravest alarm, else about the middle of the map', () => {
    expect(askedByKey(stateOf(ticket(1, { alarm: 'yellow' }), ticket(2, { alarm: 'red' }), ticket(3, { alarm: 'red', cell_key: '' })), [1, 2])).toEqual({ area: 'cell:c2' });
    expect(askedByKey(stateOf(ticket(1)), [1, 2])).toEqual({ lon: 1, lat: 2 });
    expect(askedByKey(stateOf(), null)).toBeNull();
  });
  it('is opened and closed by the key, and closed by Escape', () => {
    const view = initialView('');
    const here = { feed: { state: { ...stateOf(ticket(1, { alarm: 'red' })), link: { asOf: null } } }, viewer: { view, map: { value: null } } } as unknown as WallHere;
    const hit = (key: string): boolean => press(here, { key, shiftKey: false, target: null });
    hit('o');
    expect(view.whoseAt).toEqual({ area: 'cell:c1' });
    hit('Escape');
    expect(view.whoseAt).toBeNull();
    view.selection = { kind: 'ticket', id: 1 };
    hit('o');
    expect([view.whose, view.whoseAt]).toEqual([false, null]);
  });
});

describe('alarms on the map', () => {
  it('name their cell once, by the gravest', () => {
    const { points, named } = alarmPoints([ticket(1, { alarm: 'yellow', cell_key: 'a' }), ticket(2, { alarm: 'red', cell_key: 'a' }), ticket(3, { alarm: 'blue', cell_key: '' }), ticket(4)], (key) => `${key}\n甲`);
    expect(points.features.map((f) => [f.properties?.id, f.properties?.whose])).toEqual([[2, 'a\n甲'], [1, ''], [3, '']]);
    expect([...named]).toEqual(['a']);
  });
});

describe('the owner legend', () => {
  const cell = (owner: string, owner_color: number, lon: number) => ({ properties: { owner, owner_color, label_lon: lon, label_lat: 0 } });
  it('names whoever has cells in view, most cells first, and counts what nobody has', () => {
    const cells = [cell('甲', 0, 0), cell('乙', 1, 1), cell('乙', 1, 2), cell('', -1, 3), cell('丙', 2, 50)];
    expect(ownersInView(cells, [-1, -1, 10, 1])).toEqual({ owners: [{ name: '乙', color: 1, cells: 2 }, { name: '甲', color: 0, cells: 1 }], unowned: 1, cells: 4 });
    expect(ownersInView(cells, null).owners.map((o) => o.name)).toEqual(['乙', '丙', '甲'].sort((a, b) => (a === '乙' ? -1 : b === '乙' ? 1 : a < b ? -1 : 1)));
  });
});

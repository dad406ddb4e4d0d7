/** What is written on the map: names of areas with the scene's own word under each, and alarms with whose they are. */
import { diffTop } from '@/state/compare';
import * as areas from '../areas';
import * as points from '../points';
import type { Board } from './board';

/** The names of a map. */
export interface Names {
  /** Writes the names of areas. */
  write(): void;
  /** Writes them a moment later: counts that keep changing are written together. */
  writeSoon(): void;
  /** What two periods differ by, coloured and ready to be written; the top of their scale. */
  compare(): void;
  top(): number;
  /** Lays staff and alarms, what moves with every frame. */
  moving(): void;
}

/** Makes the names of a map. */
export function openNames(board: Board): Names {
  const { map, words, shown: { state, viewer } } = board;
  const { view } = viewer;
  /** Keys of the cells that an alarm names. */
  let alarmed = '';
  /** What two periods differ by, in the scene of comparison. */
  let differences = new Map<string, number>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  /** The difference of an area, with its sign. */
  function signed(key: string): string {
    const diff = differences.get(key);
    if (diff === undefined) return '';
    const size = view.compare.measure === 'on_time' ? Math.abs(diff).toFixed(1) : String(Math.abs(diff));
    return diff === 0 ? '0' : `${diff > 0 ? '+' : '−'}${size}`;
  }
  const late = (n: number): string => (n > 0 ? words.late(n) : '');

  function write(): void {
    const level = view.level;
    const collection = state.areas[level].value;
    if (!collection) return;
    const stats = state.stats.value;
    // The scene's own word stands under the name: who answers, or how many are open.
    const owners = new Map(view.mode === 'owner' ? collection.features.map((f) => [f.properties.key, f.properties.owner]) : []);
    const second = (key: string): string | number => (view.mode === 'open' ? stats.get(key)?.open : view.mode === 'time_left' ? late(stats.get(key)?.overdue ?? 0) : view.mode === 'compare' ? signed(key) : owners.get(key)) || '';
    const named = new Set(level === 'cell' ? alarmed.split(' ') : []);
    const data = areas.labelPoints(
      collection.features.filter((f) => !named.has(f.properties.key)),
      (key, name) => `${name}\n${second(key)}`.trim(),
      (key) => stats.get(key)?.open ?? 0,
    );
    areas.setData(map, areas.labelSource(level), data);
    // Where cells are too small to be named, their communities are.
    if (level === 'cell') areas.setData(map, areas.labelSource('community'), areas.labelPoints(state.areas.community.value?.features ?? [], (_, name) => name, (key) => stats.get(key)?.open ?? 0));
  }

  /** Name and owner of a cell, for its alarm. */
  function ownerWord(key: string): string {
    const cell = state.areas.cell.value?.features.find((f) => f.properties.key === key)?.properties;
    // Where nobody answers anywhere, that is said once, in the legend.
    return cell ? `${cell.name || cell.code}\n${cell.owner || (areas.nobodyAnywhere(state.areas.cell.value) ? '' : words.nobody())}`.trim() : '';
  }

  return {
    write,
    writeSoon() {
      clearTimeout(timer);
      timer = setTimeout(() => board.built && write(), 300);
    },
    compare() {
      if (view.mode === 'compare') differences = areas.setDifferences(map, view.level, (state.areas[view.level].value?.features ?? []).map((f) => f.properties.key), viewer.comparison.value, view.compare.measure);
    },
    top: () => (viewer.comparison.value ? diffTop(viewer.comparison.value, view.compare.measure) : 1),
    moving() {
      areas.setData(map, 'staff', points.staffPoints(state.staff.value.values()));
      const alarms = points.alarmPoints(state.tickets.value.values(), ownerWord);
      areas.setData(map, 'alarms', alarms.points);
      // A cell is named once: where its alarm names it, its own label makes way.
      const named = [...alarms.named].sort().join(' ');
      if (named === alarmed) return;
      alarmed = named;
      write();
    },
  };
}

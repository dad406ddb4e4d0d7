/** Figures, names and places of plans as people read them. */
import { useI18n } from 'vue-i18n';
import { useFormat, type Formats } from '@/wall/format';
import { useFeed } from '@/state/app';
import { sinceAlways } from '@/planner/dialogs/plan-marks';
import type { EditView, PlanCell, PlanSummary } from '@/wire/wire';

/** What components of the planner call to turn values into text. */
export interface PlanFormats extends Formats {
  /** Square metres as km² with three digits behind the point, without the unit. */
  km2(m2: number): string;
  /** Metres as km with one digit, without the unit. */
  km(m: number): string;
  /** An area with the unit that fits. */
  area(m2: number): string;
  /** A number with its sign; nought is `±0`. */
  signed(n: number, digits?: number): string;
  /** A whole number, or that it is not known. */
  known(n: number | null): string;
  /** 2026-11-24 00:00 in the wall's zone; "since always" for a first plan. */
  since(ms: number | null): string;
  /** A moment to the minute in the wall's zone. */
  minute(ms: number): string;
  /** Code and name of a cell; says when both are missing. */
  cellTitle(cell: Pick<PlanCell, 'code' | 'name' | 'face'>): string;
  /** What an edit did, and to which cells; of many the first three. */
  edit(edit: Pick<EditView, 'kind' | 'cells'>): string;
  /** `dictionary.group.key` when there is one, else the key itself. */
  term(group: string, key: string): string;
  /** A person who had a hand in a plan: the name on screen, or that it was the command line. */
  who(plan: Pick<PlanSummary, 'people'>, name: string): string;
  /** The wall's zone. */
  zone(): string;
}

/** Formats of the planner in the viewer's language and the wall's zone. */
export function usePlanFormat(): PlanFormats {
  const { t, te, locale } = useI18n();
  const format = useFormat();
  const { state } = useFeed();
  const fixed = (n: number, digits: number): string => new Intl.NumberFormat(locale.value, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(n);
  const zone = (): string => state.info.value?.zone ?? 'UTC';
  const minute = (ms: number): string => {
    const options = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
    let parts: Intl.DateTimeFormatPart[];
    try {
      parts = new Intl.DateTimeFormat('en', { ...options, timeZone: zone() }).formatToParts(ms);
    } catch {
      parts = new Intl.DateTimeFormat('en', { ...options, timeZone: 'UTC' }).formatToParts(ms);
    }
    const part = Object.fromEntries(parts.map(({ type, value }) => [type, value]));
    return `${part.year}-${part.month}-${part.day} ${part.hour}:${part.minute}`;
  };
  const term = (group: string, key: string): string => {
    const path = `plan.${group}.${key}`;
    return key !== '' && te(path) ? t(path) : key;
  };
  return {
    ...format,
    km2: (m2) => fixed(m2 / 1e6, 3),
    km: (m) => fixed(m / 1000, 1),
    area: (m2) => (m2 >= 99_950 ? t('plan.unit.km2', { n: fixed(m2 / 1e6, 2) }) : t('plan.unit.m2', { n: format.count(m2) })),
    signed: (n, digits = 0) => {
      const step = 10 ** -digits;
      const rounded = Math.round(n / step) * step;
      return rounded === 0 ? '±0' : `${rounded > 0 ? '+' : '−'}${fixed(Math.abs(rounded), digits)}`;
    },
    known: (n) => (n === null ? t('plan.unknown') : format.count(n)),
    since: (ms) => (ms === null || sinceAlways(ms) ? t('plan.always') : minute(ms)),
    minute,
    cellTitle: (cell) => [cell.code === '' ? t('plan.noCode', { n: cell.face }) : cell.code, cell.name].filter((part) => part !== '').join(' '),
    edit({ kind, cells }) {
      const first = cells.slice(0, 3).join(t('plan.comma'));
      const which = cells.length > 3 ? t('plan.andMore', { list: first, n: cells.length - 3 }) : first;
      return [term('edit', kind), which].filter((part) => part !== '').join(' ');
    },
    term,
    who(plan, name) {
      const [, shell] = /^os:(.*)$/.exec(name) ?? [];
      if (shell === undefined) return plan.people[name] ?? name;
      return shell === 'unknown' || shell === '' ? t('plan.commandLine') : t('plan.commandLineOf', { who: shell });
    },
    zone,
  };
}

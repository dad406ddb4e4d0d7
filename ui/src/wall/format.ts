/** Numbers, spans and times as people read them. Words come from the dictionary. */
import { computed, type ComputedRef } from 'vue';
import { useI18n } from 'vue-i18n';
import { useFeed } from '@/state/app';

/** A span of time in whole parts, largest first. */
export function spanParts(ms: number): { key: 'dh' | 'd' | 'hm' | 'h' | 'm' | 'lessMinute'; d: number; h: number; m: number } {
  const minutes = Math.floor(Math.abs(ms) / 60_000);
  const d = Math.floor(minutes / 1440);
  const h = Math.floor(minutes / 60) % 24;
  const m = minutes % 60;
  if (d >= 10) return { key: 'd', d, h, m };
  if (d > 0) return { key: h === 0 ? 'd' : 'dh', d, h, m };
  if (h >= 6) return { key: 'h', d, h, m };
  if (h > 0) return { key: m === 0 ? 'h' : 'hm', d, h, m };
  return { key: m === 0 ? 'lessMinute' : 'm', d, h, m };
}

/** The age of something in the coarsest honest unit; seconds in steps of five so that nothing flickers. */
export function ageParts(ms: number): { key: 'just' | 'seconds' | 'minutes' | 'hours' | 'days'; n: number } {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 5) return { key: 'just', n: 0 };
  if (s < 60) return { key: 'seconds', n: s - (s % 5) };
  if (s < 3600) return { key: 'minutes', n: Math.floor(s / 60) };
  if (s < 86_400) return { key: 'hours', n: Math.floor(s / 3600) };
  return { key: 'days', n: Math.floor(s / 86_400) };
}

/** What components call to turn values into text. */
export interface Formats {
  /** 14:03:22 in the wall's zone. */
  time(ms: number): string;
  /** 14:03. */
  shortTime(ms: number): string;
  /** Day and weekday, with the year when it is not this one. */
  date(ms: number): string;
  /** 11-22 14:03, with the year when it is not this one. */
  moment(ms: number): string;
  span(ms: number): string;
  age(ms: number): string;
  count(n: number): string;
  decimal(n: number, digits: number): string;
  percent(ratio: number): string;
  /** A word of the dictionary when there is one, else the source's own word. */
  word(group: string, key: string): string;
}

/** Formats in the viewer's language and the wall's zone. */
export function useFormat(): Formats {
  const { t, te, locale } = useI18n();
  const { state, now } = useFeed();
  const zone = computed(() => state.info.value?.zone ?? 'UTC');
  const make = (options: Intl.DateTimeFormatOptions): ComputedRef<Intl.DateTimeFormat> =>
    computed(() => {
      const base = { hourCycle: 'h23', ...options } as const;
      try {
        return new Intl.DateTimeFormat(locale.value, { timeZone: zone.value, ...base });
      } catch {
        return new Intl.DateTimeFormat(locale.value, { timeZone: 'UTC', ...base });
      }
    });
  const time = make({ hour: '2-digit', minute: '2-digit', second: '2-digit' });
  const shortTime = make({ hour: '2-digit', minute: '2-digit' });
  const date = make({ month: 'long', day: 'numeric', weekday: 'long' });
  const dateYear = make({ year: 'numeric', month: 'long', day: 'numeric', weekday: 'short' });
  const moment = make({ month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' });
  const momentYear = make({ year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' });
  const year = make({ year: 'numeric' });
  const whole = computed(() => new Intl.NumberFormat(locale.value, { maximumFractionDigits: 0 }));
  const sameYear = (ms: number): boolean => year.value.format(ms) === year.value.format(now.value);
  const thisYear = (ms: number): boolean => year.value.format(ms) === year.value.format(Date.now());
  return {
    time: (ms) => time.value.format(ms),
    shortTime: (ms) => shortTime.value.format(ms),
    date: (ms) => (thisYear(ms) ? date : dateYear).value.format(ms),
    moment: (ms) => (sameYear(ms) ? moment : momentYear).value.format(ms),
    span(ms) {
      const { key, ...parts } = spanParts(ms);
      return t(`span.${key}`, parts);
    },
    age(ms) {
      const { key, n } = ageParts(ms);
      return t(`age.${key}`, { n });
    },
    count: (n) => whole.value.format(n),
    decimal: (n, digits) => new Intl.NumberFormat(locale.value, { maximumFractionDigits: digits }).format(n),
    percent: (ratio) => `${(ratio * 100).toFixed(1)}`,
    word(group, key) {
      const path = `${group}.${key}`;
      return key !== '' && te(path) ? t(path) : key;
    },
  };
}

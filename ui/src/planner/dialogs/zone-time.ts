/** Dates and times of day as the wall's zone has them. Pure. */

/** A day and a time of day, as the fields of a form hold them: `2026-11-24`, `00:00`. */
export interface LocalTime {
  date: string;
  time: string;
}

function formatter(zone: string): Intl.DateTimeFormat {
  const options = { calendar: 'gregory', numberingSystem: 'latn', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' } as const;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone, ...options });
  } catch {
    return new Intl.DateTimeFormat('en', { timeZone: 'UTC', ...options });
  }
}

/** A moment's day and time of day in a zone. */
export function localTime(ms: number, zone: string): LocalTime {
  const part = Object.fromEntries(formatter(zone).formatToParts(ms).map(({ type, value }) => [type, value]));
  return { date: `${(part.year ?? '').padStart(4, '0')}-${part.month}-${part.day}`, time: `${part.hour}:${part.minute}` };
}

/** How far the zone's clock is ahead of UTC at a moment, in ms (whole minutes). */
function ahead(ms: number, zone: string): number {
  const { date, time } = localTime(ms, zone);
  return Date.parse(`${date}T${time}:00Z`) - Math.floor(ms / 60_000) * 60_000;
}

/**
 * The moment at which the zone's clock shows a day and time of day; `null` when the fields hold none. An hour that comes twice
 * means the earlier one, one that does not come shifts forward.
 */
export function momentOf({ date, time }: LocalTime, zone: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date) || !/^\d{2}:\d{2}$/.test(time)) return null;
  const wanted = Date.parse(`${date}T${time}:00Z`);
  if (Number.isNaN(wanted)) return null;
  const before = ahead(wanted - 86_400_000, zone);
  const after = ahead(wanted + 86_400_000, zone);
  const fits = [wanted - before, wanted - after].filter((ms) => {
    const shown = localTime(ms, zone);
    return shown.date === date && shown.time === time;
  });
  return fits.length > 0 ? Math.min(...fits) : wanted - before;
}

/** Midnight at which the day after a moment begins. */
export function tomorrow(ms: number, zone: string): LocalTime {
  const { date } = localTime(ms, zone);
  return { date: new Date(Date.parse(`${date}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10), time: '00:00' };
}

/** Midnight at which the next month begins. */
export function nextMonth(ms: number, zone: string): LocalTime {
  const [year = 1970, month = 1] = localTime(ms, zone).date.split('-').map(Number);
  return { date: new Date(Date.UTC(year, month, 1)).toISOString().slice(0, 10), time: '00:00' };
}

/**
 * A second telling of when a cron expression is due, that shares nothing with the product's: it walks every minute of a
 * year, reads what a clock on the wall shows then from Intl, and matches the fields of the expression one by one.
 */
export interface Minute {
  instant: number;
  /** What the clock shows, as the milliseconds that UTC would need to show the same. */
  wall: number;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Every minute from two days before `year` to two days after it, as a clock in the zone shows it. */
export function walk(timeZone: string, year: number): Minute[] {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
  const read = (instant: number) => Date.parse(`${format.format(instant).replace(' ', 'T')}Z`);
  const minutes: Minute[] = [];
  const end = Date.UTC(year + 1, 0, 3);
  for (let hour = Date.UTC(year, 0, 1) - 2 * dayMs; hour < end; hour += hourMs) {
    const wall = read(hour);
    // An hour in which the clock goes on evenly is read at both ends only; one in which it is set, minute by minute.
    const isEven = read(hour + hourMs) - wall === hourMs;
    for (let at = 0; at < hourMs; at += minuteMs)
      minutes.push({ instant: hour + at, wall: isEven ? wall + at : read(hour + at) });
  }
  return minutes;
}

/**
 * The instants at which the expression is due in the year (UTC). Where the clock is set back, a minute comes twice: it
 * counts the second time, and both times when the hour field is `*`. Where it is set forward, the minutes left out
 * count as much later as the clock was set forward.
 */
export function dueIn(minutes: readonly Minute[], year: number, expression: string): number[] {
  const isNamed = matcher(expression);
  const everyHour = expression.split(' ')[1] === '*';
  const due = new Map<number, number>();
  const all = new Set<number>();
  let last: Minute | undefined;
  for (const minute of minutes) {
    const skipped = last ? minute.wall - last.wall - minuteMs : 0;
    for (let gap = 0; gap < skipped; gap += minuteMs) {
      const missing = minute.wall - skipped + gap;
      if (isNamed(missing)) all.add(minute.instant + gap);
    }
    if (isNamed(minute.wall)) {
      if (everyHour) all.add(minute.instant);
      else due.set(minute.wall, minute.instant);
    }
    last = minute;
  }
  const from = Date.UTC(year, 0, 1);
  const to = Date.UTC(year + 1, 0, 1);
  return [...new Set([...all, ...due.values()])].filter((at) => at >= from && at < to).sort((a, b) => a - b);
}

/** Whether the five fields name a wall time; day of month and day of week are joined by `or` when neither is `*`. */
function matcher(expression: string): (wall: number) => boolean {
  const fields = expression.split(' ').map(numbers);
  const [minute, hour, day, month, weekday] = fields as [Field, Field, Field, Field, Field];
  return (wall) => {
    if (!has(minute, (wall / minuteMs) % 60) || !has(hour, Math.floor(wall / hourMs) % 24)) return false;
    const date = new Date(wall);
    if (!has(month, date.getUTCMonth() + 1)) return false;
    const byDay = has(day, date.getUTCDate());
    const byWeekday = has(weekday, date.getUTCDay());
    return day !== null && weekday !== null ? byDay || byWeekday : byDay && byWeekday;
  };
}

/** The numbers that a field names; null = any. */
type Field = ReadonlySet<number> | null;

function has(field: Field, value: number): boolean {
  return field === null || field.has(value);
}

function numbers(text: string): Field {
  if (text === '*') return null;
  return new Set(
    text.split(',').flatMap((part) => {
      const [range = '', step] = part.split('/');
      const [from, to] = range === '*' ? [0, 59] : range.split('-').map(Number);
      const most = to ?? from ?? 0;
      const named: number[] = [];
      for (let value = from ?? 0; value <= most; value += Number(step ?? 1)) named.push(value);
      return named;
    }),
  );
}

import { RuntimeFault } from '../errors.js';
import {
  dateFields,
  dateText,
  dayNumber,
  dayOfYear,
  isoCalendar,
  pad,
  timeFields,
  timeMicros,
  timeText,
  weekday,
} from './calendar.js';
import { offsetText } from './zone.js';

const monthNames = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const dayNames = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];

export interface Moment {
  day: number;
  micros: number;
  /** Minutes east of UTC; undefined for a naive one. */
  offset: number | undefined;
  zoneName: string;
}

/** Python's strftime, in the C locale. */
export function strftime(moment: Moment, format: string): string {
  return format.replace(/%(-?)([a-zA-Z%])/g, (whole, bare: string, directive: string) => {
    const text = directiveText(moment, directive);
    if (text === undefined) return whole;
    return bare ? text.replace(/^0+(?=.)/, '') : text;
  });
}

function directiveText(moment: Moment, directive: string): string | undefined {
  const { year, month, day } = dateFields(moment.day);
  const { hour, minute, second, microsecond } = timeFields(moment.micros);
  const hour12 = hour % 12 === 0 ? 12 : hour % 12;
  switch (directive) {
    case 'Y':
      return String(year);
    case 'y':
      return pad(year % 100, 2);
    case 'm':
      return pad(month, 2);
    case 'd':
      return pad(day, 2);
    case 'e':
      return String(day).padStart(2);
    case 'H':
      return pad(hour, 2);
    case 'I':
      return pad(hour12, 2);
    case 'M':
      return pad(minute, 2);
    case 'S':
      return pad(second, 2);
    case 'f':
      return pad(microsecond, 6);
    case 'p':
      return hour < 12 ? 'AM' : 'PM';
    case 'j':
      return pad(dayOfYear(moment.day), 3);
    case 'a':
      return dayNames[weekday(moment.day)]?.slice(0, 3);
    case 'A':
      return dayNames[weekday(moment.day)];
    case 'b':
    case 'h':
      return monthNames[month - 1]?.slice(0, 3);
    case 'B':
      return monthNames[month - 1];
    default:
      return rareText(moment, directive);
  }
}

function rareText(moment: Moment, directive: string): string | undefined {
  const { year } = dateFields(moment.day);
  switch (directive) {
    case 'w':
      return String((weekday(moment.day) + 1) % 7);
    case 'u':
      return String(weekday(moment.day) + 1);
    case 'U':
      return pad(Math.floor((dayOfYear(moment.day) + 6 - ((weekday(moment.day) + 1) % 7)) / 7), 2);
    case 'W':
      return pad(Math.floor((dayOfYear(moment.day) + 6 - weekday(moment.day)) / 7), 2);
    case 'G':
      return String(isoCalendar(moment.day)[0]);
    case 'V':
      return pad(isoCalendar(moment.day)[1], 2);
    case 'C':
      return pad(Math.floor(year / 100), 2);
    case 'z':
      return moment.offset === undefined ? '' : offsetText(moment.offset, '');
    case 'Z':
      return moment.zoneName;
    case 's':
      return String(Math.floor((moment.day * 86_400_000 + moment.micros / 1000) / 1000 - (moment.offset ?? 0) * 60));
    case 'F':
      return dateText(moment.day);
    case 'T':
    case 'X':
      return timeText(moment.micros).slice(0, 8);
    case 'D':
    case 'x':
      return strftime(moment, '%m/%d/%y');
    case 'R':
      return timeText(moment.micros).slice(0, 5);
    case 'c':
      return strftime(moment, '%a %b %e %H:%M:%S %Y');
    case '%':
      return '%';
  }
  return undefined;
}

const parts: Record<string, string> = {
  Y: String.raw`(?<Y>\d{4})`,
  y: String.raw`(?<y>\d{2})`,
  m: '(?<m>1[0-2]|0?[1-9])',
  d: String.raw`(?<d>3[01]|[12]\d|0?[1-9]| [1-9])`,
  H: String.raw`(?<H>2[0-3]|[01]?\d)`,
  I: '(?<I>1[0-2]|0?[1-9])',
  M: String.raw`(?<M>[0-5]?\d)`,
  S: String.raw`(?<S>6[01]|[0-5]?\d)`,
  f: String.raw`(?<f>\d{1,6})`,
  p: '(?<p>am|pm)',
  j: String.raw`(?<j>36[0-6]|3[0-5]\d|[12]\d\d|0?\d?\d)`,
  b: `(?<b>${monthNames.map((name) => name.slice(0, 3)).join('|')})`,
  B: `(?<B>${monthNames.join('|')})`,
  a: `(?:${dayNames.map((name) => name.slice(0, 3)).join('|')})`,
  A: `(?:${dayNames.join('|')})`,
  z: String.raw`(?<z>[+-]\d\d:?\d\d|Z)`,
  Z: '(?:UTC|GMT)',
  '%': '%',
};

/** Python's strptime. `zone` is minutes east of UTC when the text tells it. */
export function strptime(text: string, format: string): { day: number; micros: number; zone: number | undefined } {
  const pattern = format.replace(/%([a-zA-Z%])|\s+|[\\^$.*+?()[\]{}|/]/g, (whole, directive: string | undefined) => {
    if (directive === undefined) return /\s/.test(whole) ? String.raw`\s+` : `\\${whole}`;
    const part = parts[directive];
    if (part === undefined) throw new RuntimeFault(`'${directive}' is a bad directive in format '${format}'`);
    return part;
  });
  const fields = compilePattern(pattern, format).exec(text)?.groups;
  if (!fields && !new RegExp(`^${pattern}$`, 'i').test(text))
    throw new RuntimeFault(`time data '${text}' does not match format '${format}'`);
  return momentOf(fields ?? {});
}

function compilePattern(pattern: string, format: string): RegExp {
  try {
    return new RegExp(`^${pattern}$`, 'i');
  } catch {
    // A directive that stands twice gives a group that stands twice.
    throw new RuntimeFault(`a directive stands twice in format '${format}'`);
  }
}

function momentOf(fields: Record<string, string | undefined>): {
  day: number;
  micros: number;
  zone: number | undefined;
} {
  const number = (name: string, preset: number) => (fields[name] === undefined ? preset : Number(fields[name]));
  const short = fields['y'] === undefined ? 1900 : number('y', 0) + (number('y', 0) < 69 ? 2000 : 1900);
  const year = number('Y', short);
  const named = (fields['b'] ?? fields['B'])?.slice(0, 3).toLowerCase();
  const month =
    named === undefined ? number('m', 1) : monthNames.findIndex((name) => name.toLowerCase().startsWith(named)) + 1;
  const day =
    fields['j'] === undefined ? dayNumber(year, month, number('d', 1)) : dayNumber(year, 1, 1) + number('j', 1) - 1;
  const hour =
    fields['I'] === undefined ? number('H', 0) : (number('I', 12) % 12) + (/pm/i.test(fields['p'] ?? '') ? 12 : 0);
  const micros = timeMicros({
    hour,
    minute: number('M', 0),
    second: Math.min(59, number('S', 0)),
    microsecond: Number((fields['f'] ?? '0').padEnd(6, '0')),
  });
  return { day, micros, zone: zoneMinutes(fields['z']) };
}

/** `+0130`, `+01:30` or `Z` in minutes. */
export function zoneMinutes(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)$/.exec(text) ?? [];
  if (sign === undefined) return 0;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}

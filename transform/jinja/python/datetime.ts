import { readArguments, textArgument } from '../arguments.js';
import { hostFunction } from '../callables.js';
import { RuntimeFault } from '../errors.js';
import { numberOf } from '../operators.js';
import { type Arguments, type Callable, float, HostObject, type Keywords, type Operator, tuple } from '../values.js';
import {
  dateFields,
  dateText,
  dayMicros,
  dayNumber,
  dayOfYear,
  isoCalendar,
  type TimeFields,
  timeFields,
  timeMicros,
  timeText,
  weekday,
} from './calendar.js';
import { type Moment, strftime, strptime, zoneMinutes } from './strftime.js';
import { TimeDelta, timedeltaClass } from './timedelta.js';
import { offsetText, toUtc, utc, Zone } from './zone.js';

/** Python's module `datetime`. */
export function datetimeModule(now: () => number): Record<string, unknown> {
  return {
    datetime: datetimeClass(now),
    date: dateClass(now),
    time: timeClass,
    timedelta: timedeltaClass,
    timezone: timezoneClass,
    UTC: utc,
    MINYEAR: 1,
    MAXYEAR: 9999,
  };
}

const dateNames = ['year', 'month', 'day'] as const;
const timeNames = ['hour', 'minute', 'second', 'microsecond'] as const;

/** Python's date: a day. */
export class PyDate extends HostObject {
  readonly day: number;

  constructor(day: number) {
    super();
    dateFields(day);
    this.day = day;
  }

  getAttribute(name: string): unknown {
    if ((dateNames as readonly string[]).includes(name)) return dateFields(this.day)[name as 'year'];
    switch (name) {
      case 'isoformat':
        return hostFunction(() => dateText(this.day));
      case 'strftime':
        return hostFunction((args) => strftime(this.moment(), textArgument('strftime', args[0])));
      case 'weekday':
        return hostFunction(() => weekday(this.day));
      case 'isoweekday':
        return hostFunction(() => weekday(this.day) + 1);
      case 'isocalendar':
        return hostFunction(() => tuple(isoCalendar(this.day)));
      case 'toordinal':
        return hostFunction(() => this.day + 719_163);
      case 'timetuple':
        return hostFunction(() =>
          tuple([...Object.values(dateFields(this.day)), 0, 0, 0, weekday(this.day), dayOfYear(this.day), -1]),
        );
      case 'replace':
        return hostFunction((args, kwargs) => new PyDate(replacedDay(this.day, args, kwargs)));
      case 'ctime':
        return hostFunction(() => strftime(this.moment(), '%c'));
    }
    return undefined;
  }

  moment(): Moment {
    return { day: this.day, micros: 0, offset: undefined, zoneName: '' };
  }

  override equals(other: unknown): boolean {
    return other instanceof PyDate && !(other instanceof PyDateTime) && other.day === this.day;
  }

  override compare(other: unknown): number | undefined {
    return other instanceof PyDate && !(other instanceof PyDateTime) ? this.day - other.day : undefined;
  }

  override operate(operator: Operator, other: unknown, reflected: boolean): unknown {
    if (other instanceof TimeDelta) {
      if (operator === '+') return new PyDate(this.day + other.days);
      return operator === '-' && !reflected ? new PyDate(this.day - other.days) : undefined;
    }
    if (operator === '-' && other instanceof PyDate && !(other instanceof PyDateTime))
      return new TimeDelta(this.day - other.day, 0);
    return undefined;
  }

  override get typeName(): string {
    return 'date';
  }

  override toString(): string {
    return dateText(this.day);
  }

  override get repr(): string {
    return `datetime.date(${Object.values(dateFields(this.day)).join(', ')})`;
  }
}

/** Python's datetime: a wall time, naive or in a zone. */
export class PyDateTime extends PyDate {
  /** Microseconds of the day. */
  readonly micros: number;
  readonly zone: Zone | undefined;

  constructor(day: number, micros: number, zone?: Zone) {
    const carried = Math.floor(micros / dayMicros);
    super(day + carried);
    this.micros = micros - carried * dayMicros;
    this.zone = zone;
  }

  /** The wall time of a moment. */
  static at(epochMicros: number, zone: Zone | undefined, offsetMinutes: number): PyDateTime {
    const local = epochMicros + offsetMinutes * 60_000_000;
    const day = Math.floor(local / dayMicros);
    return new PyDateTime(day, local - day * dayMicros, zone);
  }

  get offset(): number | undefined {
    return this.zone?.offsetOfWall(this.day, this.micros);
  }

  /** Microseconds of the moment since 1970; a naive time is read as UTC. */
  get epochMicros(): number {
    const moment = toUtc(this.day, this.micros, this.offset ?? 0);
    return moment.day * dayMicros + moment.micros;
  }

  withZone(zone: Zone | undefined): PyDateTime {
    return new PyDateTime(this.day, this.micros, zone);
  }

  override getAttribute(name: string): unknown {
    if ((timeNames as readonly string[]).includes(name)) return timeFields(this.micros)[name as 'hour'];
    switch (name) {
      case 'tzinfo':
        return this.zone ?? null;
      case 'date':
        return hostFunction(() => new PyDate(this.day));
      case 'time':
        return hostFunction(() => new PyTime(this.micros));
      case 'timestamp':
        return hostFunction(() => float(this.epochMicros / 1_000_000));
      case 'isoformat':
        return hostFunction((args, kwargs) =>
          this.text(String(readArguments('isoformat', ['sep?'], args, kwargs)[0] ?? 'T')),
        );
      case 'astimezone':
        return hostFunction((args) => this.#inZone(args[0] ?? utc));
      case 'utcoffset':
        return hostFunction(() => (this.offset === undefined ? null : new TimeDelta(0, this.offset * 60_000_000)));
      case 'tzname':
        return hostFunction(() => (this.zone ? this.moment().zoneName : null));
      case 'replace':
        return hostFunction((args, kwargs) => this.#replaced(args, kwargs));
    }
    return super.getAttribute(name);
  }

  #inZone(zone: unknown): PyDateTime {
    if (!(zone instanceof Zone)) throw new RuntimeFault('astimezone() needs a time zone');
    return PyDateTime.at(this.epochMicros, zone, zone.offsetAt(Math.floor(this.epochMicros / 1000)));
  }

  #replaced(args: Arguments, kwargs: Keywords): PyDateTime {
    const names = [...dateNames, ...timeNames, 'tzinfo'].map((name) => `${name}?`);
    const given = readArguments('replace', names, args, kwargs);
    const day = replacedDay(this.day, given.slice(0, 3), {});
    const zone = given[7] === undefined ? this.zone : zoneOrNone(given[7]);
    return new PyDateTime(day, timeOf(given.slice(3, 7), timeFields(this.micros)), zone);
  }

  override moment(): Moment {
    const { offset } = this;
    const zoneName = this.zone ? this.zone.abbreviationAt(Math.floor(this.epochMicros / 1000)) : '';
    return { day: this.day, micros: this.micros, offset, zoneName };
  }

  override equals(other: unknown): boolean {
    return (
      other instanceof PyDateTime &&
      (this.zone === undefined) === (other.zone === undefined) &&
      other.epochMicros === this.epochMicros
    );
  }

  override compare(other: unknown): number | undefined {
    if (!(other instanceof PyDateTime)) return undefined;
    if ((this.zone === undefined) !== (other.zone === undefined))
      throw new RuntimeFault('a datetime with a time zone cannot be compared with one without');
    return this.epochMicros - other.epochMicros;
  }

  override operate(operator: Operator, other: unknown, reflected: boolean): unknown {
    if (other instanceof TimeDelta) {
      if (operator === '+') return new PyDateTime(this.day + other.days, this.micros + other.micros, this.zone);
      if (operator === '-' && !reflected)
        return new PyDateTime(this.day - other.days, this.micros - other.micros, this.zone);
    }
    if (operator !== '-' || !(other instanceof PyDateTime)) return undefined;
    const a = toUtc(this.day, this.micros, this.offset ?? 0);
    const b = toUtc(other.day, other.micros, other.offset ?? 0);
    return new TimeDelta(a.day - b.day, a.micros - b.micros);
  }

  text(separator: string): string {
    const { offset } = this;
    return dateText(this.day) + separator + timeText(this.micros) + (offset === undefined ? '' : offsetText(offset));
  }

  override get typeName(): string {
    return 'datetime';
  }

  override toString(): string {
    return this.text(' ');
  }

  override get repr(): string {
    const { hour, minute, second, microsecond } = timeFields(this.micros);
    const parts: (number | string)[] = [...Object.values(dateFields(this.day)), hour, minute];
    if (second !== 0 || microsecond !== 0) parts.push(second);
    if (microsecond !== 0) parts.push(microsecond);
    if (this.zone) parts.push(`tzinfo=${this.zone.repr}`);
    return `datetime.datetime(${parts.join(', ')})`;
  }
}

/** Python's time of day. */
class PyTime extends HostObject {
  readonly micros: number;

  constructor(micros: number) {
    super();
    this.micros = micros;
  }

  getAttribute(name: string): unknown {
    if ((timeNames as readonly string[]).includes(name)) return timeFields(this.micros)[name as 'hour'];
    if (name === 'isoformat') return hostFunction(() => timeText(this.micros));
    if (name !== 'strftime') return undefined;
    const moment = { day: dayNumber(1900, 1, 1), micros: this.micros, offset: undefined, zoneName: '' };
    return hostFunction((args) => strftime(moment, textArgument('strftime', args[0])));
  }

  override equals(other: unknown): boolean {
    return other instanceof PyTime && other.micros === this.micros;
  }

  override compare(other: unknown): number | undefined {
    return other instanceof PyTime ? this.micros - other.micros : undefined;
  }

  override get typeName(): string {
    return 'time';
  }

  override toString(): string {
    return timeText(this.micros);
  }
}

function datetimeClass(now: () => number): Callable {
  return hostFunction(
    function datetime(args, kwargs) {
      const names = ['year', 'month', 'day', 'hour?', 'minute?', 'second?', 'microsecond?', 'tzinfo?', 'fold?'];
      const given = readArguments('datetime', names, args, kwargs);
      const micros = timeOf(given.slice(3, 7), { hour: 0, minute: 0, second: 0, microsecond: 0 });
      return new PyDateTime(replacedDay(undefined, given.slice(0, 3), {}), micros, zoneOrNone(given[7]));
    },
    {
      now: hostFunction((args, kwargs) => moment(now() * 1000, readArguments('now', ['tz?'], args, kwargs)[0])),
      today: hostFunction(() => moment(now() * 1000, undefined)),
      utcnow: hostFunction(() => PyDateTime.at(now() * 1000, undefined, 0)),
      fromtimestamp: hostFunction((args, kwargs) => {
        const [seconds, zone] = readArguments('fromtimestamp', ['timestamp', 'tz?'], args, kwargs);
        return moment(Math.round(Number(numberOf(seconds)) * 1e6), zone);
      }),
      utcfromtimestamp: hostFunction((args) =>
        PyDateTime.at(Math.round(Number(numberOf(args[0])) * 1e6), undefined, 0),
      ),
      strptime: hostFunction((args, kwargs) => {
        const [text, format] = readArguments('strptime', ['date_string', 'format'], args, kwargs);
        const parsed = strptime(textArgument('strptime', text), textArgument('strptime', format));
        return new PyDateTime(parsed.day, parsed.micros, fixedZone(parsed.zone));
      }),
      fromisoformat: hostFunction((args) => fromIsoFormat(textArgument('fromisoformat', args[0]))),
      combine: hostFunction((args) => {
        const [date, time] = args;
        if (!(date instanceof PyDate) || !(time instanceof PyTime))
          throw new RuntimeFault('combine() needs a date and a time');
        return new PyDateTime(date.day, time.micros);
      }),
      min: new PyDateTime(dayNumber(1, 1, 1), 0),
      max: new PyDateTime(dayNumber(9999, 12, 31), dayMicros - 1),
    },
  );
}

function dateClass(now: () => number): Callable {
  return hostFunction(
    function date(args, kwargs) {
      return new PyDate(replacedDay(undefined, readArguments('date', ['year', 'month', 'day'], args, kwargs), {}));
    },
    {
      today: hostFunction(() => new PyDate(moment(now() * 1000, undefined).day)),
      fromisoformat: hostFunction((args) => new PyDate(fromIsoFormat(textArgument('fromisoformat', args[0])).day)),
      fromordinal: hostFunction((args) => new PyDate(Number(numberOf(args[0])) - 719_163)),
      min: new PyDate(dayNumber(1, 1, 1)),
      max: new PyDate(dayNumber(9999, 12, 31)),
    },
  );
}

const timeClass = hostFunction(function time(args, kwargs) {
  const given = readArguments('time', ['hour?', 'minute?', 'second?', 'microsecond?'], args, kwargs);
  return new PyTime(timeOf(given, { hour: 0, minute: 0, second: 0, microsecond: 0 }));
});

const timezoneClass = hostFunction(
  function timezone(args) {
    const [offset] = args;
    if (!(offset instanceof TimeDelta)) throw new RuntimeFault('timezone() needs a timedelta');
    return fixedZone(Math.round(offset.seconds / 60));
  },
  { utc },
);

/** The wall time of a moment in a zone; without one, in the zone of this machine. */
function moment(epochMicros: number, zone: unknown): PyDateTime {
  if (zone instanceof Zone) return PyDateTime.at(epochMicros, zone, zone.offsetAt(Math.floor(epochMicros / 1000)));
  return PyDateTime.at(epochMicros, undefined, -new Date(epochMicros / 1000).getTimezoneOffset());
}

function fixedZone(minutes: number | undefined): Zone | undefined {
  if (minutes === undefined) return undefined;
  return minutes === 0 ? utc : new Zone(`UTC${offsetText(minutes)}`, minutes);
}

function zoneOrNone(value: unknown): Zone | undefined {
  if (value === null || value === undefined) return undefined;
  if (value instanceof Zone) return value;
  throw new RuntimeFault('tzinfo has to be a time zone');
}

function replacedDay(from: number | undefined, args: Arguments, kwargs: Keywords): number {
  const given = readArguments('replace', ['year?', 'month?', 'day?'], args, kwargs);
  const fields = from === undefined ? undefined : dateFields(from);
  const [year, month, day] = dateNames.map((name, index) => wholeNumber(given[index] ?? fields?.[name], name));
  return dayNumber(year as number, month as number, day as number);
}

function timeOf(given: unknown[], from: TimeFields): number {
  const [hour, minute, second, microsecond] = timeNames.map((name, index) =>
    wholeNumber(given[index] ?? from[name], name),
  );
  return timeMicros({ hour, minute, second, microsecond } as TimeFields);
}

function wholeNumber(value: unknown, name: string): number {
  const number = Number(numberOf(value));
  if (!Number.isInteger(number)) throw new RuntimeFault(`${name} has to be an int`);
  return number;
}

function fromIsoFormat(text: string): PyDateTime {
  const match =
    /^(\d{4})-?(\d\d)-?(\d\d)(?:.(\d\d)(?::?(\d\d)(?::?(\d\d)(?:[.,](\d{1,6})\d*)?)?)?(Z|[+-]\d\d:?\d\d)?)?$/.exec(
      text,
    );
  if (!match) throw new RuntimeFault(`invalid isoformat string: '${text}'`);
  const [, year, month, day, hour = 0, minute = 0, second = 0, fraction = '0', zone] = match;
  const micros = timeMicros({
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
    microsecond: Number(fraction.padEnd(6, '0')),
  });
  return new PyDateTime(dayNumber(Number(year), Number(month), Number(day)), micros, fixedZone(zoneMinutes(zone)));
}

import { readArguments } from '../arguments.js';
import { hostFunction } from '../callables.js';
import { RuntimeFault } from '../errors.js';
import { numberOf } from '../operators.js';
import { float, HostObject, isUndefined, type Operator } from '../values.js';
import { dayMicros, timeText } from './calendar.js';

const daysMax = 999_999_999;

/** Python's timedelta: days, and microseconds of less than a day. */
export class TimeDelta extends HostObject {
  readonly days: number;
  /** 0 up to a day. */
  readonly micros: number;

  constructor(days: number, micros: number) {
    super();
    const carried = Math.floor(micros / dayMicros);
    this.days = days + carried;
    this.micros = micros - carried * dayMicros;
    if (!(Math.abs(this.days) <= daysMax)) throw new RuntimeFault(`days=${this.days}: a timedelta is out of range`);
  }

  getAttribute(name: string): unknown {
    switch (name) {
      case 'days':
        return this.days;
      case 'seconds':
        return Math.floor(this.micros / 1_000_000);
      case 'microseconds':
        return this.micros % 1_000_000;
      case 'total_seconds':
        return hostFunction(() => float(this.seconds));
    }
    return undefined;
  }

  get seconds(): number {
    return this.days * 86_400 + this.micros / 1_000_000;
  }

  override equals(other: unknown): boolean {
    return other instanceof TimeDelta && other.days === this.days && other.micros === this.micros;
  }

  override compare(other: unknown): number | undefined {
    return other instanceof TimeDelta ? this.days - other.days || this.micros - other.micros : undefined;
  }

  override get truthy(): boolean {
    return this.days !== 0 || this.micros !== 0;
  }

  override operate(operator: Operator, other: unknown, reflected: boolean): unknown {
    if (other instanceof TimeDelta) {
      if (operator === '+') return new TimeDelta(this.days + other.days, this.micros + other.micros);
      if (operator === '-') return new TimeDelta(this.days - other.days, this.micros - other.micros);
      if (operator === '/') return float(this.seconds / other.seconds);
      if (operator === '//') return Math.floor(this.seconds / other.seconds);
    }
    const factor = numberOf(other);
    if (factor === undefined) return undefined;
    if (operator === '*') return timedelta(this.days * Number(factor), this.micros * Number(factor));
    if (operator !== '/' && operator !== '//') return undefined;
    if (Number(factor) === 0) throw new RuntimeFault('division by zero');
    return reflected ? undefined : timedelta(this.days / Number(factor), this.micros / Number(factor));
  }

  override get typeName(): string {
    return 'timedelta';
  }

  override toString(): string {
    const days = this.days === 0 ? '' : `${this.days} day${Math.abs(this.days) === 1 ? '' : 's'}, `;
    return days + timeText(this.micros).replace(/^0/, '');
  }

  override get repr(): string {
    const parts = [
      ['days', this.days],
      ['seconds', Math.floor(this.micros / 1_000_000)],
      ['microseconds', this.micros % 1_000_000],
    ].flatMap(([name, value]) => (value === 0 ? [] : [`${name}=${value}`]));
    return `datetime.timedelta(${parts.join(', ') || '0'})`;
  }
}

/** From fractions of days and microseconds, rounded to whole microseconds. */
function timedelta(days: number, micros: number): TimeDelta {
  const whole = Math.trunc(days);
  return new TimeDelta(whole, Math.round((days - whole) * dayMicros + micros));
}

const unitNames = ['days', 'seconds', 'microseconds', 'milliseconds', 'minutes', 'hours', 'weeks'];

/** The class `datetime.timedelta`. */
export const timedeltaClass = hostFunction(function timedelta_(args, kwargs) {
  const given = readArguments(
    'timedelta',
    unitNames.map((name) => `${name}?`),
    args,
    kwargs,
  ).map((value) => {
    if (isUndefined(value)) return 0;
    const number = numberOf(value);
    if (number === undefined) throw new RuntimeFault('timedelta() needs numbers');
    return Number(number);
  });
  const [days = 0, seconds = 0, microseconds = 0, milliseconds = 0, minutes = 0, hours = 0, weeks = 0] = given;
  const micros = seconds * 1e6 + microseconds + milliseconds * 1e3 + minutes * 6e7 + hours * 3.6e9;
  return timedelta(days + weeks * 7, micros);
});

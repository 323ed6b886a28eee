import { IANAZone } from 'luxon';
import { hostFunction } from '../callables.js';
import { RuntimeFault } from '../errors.js';
import { HostObject } from '../values.js';
import { dayMicros, pad } from './calendar.js';

/** A time zone: UTC, a fixed offset, or one of the IANA database. */
export class Zone extends HostObject {
  readonly name: string;
  readonly #iana: IANAZone | undefined;
  readonly #fixedMinutes: number;

  constructor(name: string, fixedMinutes?: number) {
    super();
    this.name = name;
    this.#fixedMinutes = fixedMinutes ?? 0;
    this.#iana = fixedMinutes === undefined ? IANAZone.create(name) : undefined;
    if (this.#iana && !this.#iana.isValid) throw new RuntimeFault(`there is no time zone '${name}'`);
  }

  /** Minutes east of UTC at a moment, epoch milliseconds. */
  offsetAt(epochMs: number): number {
    return this.#iana ? this.#iana.offset(epochMs) : this.#fixedMinutes;
  }

  /** Minutes east of UTC where the wall shows this time; of two, the earlier moment's, as pytz takes standard time last. */
  offsetOfWall(day: number, micros: number): number {
    const wallMs = day * 86_400_000 + Math.floor(micros / 1000);
    const first = this.offsetAt(wallMs - this.offsetAt(wallMs) * 60_000);
    return this.offsetAt(wallMs - first * 60_000);
  }

  /** The short name at a moment: `UTC`, `EST`. */
  abbreviationAt(epochMs: number): string {
    if (!this.#iana) return this.name;
    return this.#iana.offsetName(epochMs, { format: 'short', locale: 'en-US' }) ?? this.name;
  }

  getAttribute(name: string): unknown {
    if (name === 'zone') return this.name;
    if (name === 'localize')
      return hostFunction((args) => {
        const [value] = args;
        if (!(value instanceof HostObject) || !hasZone(value)) throw new RuntimeFault('localize() needs a datetime');
        return value.withZone(this);
      });
    return undefined;
  }

  override equals(other: unknown): boolean {
    return other instanceof Zone && other.name === this.name;
  }

  override get typeName(): string {
    return 'tzinfo';
  }

  override toString(): string {
    return this.name;
  }

  override get repr(): string {
    return this.name === 'UTC' ? '<UTC>' : `<DstTzInfo '${this.name}'>`;
  }
}

export const utc = new Zone('UTC', 0);

interface Zoned {
  withZone(zone: Zone): HostObject;
}

function hasZone(value: object): value is Zoned {
  return typeof (value as Partial<Zoned>).withZone === 'function';
}

/** `+01:00`. */
export function offsetText(minutes: number, colon = ':'): string {
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${pad(Math.floor(size / 60), 2)}${colon}${pad(Math.floor(size % 60), 2)}`;
}

/** The moment of a wall time, as a day and microseconds in UTC. */
export function toUtc(day: number, micros: number, offsetMinutes: number): { day: number; micros: number } {
  const shifted = micros - offsetMinutes * 60_000_000;
  const carried = Math.floor(shifted / dayMicros);
  return { day: day + carried, micros: shifted - carried * dayMicros };
}

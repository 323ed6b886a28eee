import type { Instant } from '../kernel/time.js';

/** Words and numbers as people read them. Pure: the zone and the present are handed in. */

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** `340 ms`, `18.2 s`, `1m 04s`, `2h 05m`, `3d 04h`; an em dash when there is none. */
export function formatDuration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || Number.isNaN(ms)) return '—';
  if (ms < 0) return `−${formatDuration(-ms)}`;
  if (ms < second) return `${Math.round(ms)} ms`;
  if (ms < minute) return `${(ms / second).toFixed(ms < 10 * second ? 1 : ms % second === 0 ? 0 : 1)} s`;
  if (ms < hour) return `${Math.floor(ms / minute)}m ${pad(Math.floor((ms % minute) / second))}s`;
  if (ms < day) return `${Math.floor(ms / hour)}h ${pad(Math.floor((ms % hour) / minute))}m`;
  return `${Math.floor(ms / day)}d ${pad(Math.floor((ms % day) / hour))}h`;
}

/** The same in whole seconds and larger, for what ticks: `6m 31s`, `12 s`. */
export function formatElapsed(ms: number): string {
  if (ms < minute) return `${Math.max(0, Math.floor(ms / second))} s`;
  return formatDuration(ms);
}

/** One unit is enough from afar: `just now`, `41 s ago`, `8 m ago`, `in 51 m`, `3 d ago`. */
export function formatRelative(at: Instant, now: Instant): string {
  const distance = at - now;
  const size = Math.abs(distance);
  if (size < second) return 'just now';
  const [amount, unit] =
    size < minute
      ? [size / second, 's']
      : size < hour
        ? [size / minute, 'm']
        : size < 2 * day
          ? [size / hour, 'h']
          : [size / day, 'd'];
  const text = `${Math.floor(amount)} ${unit}`;
  return distance > 0 ? `in ${text}` : `${text} ago`;
}

/** Thousands apart: `1,412`. */
export function formatNumber(value: number | null | undefined, digits?: number): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '—';
  return value.toLocaleString('en-US', {
    maximumFractionDigits: digits ?? (Number.isInteger(value) ? 0 : 2),
    minimumFractionDigits: digits ?? 0,
  });
}

/** `640`, `49.9k`, `1.03M`: for axes and cards. */
export function formatCompact(value: number): string {
  const size = Math.abs(value);
  const sign = value < 0 ? '−' : '';
  if (size >= 1e9) return `${sign}${trimZeros((size / 1e9).toFixed(2))}B`;
  if (size >= 1e6) return `${sign}${trimZeros((size / 1e6).toFixed(2))}M`;
  if (size >= 1e4) return `${sign}${trimZeros((size / 1e3).toFixed(1))}k`;
  return `${sign}${formatNumber(size, Number.isInteger(size) ? 0 : 2)}`;
}

/** `640 B`, `9.4 kB`, `2.1 MB`: decimal units. */
export function formatBytes(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined) return '—';
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatNumber(count)} ${count === 1 ? one : many}`;
}

export type TimeStyle = 'time' | 'minute' | 'millis' | 'day' | 'date' | 'full' | 'short' | 'weekday' | 'stamp';

const styles: Record<TimeStyle, Intl.DateTimeFormatOptions> = {
  /** 14:02:11 */
  time: { hour: '2-digit', minute: '2-digit', second: '2-digit' },
  /** 14:02 */
  minute: { hour: '2-digit', minute: '2-digit' },
  /** 14:02:11.123 */
  millis: { hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3 },
  /** 21 Nov */
  day: { day: 'numeric', month: 'short' },
  /** 21 Nov 2026 */
  date: { day: 'numeric', month: 'short', year: 'numeric' },
  /** 21 Nov 2026, 14:02:11 */
  full: { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit' },
  /** 21 Nov, 14:02 */
  short: { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' },
  /** Saturday, 21 November */
  weekday: { weekday: 'long', day: 'numeric', month: 'long' },
  /** 21 Nov, 14:02:11 */
  stamp: { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', second: '2-digit' },
};

/** Formats instants in one zone. Intl's formatters are slow to make, so each is made once. */
export class ZonedFormat {
  readonly zone: string;
  #formats = new Map<TimeStyle, Intl.DateTimeFormat>();

  constructor(zone: string) {
    this.zone = zone;
  }

  format(at: Instant, style: TimeStyle): string {
    let format = this.#formats.get(style);
    if (!format) {
      format = new Intl.DateTimeFormat('en-GB', { ...styles[style], timeZone: this.zone, hourCycle: 'h23' });
      this.#formats.set(style, format);
    }
    return format.format(at).replace(' at ', ', ');
  }

  /** A moment of today by its time, another by its day and time. */
  near(at: Instant, now: Instant): string {
    return this.format(at, 'date') === this.format(now, 'date') ? this.format(at, 'minute') : this.format(at, 'short');
  }
}

/** The zone when the runtime knows it, else UTC. */
export function knownZone(name: string | undefined): string {
  if (!name || name === 'UTC') return 'UTC';
  try {
    return new Intl.DateTimeFormat('en-GB', { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    // A cookie may hold any text; an unknown zone means the default.
    return 'UTC';
  }
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}

function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

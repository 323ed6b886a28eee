import { MillraceError } from '../../kernel/errors.js';
import type { Instant } from '../../kernel/time.js';
import type { NodeConfig } from '../project/config.js';

export type BatchSize = 'hour' | 'day' | 'month' | 'year';

export interface Batch {
  start: Instant;
  end: Instant;
}

/**
 * The batches that a microbatch model builds, oldest first. From `--event-time-start`, else its `begin` when it is built the first time, else `lookback` batches
 * before the current one; to `--event-time-end`, else the end of the current batch. All in UTC.
 */
export function planBatches(
  config: NodeConfig,
  options: {
    isIncremental: boolean;
    now: Instant;
    start?: string | undefined;
    end?: string | undefined;
    where: string;
  },
): Batch[] {
  const { size, begin, lookback } = readMicrobatch(config, options.where);
  const checkpoint = options.end === undefined ? options.now : readTime(options.end, '--event-time-end');
  const end = ceiling(checkpoint, size);
  const current = floor(checkpoint, size);
  const from =
    options.start !== undefined
      ? floor(readTime(options.start, '--event-time-start'), size)
      : options.isIncremental
        ? // A checkpoint on the border of a batch has nothing of the next one yet: one more batch lies behind it.
          shift(current, size, -(checkpoint === current ? lookback + 1 : lookback))
        : floor(begin, size);
  const batches: Batch[] = [];
  for (let start = from; start < end; start = shift(start, size, 1)) {
    batches.push({ start, end: shift(start, size, 1) });
    if (batches.length > batchesMax)
      throw new MillraceError('SQL_PROJECT_INVALID', `${options.where}: more than ${batchesMax} batches`, {
        hint: 'Move begin, or take a larger batch_size.',
      });
  }
  return batches;
}

/** A guard against a `begin` of the year 1. */
const batchesMax = 100_000;

function readMicrobatch(config: NodeConfig, where: string): { size: BatchSize; begin: Instant; lookback: number } {
  const fail = (message: string): never => {
    throw new MillraceError('SQL_PROJECT_INVALID', `${where}: a microbatch model ${message}`);
  };
  if (typeof config['event_time'] !== 'string') fail('needs "event_time"');
  const size = config['batch_size'];
  if (size !== 'hour' && size !== 'day' && size !== 'month' && size !== 'year')
    return fail('needs "batch_size": hour, day, month or year');
  if (typeof config['begin'] !== 'string') return fail('needs "begin", a date');
  const lookback = config['lookback'] ?? 1;
  if (typeof lookback !== 'number' || !Number.isInteger(lookback) || lookback < 0)
    return fail('needs a "lookback" of 0 or more');
  return { size, begin: readTime(config['begin'], `${where}: begin`), lookback };
}

/** As dbt writes times into SQL: `2026-01-01 00:00:00+00:00`. */
export function sqlTime(instant: Instant): string {
  return new Date(instant)
    .toISOString()
    .replace('T', ' ')
    .replace(/(\.\d+)?Z$/, '+00:00');
}

/** A batch's name in `model.batch.id`: 20260101 for a day. */
export function batchId(batch: Batch, size: BatchSize): string {
  const digits = new Date(batch.start).toISOString().replace(/[-T:]/g, '');
  return digits.slice(0, { hour: 10, day: 8, month: 6, year: 4 }[size]);
}

/** ISO text without a zone is UTC. */
function readTime(text: string, what: string): Instant {
  const iso = text.trim().replace(' ', 'T');
  const time = Date.parse(/(Z|[+-]\d{2}:?\d{2})$/.test(iso) || !iso.includes('T') ? iso : `${iso}Z`);
  if (Number.isNaN(time))
    throw new MillraceError('REQUEST_INVALID', `${what} must be a date or time; got ${JSON.stringify(text)}`);
  return time;
}

function floor(instant: Instant, size: BatchSize): Instant {
  const date = new Date(instant);
  const [year, month, day, hour] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate(), date.getUTCHours()];
  if (size === 'year') return Date.UTC(year, 0);
  if (size === 'month') return Date.UTC(year, month);
  return size === 'day' ? Date.UTC(year, month, day) : Date.UTC(year, month, day, hour);
}

function ceiling(instant: Instant, size: BatchSize): Instant {
  const low = floor(instant, size);
  return low === instant ? instant : shift(low, size, 1);
}

function shift(instant: Instant, size: BatchSize, by: number): Instant {
  const date = new Date(instant);
  if (size === 'year') return Date.UTC(date.getUTCFullYear() + by, 0);
  if (size === 'month') return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + by);
  return instant + by * (size === 'day' ? 86_400_000 : 3_600_000);
}

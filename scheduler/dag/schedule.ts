import { CronExpressionParser } from 'cron-parser';
import { DateTime, IANAZone } from 'luxon';
import { MillraceError } from '../../kernel/errors.js';
import type { Instant } from '../../kernel/time.js';
import type { SerializedSchedule } from '../model/dag.js';
import { Asset, AssetExpression, conditionOf } from './assets.js';
import { checkSpec, isAnything, isFlag, isNumber, isText, isTexts } from './checks.js';
import type { DagSpec } from './dag-spec.js';

const presets: Record<string, string> = {
  '@hourly': '0 * * * *',
  '@daily': '0 0 * * *',
  '@weekly': '0 0 * * 0',
  '@monthly': '0 0 1 * *',
  '@quarterly': '0 0 1 */3 *',
  '@yearly': '0 0 1 1 *',
};

/** The schedule of a DAG as data, and the zone that it is read in. Throws DAG_INVALID. */
export function serializeSchedule(dagId: string, spec: DagSpec): { schedule: SerializedSchedule; timezone: string } {
  const { schedule } = spec;
  const zone =
    typeof schedule === 'object' && schedule !== null && 'timezone' in schedule ? schedule.timezone : undefined;
  return { schedule: scheduleOf(dagId, schedule), timezone: zoneOf(dagId, zone ?? spec.timezone ?? 'UTC') };
}

/** A date of a spec as an instant; text without a zone is of the DAG's. Throws DAG_INVALID. */
export function momentOf(owner: string, value: string | Date | undefined, timezone: string): Instant | null {
  if (value === undefined) return null;
  if (value instanceof Date) return value.getTime();
  const parsed = DateTime.fromISO(value, { zone: timezone });
  if (parsed.isValid) return parsed.toMillis();
  throw new MillraceError('DAG_INVALID', `${owner} is ${JSON.stringify(value)}, which is no date`, {
    hint: 'Write 2026-01-31 or 2026-01-31T06:00:00Z.',
  });
}

function scheduleOf(dagId: string, schedule: DagSpec['schedule']): SerializedSchedule {
  if (schedule === undefined || schedule === null) return { kind: 'none' };
  if (typeof schedule === 'string') return textSchedule(dagId, schedule);
  if (schedule instanceof Asset || schedule instanceof AssetExpression) {
    return { kind: 'assets', condition: conditionOf(schedule) };
  }
  const owner = `the schedule of Dag "${dagId}"`;
  checkSpec(owner, schedule, scheduleChecks);
  if ('every' in schedule) return { kind: 'every', everyMs: Math.round(schedule.every * 1000) };
  const given = 'crons' in schedule ? schedule.crons : [schedule.cron];
  if (given.length === 0 || given.some((cron) => cron === undefined)) {
    throw new MillraceError('DAG_INVALID', `${owner} says neither cron nor every`, {
      hint: "Write { cron: '0 3 * * *' }, { crons: [...] } or { every: 300 }.",
    });
  }
  const crons = given.map((cron) => cronOf(dagId, cron));
  const interval = schedule.interval ?? false;
  if (schedule.assets) return { kind: 'asset_or_time', condition: conditionOf(schedule.assets), crons, interval };
  return { kind: 'cron', crons, interval, summary: crons.join(', ') };
}

const scheduleChecks = {
  cron: isText,
  crons: isTexts,
  every: isNumber(0.001, 'seconds'),
  timezone: isText,
  interval: isFlag,
  assets: isAnything,
};

function textSchedule(dagId: string, text: string): SerializedSchedule {
  if (text === '@once') return { kind: 'once' };
  if (text === '@continuous') return { kind: 'continuous' };
  const cron = cronOf(dagId, text);
  return { kind: 'cron', crons: [cron], interval: false, summary: text };
}

function cronOf(dagId: string, text: string): string {
  const cron = presets[text] ?? text.trim();
  try {
    if (cron.split(/\s+/).length < 5) throw new Error('five fields are needed');
    CronExpressionParser.parse(cron);
    return cron;
  } catch (error) {
    throw new MillraceError(
      'DAG_INVALID',
      `the schedule ${JSON.stringify(text)} of Dag "${dagId}" is no cron expression`,
      {
        hint: `Write minute hour day month weekday, or one of ${Object.keys(presets).join(', ')}, @once, @continuous.`,
        cause: error,
      },
    );
  }
}

function zoneOf(dagId: string, timezone: string): string {
  if (IANAZone.isValidZone(timezone)) return timezone;
  throw new MillraceError('DAG_INVALID', `the time zone ${JSON.stringify(timezone)} of Dag "${dagId}" is unknown`, {
    hint: 'Write an IANA name such as Europe/Zurich.',
  });
}

import { assertNever } from '../../kernel/json.js';
import type { DataInterval, Instant } from '../../kernel/time.js';
import type { SerializedDag } from '../model/dag.js';
import { alignNext, alignPrev, everyTicks, sharedCronTicks, type Ticks, unionTicks } from './cron.js';

/** The next automated run of a DAG. */
export interface NextRun {
  logicalDate: Instant;
  interval: DataInterval;
  /** It is created at or after this instant. */
  runAfter: Instant;
}

/** What of a DAG decides when it is due. */
export type TimetableSource = Pick<SerializedDag, 'schedule' | 'timezone' | 'startDate' | 'endDate' | 'catchup'>;

export interface Timetable {
  /** The run after `last` (the interval of the latest scheduled run), or null when time alone brings none. */
  next(last: DataInterval | null, now: Instant): NextRun | null;
  /** The interval that a manual run with this logical date covers. */
  inferInterval(logicalDate: Instant): DataInterval;
  /** The runs whose ticks lie in [from, to], oldest first, up to `limit`; only those that are over at `now`. */
  between(from: Instant, to: Instant, now: Instant, limit: number): NextRun[];
}

/** The timetable of a DAG, in Airflow's semantics. */
export function timetableOf(dag: TimetableSource): Timetable {
  const { schedule } = dag;
  switch (schedule.kind) {
    case 'none':
    case 'assets':
      return untimed(() => null);
    case 'once':
      return untimed((last, now) => (last === null ? atOnce(dag.startDate ?? now, dag) : null));
    case 'continuous':
      return untimed((last, now) => continuous(dag, last, now));
    case 'every':
      return triggerTimetable(dag, everyTicks(schedule.everyMs, dag.startDate ?? 0), (last) =>
        everyTicks(schedule.everyMs, last.end),
      );
    case 'cron':
    case 'asset_or_time': {
      const ticks = unionTicks(schedule.crons.map((cron) => sharedCronTicks(cron, dag.timezone)));
      return schedule.interval ? intervalTimetable(dag, ticks) : triggerTimetable(dag, ticks);
    }
    default:
      return assertNever(schedule);
  }
}

/** The tick is the logical date and the interval has no length. */
function triggerTimetable(dag: TimetableSource, ticks: Ticks, phaseOf?: (last: DataInterval) => Ticks): Timetable {
  return {
    next(last, now) {
      const own = last && phaseOf ? phaseOf(last) : ticks;
      return upTo(dag.endDate, point(nextTrigger(dag, own, last, now)));
    },
    inferInterval: (logicalDate) => ({ start: logicalDate, end: logicalDate }),
    between: (from, to, now, limit) =>
      collect(alignNext(ticks, from), (tick) => ticks.next(tick), to, limit, point).filter(
        (run) => run.runAfter <= now,
      ),
  };
}

function nextTrigger(dag: TimetableSource, ticks: Ticks, last: DataInterval | null, now: Instant): Instant {
  const { startDate } = dag;
  const afterLast = last && ticks.next(last.end);
  const fromStart = startDate === null ? null : alignNext(ticks, startDate);
  if (dag.catchup) return afterLast ?? fromStart ?? firstTrigger(ticks, now);
  const unbound = last === null && startDate === null ? firstTrigger(ticks, now) : null;
  return Math.max(alignPrev(ticks, now), afterLast ?? -Infinity, fromStart ?? -Infinity, unbound ?? -Infinity);
}

/** The first run of a DAG without a start date: the tick just passed when it is near, else the next one. */
function firstTrigger(ticks: Ticks, now: Instant): Instant {
  const past = alignPrev(ticks, now);
  const next = alignNext(ticks, now);
  const nearMs = Math.max((next - past) / 10, 5 * 60_000);
  return now - past <= nearMs ? past : next;
}

/** The run covers the time between two ticks and starts at the second; its logical date is the first. */
function intervalTimetable(dag: TimetableSource, ticks: Ticks): Timetable {
  const runFrom = (start: Instant): NextRun => {
    const end = ticks.next(start);
    return { logicalDate: start, interval: { start, end }, runAfter: end };
  };
  return {
    next(last, now) {
      const earliest = earliestStart(dag, ticks, now);
      const continued = last && alignPrev(ticks, last.end);
      if (earliest === null && continued === null) return null;
      return upTo(dag.endDate, runFrom(Math.max(earliest ?? -Infinity, continued ?? -Infinity)));
    },
    inferInterval(logicalDate) {
      const end = alignPrev(ticks, logicalDate);
      return { start: ticks.prev(end), end };
    },
    between: (from, to, now, limit) =>
      collect(alignNext(ticks, from), (tick) => ticks.next(tick), to, limit, runFrom).filter(
        (run) => run.interval.end <= now,
      ),
  };
}

/** Without catchup nothing before the last complete interval; with it, nothing before the start date. */
function earliestStart(dag: TimetableSource, ticks: Ticks, now: Instant): Instant | null {
  const fromStart = dag.startDate === null ? null : alignNext(ticks, dag.startDate);
  if (dag.catchup) return fromStart;
  const lastTick = ticks.prev(now);
  const latest = ticks.next(lastTick) === now ? lastTick : ticks.prev(lastTick);
  return Math.max(latest, fromStart ?? -Infinity);
}

/** A DAG whose runs take no time would otherwise make one after the other without end. */
const continuousMsMin = 1_000;

/** A new run as soon as the one before has ended (`max_active_runs` is 1); it covers the time since then. */
function continuous(dag: TimetableSource, last: DataInterval | null, now: Instant): NextRun | null {
  const start = last ? last.end : (dag.startDate ?? now - continuousMsMin);
  const end = Math.max(now, start + continuousMsMin);
  if (dag.endDate !== null && end > dag.endDate) return null;
  return { logicalDate: start, interval: { start, end }, runAfter: end };
}

function untimed(next: Timetable['next']): Timetable {
  return { next, inferInterval: (logicalDate) => ({ start: logicalDate, end: logicalDate }), between: () => [] };
}

function atOnce(instant: Instant, dag: TimetableSource): NextRun | null {
  return upTo(dag.endDate, point(instant));
}

function point(instant: Instant): NextRun {
  return { logicalDate: instant, interval: { start: instant, end: instant }, runAfter: instant };
}

/** The end date is inclusive, and compared with the logical date. */
function upTo(endDate: Instant | null, run: NextRun): NextRun | null {
  return endDate !== null && run.logicalDate > endDate ? null : run;
}

function collect(
  first: Instant,
  next: (tick: Instant) => Instant,
  to: Instant,
  limit: number,
  runAt: (tick: Instant) => NextRun,
): NextRun[] {
  const runs: NextRun[] = [];
  for (let tick = first; tick <= to && runs.length < limit; tick = next(tick)) runs.push(runAt(tick));
  return runs;
}

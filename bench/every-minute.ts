import { readdirSync, readFileSync } from 'node:fs';
import { type Clock, systemClock } from '../kernel/time.js';
import { type Bench, type BenchRow, measureAgainst } from './bench.js';
import { benchFolder, openEngineRig } from './engine-rig.js';

const minuteMs = 60_000;
const dagsCount = 1_000;

/** How long the idle scheduler is watched, and how long after the last run's end that begins, milliseconds. */
const idleMs = 10_000;
const settleMs = 3_000;

/**
 * A thousand DAGs that are due every minute: how long after the minute the last one's task runs, and what the scheduler
 * takes of a core between the minutes.
 */
export const everyMinute: Bench = async (say) => {
  const { path, remove } = benchFolder();
  const clock = new HastyClock();
  const rig = await openEngineRig({ folder: path, clock });
  let startedCount = 0;
  let endedCount = 0;
  let onStarted = () => {};
  let onEnded = () => {};
  rig.scheduler.events.listen((event) => {
    if (event.kind === 'task_instance' && event.to === 'running' && ++startedCount % dagsCount === 0) onStarted();
    if (event.kind === 'dag_run' && event.to === 'success' && ++endedCount % dagsCount === 0) onEnded();
  });
  /** Lets the next minute begin, and waits until all are over. Returns the seconds until all ran. */
  const minute = async () => {
    const started = new Promise<number>((resolve) => {
      onStarted = () => resolve((clock.now() - minuteBegan) / 1_000);
    });
    const ended = new Promise<void>((resolve) => {
      onEnded = resolve;
    });
    const minuteBegan = clock.leapBeforeNextMinute(200);
    const seconds = await started;
    await ended;
    return seconds;
  };
  try {
    await rig.declare('every-minute.ts');
    const started = await measureAgainst(
      { name: '1,000 DAGs due at once, until all have started', unit: 's', goal: 3, better: 'lower', measure: minute },
      say,
    );
    return [started, await idleRow(say)];
  } finally {
    await rig.close();
    remove();
  }
};

/** Between the minutes, by the real clock: the time that this process and its children take of a core. */
async function idleRow(say: (line: string) => void): Promise<BenchRow> {
  await new Promise((resolve) => setTimeout(resolve, settleMs));
  const before = usedMs();
  const began = performance.now();
  await new Promise((resolve) => setTimeout(resolve, idleMs));
  const value = ((usedMs() - before) / (performance.now() - began)) * 100;
  say(`idle: ${value.toFixed(2)} % of a core`);
  const name = `idle between two minutes with 1,000 such DAGs, over ${idleMs / 1_000} s`;
  return {
    name,
    unit: '% of a core',
    value,
    min: value,
    max: value,
    goal: 3,
    better: 'lower',
    baseline: null,
    ratio: null,
  };
}

/** Milliseconds of processor time that this process and its children have taken. */
function usedMs(): number {
  const { user, system } = process.cpuUsage();
  const ticks = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => statOf(pid))
    .filter((fields) => Number(fields[1]) === process.pid)
    .reduce((sum, fields) => sum + Number(fields[11]) + Number(fields[12]), 0);
  const ticksPerSecond = 100;
  return (user + system) / 1_000 + (ticks * 1_000) / ticksPerSecond;
}

/** The fields of /proc/<pid>/stat from the state on. */
function statOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  } catch {
    // It has ended meanwhile.
    return [];
  }
}

/** A real clock that can leap forward; timers that the leap makes due fire at once. */
class HastyClock implements Clock {
  #aheadMs = 0;
  readonly #timers = new Map<object, { at: number; fire: () => void; cancel: () => void }>();

  now(): number {
    return systemClock.now() + this.#aheadMs;
  }

  monotonic(): number {
    return systemClock.monotonic();
  }

  after(delayMs: number, callback: () => void): () => void {
    const key = {};
    const fire = () => {
      this.#timers.delete(key);
      callback();
    };
    this.#timers.set(key, { at: this.now() + delayMs, fire, cancel: systemClock.after(delayMs, fire) });
    return () => {
      this.#timers.get(key)?.cancel();
      this.#timers.delete(key);
    };
  }

  /** Leaps to shortly before the next full minute, and returns that minute. */
  leapBeforeNextMinute(beforeMs: number): number {
    const next = (Math.floor((this.now() + beforeMs) / minuteMs) + 1) * minuteMs;
    this.#aheadMs += next - beforeMs - this.now();
    for (const timer of this.#timers.values()) {
      timer.cancel();
      timer.cancel = systemClock.after(Math.max(0, timer.at - this.now()), timer.fire);
    }
    return next;
  }
}

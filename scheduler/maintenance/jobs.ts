import { describeError } from '../../kernel/errors.js';
import type { Clock } from '../../kernel/time.js';

/** Something that keeps the house in order, again and again. */
export interface MaintenanceJob {
  name: string;
  everyMs: number;
  /** Does what is due, and says how much that was. */
  runOnce(): Promise<Record<string, number>>;
}

export interface JobsDeps {
  jobs: MaintenanceJob[];
  clock: Clock;
  /** Hears what a job has done (when it did something), and what went wrong. */
  report(name: string, done: Record<string, number> | { error: string }): void;
}

/** The first round waits this long, so that a start is not slowed down. */
const firstDelayMs = 60_000;

/** Runs the jobs, each at its own pace and never twice at a time. Returns the function that stops them. */
export function startJobs({ jobs, clock, report }: JobsDeps): () => void {
  let isStopped = false;
  const cancels = new Map<string, () => void>();
  const plan = (job: MaintenanceJob, delayMs: number): void => {
    if (isStopped) return;
    cancels.set(
      job.name,
      clock.after(delayMs, () => void perform(job)),
    );
  };
  const perform = async (job: MaintenanceJob): Promise<void> => {
    try {
      const done = await job.runOnce();
      if (Object.values(done).some((count) => count > 0)) report(job.name, done);
    } catch (error) {
      report(job.name, { error: describeError(error) });
    }
    plan(job, job.everyMs);
  };
  for (const job of jobs) plan(job, Math.min(firstDelayMs, job.everyMs));
  return () => {
    isStopped = true;
    for (const cancel of cancels.values()) cancel();
  };
}

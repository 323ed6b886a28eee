import { sleep, systemClock } from '../../kernel/time.js';
import { type LogEntry, readLogRange } from '../../scheduler/executor/task-logs.js';
import { ask, print } from '../ask.js';

export interface LogsOptions {
  run?: string;
  mapIndex?: number;
  try?: number;
  follow?: boolean;
}

const lookEveryMs = 200;

/** `millrace logs DAG TASK`: the log of a try, the latest by default; with `--follow` until the try has ended. */
export async function printLogs(dagId: string, taskId: string, options: LogsOptions): Promise<void> {
  const params = {
    dagId,
    taskId,
    runId: options.run ?? null,
    tryNumber: options.try ?? null,
    ...(options.mapIndex === undefined ? {} : { mapIndex: options.mapIndex }),
  };
  for (let offset = 0; ; ) {
    // Asked before the file is read: what was written before the end of the try is read after it.
    const { path, isLive } = await ask<{ path: string; isLive: boolean }>('log', params);
    const isLast = !(options.follow && isLive);
    offset = await printFrom(path, offset, isLast);
    if (isLast) return;
    await sleep(systemClock, lookEveryMs);
  }
}

async function printFrom(path: string, start: number, final: boolean): Promise<number> {
  for (let offset = start; ; ) {
    const range = await readLogRange(path, offset, { final });
    if (range.entries.length > 0) print(range.entries.map(lineOf).join('\n'));
    offset = range.nextOffset;
    if (range.atEnd) return offset;
  }
}

function lineOf({ timestamp, level, event }: LogEntry): string {
  return timestamp === null ? event : `${timestamp} ${level} ${event}`;
}

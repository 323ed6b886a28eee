import { sleep, systemClock } from '../../kernel/time.js';
import type { LogEntry, LogRange } from '../../scheduler/executor/task-logs.js';
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
    final: options.follow !== true,
    ...(options.mapIndex === undefined ? {} : { mapIndex: options.mapIndex }),
  };
  for (let offset = 0; ; ) {
    const part = await ask<LogRange & { isLive: boolean }>('log', { ...params, offset });
    if (part.entries.length > 0) print(part.entries.map(lineOf).join('\n'));
    offset = part.nextOffset;
    if (!part.atEnd) continue;
    if (!(options.follow && part.isLive)) return;
    await sleep(systemClock, lookEveryMs);
  }
}

function lineOf({ timestamp, level, event }: LogEntry): string {
  return timestamp === null ? event : `${timestamp} ${level} ${event}`;
}

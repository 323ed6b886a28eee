import { MillraceError } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import { fromIso, sleep, systemClock } from '../../kernel/time.js';
import { ask, print, secondsBetween, timeText } from '../ask.js';
import { textTable } from '../table.js';
import { printTasks } from './tasks.js';

interface DagLine {
  dagId: string;
  schedule: string;
  isPaused: boolean;
  nextRunAfter: number | null;
  lastState: string | null;
}

export async function listDags(options: { json?: boolean }): Promise<void> {
  const dags = await ask<DagLine[]>('dags');
  if (options.json) return print(JSON.stringify(dags, null, 2));
  const rows = dags.map((dag) => [
    dag.dagId,
    dag.schedule,
    dag.isPaused ? 'paused' : timeText(dag.nextRunAfter),
    dag.lastState ?? '',
  ]);
  print(textTable(['dag', 'schedule', 'next run (UTC)', 'last run'], rows, ''));
  const { length } = await ask<unknown[]>('importErrors');
  if (length > 0) print(`${length} DAG ${length === 1 ? 'file' : 'files'} cannot be imported: dags list-import-errors`);
}

interface ImportErrorLine {
  fileloc: string;
  message: string;
  line: number | null;
  column_number: number | null;
  excerpt: string | null;
}

/** Exit code 1 when there is one. The last good version of a file's DAGs goes on running. */
export async function listImportErrors(options: { json?: boolean }): Promise<void> {
  const errors = await ask<ImportErrorLine[]>('importErrors');
  if (errors.length > 0) process.exitCode = 1;
  if (options.json) return print(JSON.stringify(errors, null, 2));
  if (errors.length === 0) return print('Every DAG file can be imported.');
  for (const { fileloc, line, column_number: column, message, excerpt } of errors) {
    print(`${[fileloc, line, column].filter((part) => part !== null).join(':')}: ${message}`);
    if (excerpt !== null) print(`${excerpt}\n`);
  }
}

interface RunLine {
  run_id: string;
  run_type: string;
  state: string;
  started_at: number | null;
  ended_at: number | null;
}

export async function listRuns(dagId: string, options: { json?: boolean }): Promise<void> {
  const runs = await ask<RunLine[]>('runs', { dagId });
  if (options.json) return print(JSON.stringify(runs, null, 2));
  const rows = runs.map((run) => [
    run.run_id,
    run.run_type,
    run.state,
    timeText(run.started_at),
    secondsBetween(run.started_at, run.ended_at),
  ]);
  print(textTable(['run', 'type', 'state', 'started (UTC)', 'took'], rows, ''));
}

export async function setPaused(dagId: string, paused: boolean): Promise<void> {
  await ask('setPaused', { dagId, paused });
  print(`${dagId} is ${paused ? 'paused' : 'not paused'}.`);
}

export interface TriggerOptions {
  conf?: string;
  runId?: string;
  logicalDate?: string;
  note?: string;
  wait?: boolean;
}

/** With `wait`: until the run has ended; exit code 1 when it failed. */
export async function triggerDag(dagId: string, options: TriggerOptions): Promise<void> {
  const { runId } = await ask<{ runId: string }>('trigger', {
    dagId,
    conf: parseConf(options.conf),
    runId: options.runId ?? null,
    logicalDate: options.logicalDate === undefined ? null : parseTime(options.logicalDate, '--logical-date'),
    note: options.note ?? null,
  });
  print(`${dagId} ${runId}`);
  if (!options.wait) return;
  const state = await untilFinished(dagId, runId);
  await printTasks(dagId, runId);
  print(`${dagId} ${runId}: ${state}`);
  if (state !== 'success') process.exitCode = 1;
}

const lookEveryMs = 250;

async function untilFinished(dagId: string, runId: string): Promise<string> {
  for (;;) {
    const { state } = await ask<{ state: string }>('run', { dagId, runId });
    if (state === 'success' || state === 'failed') return state;
    await sleep(systemClock, lookEveryMs);
  }
}

/** A JSON object as an option says it; `{}` when it is not given. Throws REQUEST_INVALID that names the option. */
export function parseConf(text: string | undefined, option = '--conf'): JsonObject {
  if (text === undefined) return {};
  const wrong = (cause?: unknown) =>
    new MillraceError('REQUEST_INVALID', `${option} is no JSON object: ${text}`, {
      hint: `Write it as '{"key": "value"}'.`,
      cause,
    });
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (thrown) {
    throw wrong(thrown);
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw wrong();
  return value;
}

/** A time as an option says it. Throws REQUEST_INVALID that names the option. */
export function parseTime(text: string, option: string): number {
  const instant = fromIso(text);
  if (instant !== undefined) return instant;
  throw new MillraceError('REQUEST_INVALID', `${option} is no time with a zone: ${text}`, {
    hint: 'Write it as 2026-01-01T00:00:00Z.',
  });
}

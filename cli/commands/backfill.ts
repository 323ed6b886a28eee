import { toIso } from '../../kernel/time.js';
import type { BackfillPlan } from '../../scheduler/model/admin-commands.js';
import { ask, print, timeText } from '../ask.js';
import { textTable } from '../table.js';
import { parseConf, parseTime } from './dags.js';

export interface CreateOptions {
  dagId: string;
  fromDate: string;
  toDate: string;
  runBackwards?: boolean;
  maxActiveRuns?: number;
  reprocessBehavior: 'none' | 'failed' | 'completed';
  dagRunConf?: string;
  dryRun?: boolean;
}

export async function createBackfill(options: CreateOptions): Promise<void> {
  const { backfillId, runs } = await ask<BackfillPlan>('createBackfill', {
    dagId: options.dagId,
    from: parseTime(options.fromDate, '--from-date'),
    to: parseTime(options.toDate, '--to-date'),
    conf: parseConf(options.dagRunConf, '--dag-run-conf'),
    runBackwards: options.runBackwards ?? false,
    reprocess: options.reprocessBehavior,
    maxActiveRuns: options.maxActiveRuns ?? 10,
    dryRun: options.dryRun ?? false,
  });
  const meant = runs.filter((run) => run.skipped === null);
  for (const run of runs) print(`${toIso(run.logicalDate)}${run.skipped === null ? '' : `  left out: ${run.skipped}`}`);
  print(
    backfillId === null
      ? `${meant.length} of ${runs.length} dates would run.`
      : `The backfill ${backfillId} runs ${meant.length} of ${runs.length} dates.`,
  );
}

interface BackfillLine {
  id: number;
  dag_id: string;
  from_date: number;
  to_date: number;
  is_paused: number;
  created_at: number;
  completed_at: number | null;
  states: { state: string; total: number }[];
}

export async function listBackfills(dagId: string | undefined, options: { json?: boolean }): Promise<void> {
  const backfills = await ask<BackfillLine[]>('backfills', { dagId: dagId ?? null });
  if (options.json) return print(JSON.stringify(backfills, null, 2));
  const rows = backfills.map((one) => [
    one.id,
    one.dag_id,
    timeText(one.from_date),
    timeText(one.to_date),
    one.completed_at !== null ? 'over' : one.is_paused === 1 ? 'paused' : 'under way',
    one.states.map(({ state, total }) => `${total} ${state}`).join(', '),
  ]);
  print(textTable(['id', 'dag', 'from (UTC)', 'to (UTC)', 'state', 'runs'], rows, ''));
}

export async function pauseBackfill(id: number, paused: boolean): Promise<void> {
  await ask('setBackfillPaused', { id, paused });
  print(`The backfill ${id} ${paused ? 'is paused' : 'goes on'}.`);
}

export async function cancelBackfill(id: number): Promise<void> {
  await ask('cancelBackfill', { id });
  print(`The backfill ${id} is cancelled.`);
}

import type { Instant } from '../../kernel/time.js';
import type { LiveRun } from '../decide/live-run.js';
import type { AttemptEvent } from '../model/attempt.js';
import { database } from '../store/database.js';
import type { StoreDriver } from '../store/driver.js';
import { loadRuns } from '../store/loading/load-live.js';
import type { LiveState } from './live-state.js';
import { reviveRuns } from './revive.js';
import { triggeredRunId } from './run-ids.js';

/** Runs of the future are few; no more of them than this are looked at for each wish. */
const runsMax = 100;

/**
 * The runs that a report asks for, as far as they exist and are not alive: an earlier try may have made them, or they
 * have the logical date that is wanted.
 */
export async function readTriggered(
  store: StoreDriver,
  live: LiveState,
  now: Instant,
  event: Extract<AttemptEvent, { kind: 'finished' }>,
): Promise<LiveRun[]> {
  const instance = live.attempts.get(event.attemptId);
  if (!instance) return [];
  const ids: number[] = [];
  for (const { dagId, runId, logicalDate } of event.effects.triggers) {
    const wanted = runId ?? triggeredRunId(instance, dagId);
    const rows = await store.read(
      database
        .selectFrom('dag_run')
        .select('id')
        .where('dag_id', '=', dagId)
        .where((e) =>
          e.or([
            e('run_id', '=', wanted),
            ...(logicalDate === 'now' ? [e('logical_date', '>=', now)] : []),
            ...(typeof logicalDate === 'number' ? [e('logical_date', '=', logicalDate)] : []),
          ]),
        )
        .orderBy('logical_date')
        .limit(runsMax)
        .compile(),
    );
    ids.push(...rows.map((row) => row.id).filter((id) => !live.runs.has(id)));
  }
  return ids.length === 0 ? [] : reviveRuns(store, live, await loadRuns(store, ids));
}

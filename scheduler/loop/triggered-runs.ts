import type { LiveRun } from '../decide/live-run.js';
import type { AttemptEvent } from '../model/attempt.js';
import { database } from '../store/database.js';
import type { StoreDriver } from '../store/driver.js';
import { loadRuns } from '../store/loading/load-live.js';
import type { LiveState } from './live-state.js';
import { reviveRuns } from './revive.js';
import { triggeredRunId } from './run-ids.js';

/** The runs that a report asks for, as far as they exist and are not alive: an earlier try may have made them. */
export async function readTriggered(
  store: StoreDriver,
  live: LiveState,
  event: Extract<AttemptEvent, { kind: 'finished' }>,
): Promise<LiveRun[]> {
  const instance = live.attempts.get(event.attemptId);
  if (!instance) return [];
  const ids: number[] = [];
  for (const { dagId, runId } of event.effects.triggers) {
    const wanted = runId ?? triggeredRunId(instance, dagId);
    if (live.findRun(dagId, wanted)) continue;
    const rows = await store.read(
      database.selectFrom('dag_run').select('id').where('dag_id', '=', dagId).where('run_id', '=', wanted).compile(),
    );
    ids.push(...rows.map((row) => row.id));
  }
  return ids.length === 0 ? [] : reviveRuns(store, live, await loadRuns(store, ids));
}

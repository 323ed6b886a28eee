import { MillraceError } from '../../kernel/errors.js';
import type { BackfillRequest } from '../../scheduler/model/admin-commands.js';
import type { AppDeps } from '../deps.js';
import { formTime } from '../form-time.js';
import { plural } from '../format.js';
import { urls } from '../urls.js';
import type { Act } from './act.js';
import { isOn, requesterFrom } from './requests.js';

/** The forms that make, hold and end backfills. */
export function addBackfillActions(act: Act, deps: AppDeps): void {
  act('/dags/:dagId/backfill', async (request, response, form) => {
    const dagId = String(request.params['dagId']);
    const { runs } = await deps.commands.createBackfill(backfillRequestOf(dagId, form, false), requesterFrom(response));
    const total = runs.filter((run) => run.skipped === null).length;
    return { words: `The backfill makes ${plural(total, 'run')}`, next: urls.dag(dagId, 'backfill') };
  });
  act('/backfills/:id/pause', async (request, response, form) => {
    const paused = isOn(form['paused']);
    await deps.commands.setBackfillPaused(Number(request.params['id']), paused, requesterFrom(response));
    return { words: `The backfill ${paused ? 'is paused' : 'goes on'}` };
  });
  act('/backfills/:id/cancel', async (request, response) => {
    await deps.commands.cancelBackfill(Number(request.params['id']), requesterFrom(response));
    return { words: 'The backfill is cancelled' };
  });
}

/** What the fields of the form ask for. */
export function backfillRequestOf(dagId: string, form: Record<string, unknown>, dryRun: boolean): BackfillRequest {
  const reprocess = String(form['reprocess'] ?? 'none');
  const maxActiveRuns = Number(form['max_active_runs'] ?? 10);
  if (!Number.isSafeInteger(maxActiveRuns)) throw invalid(`${form['max_active_runs']} is no whole number of runs`);
  return {
    dagId,
    from: timeOf(form['from']),
    to: timeOf(form['to']),
    conf: {},
    runBackwards: isOn(form['backwards']),
    reprocess: reprocess === 'failed' || reprocess === 'completed' ? reprocess : 'none',
    maxActiveRuns,
    dryRun,
  };
}

function timeOf(text: unknown): number {
  const instant = formTime(String(text ?? '').trim());
  if (instant !== undefined) return instant;
  throw invalid(`${JSON.stringify(text)} is not a time`);
}

function invalid(message: string): MillraceError {
  return new MillraceError('REQUEST_INVALID', message, { hint: 'Write times as 2026-11-21T14:00.' });
}

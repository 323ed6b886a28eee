import { MillraceError } from '../../kernel/errors.js';
import type { BackfillPlan } from '../../scheduler/model/admin-commands.js';
import { backfillStates, listBackfills } from '../../scheduler/store/queries/backfills.js';
import { backfillRequestOf } from '../actions/backfills.js';
import { requesterOf } from '../actions/requests.js';
import type { AppDeps } from '../deps.js';
import type { Page, PageRequest } from '../page.js';
import { loadDagHead } from './dag-head.js';
import { dialogFrame } from './dialogs.js';

const shownBackfillsMax = 10;
const shownDatesMax = 200;

/** Runs of past dates: which dates a wish means, before it is sent, and how far the DAG's backfills are. */
export const backfillDialog: Page = {
  path: '/dags/:dagId/backfill',
  async load(request, deps) {
    const head = await loadDagHead(request, deps, 'runs');
    const options = Object.fromEntries(request.query) as Record<string, string>;
    const preview = options['from'] && options['to'] ? await tryOut(request, deps, head.dag.dag_id, options) : null;
    return {
      ...dialogFrame(head.dag, 'Backfill'),
      template: 'backfill',
      view: { ...head, options, ...preview, backfills: await backfillsOf(deps, head.dag.dag_id) },
    };
  },
};

/** What the wish would do, or why it cannot be. */
async function tryOut(
  request: PageRequest,
  deps: AppDeps,
  dagId: string,
  options: Record<string, string>,
): Promise<{ dates: BackfillPlan['runs']; total: number } | { problem: string }> {
  try {
    const wish = backfillRequestOf(dagId, options, true);
    const { runs } = await deps.commands.createBackfill(wish, requesterOf(request.session));
    return { dates: runs.slice(0, shownDatesMax), total: runs.filter((run) => run.skipped === null).length };
  } catch (error) {
    if (!(error instanceof MillraceError) || error.status >= 500) throw error;
    return { problem: error.message };
  }
}

async function backfillsOf(deps: AppDeps, dagId: string) {
  const rows = await deps.store.read(listBackfills({ dagId }, { limit: shownBackfillsMax, offset: 0 }));
  const states = rows.length === 0 ? [] : await deps.store.read(backfillStates(rows.map((row) => row.id)));
  return rows.map((row) => ({ ...row, states: states.filter((state) => state.backfill_id === row.id) }));
}

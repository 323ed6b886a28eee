import type { Materialization } from './materialization.js';
import { buildAndSwap } from './swap.js';

/** A view, replaced as a whole. */
export const view: Materialization = (run) =>
  buildAndSwap(run, 'view', async (intermediate) =>
    run.execute(await run.macroText('get_create_view_as_sql', [intermediate, run.sql])),
  );

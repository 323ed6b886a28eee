import type { Materialization } from './materialization.js';
import { buildAndSwap } from './swap.js';

/** A table, rebuilt as a whole; its indexes are made before it is seen. */
export const table: Materialization = (run) =>
  buildAndSwap(run, 'table', async (intermediate) => {
    const main = await run.execute(await run.macroText('get_create_table_as_sql', [false, intermediate, run.sql]));
    await run.macro('create_indexes', [intermediate]);
    return main;
  });

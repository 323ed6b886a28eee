import type { Materialization } from './materialization.js';

/** A hook of the run, `on-run-start` or `on-run-end`: its text is sent as it is. */
export const operation: Materialization = async (run) => {
  const nothing = { columns: [], rows: [], rowsAffected: null, message: 'OK', code: 'OK' };
  return { main: run.sql.trim() === '' ? nothing : await run.execute(run.sql), relation: null };
};

import { MillraceError } from '../../kernel/errors.js';
import type { Json } from '../../kernel/json.js';
import { postgres } from '../dag/hooks.js';
import type { Operator } from './operator.js';

/** Rows that are returned; more are counted but left out. */
const rowsMax = 1_000;

/** Runs SQL on a connection. The return value is the rows. */
export const sqlOperator: Operator = {
  templateFields: ['sql', 'parameters', 'connection'],
  async perform({ scope, options }) {
    const connection = String(options['connection'] ?? 'warehouse');
    const sql = options['sql'];
    if (typeof sql !== 'string' || sql.trim() === '') {
      throw new MillraceError('TASK_FAILED', 'the task has no SQL', { hint: 'Give sql or file.' });
    }
    scope.log('INFO', sql);
    const { rows, rowCount } = await postgres(connection).query<Record<string, Json>>(
      sql,
      options['parameters'] as Json[] | undefined,
    );
    scope.log('INFO', `${rowCount} rows`);
    Object.assign(scope.effects.details, { rows: rowCount });
    if (rows.length > rowsMax) scope.log('WARNING', `returns the first ${rowsMax} of ${rows.length} rows`);
    return rows.length > 0 ? rows.slice(0, rowsMax) : [];
  },
};

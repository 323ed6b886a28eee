import { type RawBuilder, type SqlBool, sql } from 'kysely';

/**
 * The conditions of the partial indexes over what is alive (`migrations/`), word for word: a database takes such an
 * index only for a query that says the same, and not for one that lists the states as parameters. Without them, to
 * count what runs would read every row of the history.
 */
const liveRunStates = ['queued', 'running'];
const activeStates = [
  'scheduled',
  'queued',
  'running',
  'restarting',
  'deferred',
  'awaiting_input',
  'up_for_retry',
  'up_for_reschedule',
];

/** Runs that have not finished. */
export function isLiveRun(table: string): RawBuilder<SqlBool> {
  return oneOf(`${table}.state`, liveRunStates);
}

/** Task instances that somebody is at, or that wait for something. */
export function isActiveTaskInstance(table: string): RawBuilder<SqlBool> {
  return oneOf(`${table}.state`, activeStates);
}

/** What to say besides a filter by states, so that it finds the index over them; undefined when no index is about them. */
export function runStatesHint(table: string, states: readonly string[]): RawBuilder<SqlBool> | undefined {
  if (states.every((state) => liveRunStates.includes(state))) return isLiveRun(table);
  return states.every((state) => state === 'failed') ? oneOf(`${table}.state`, ['failed']) : undefined;
}

/** As `runStatesHint`, for task instances. */
export function taskInstanceStatesHint(table: string, states: readonly string[]): RawBuilder<SqlBool> | undefined {
  if (states.every((state) => activeStates.includes(state))) return isActiveTaskInstance(table);
  return states.every((state) => state === 'failed') ? oneOf(`${table}.state`, ['failed']) : undefined;
}

/** The words are ours, never a user's: they stand in the statement itself. */
function oneOf(column: string, states: readonly string[]): RawBuilder<SqlBool> {
  const [only] = states;
  if (states.length === 1 && only !== undefined) return sql<SqlBool>`${sql.ref(column)} = ${sql.lit(only)}`;
  return sql<SqlBool>`${sql.ref(column)} in (${sql.join(states.map((state) => sql.lit(state)))})`;
}

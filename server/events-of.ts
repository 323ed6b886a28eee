import type { CompiledQuery } from 'kysely';
import type { AppDeps } from './deps.js';

/** Rows of the audit log, with no secret in what they tell. */
export async function eventsOf<Row extends { extra_json: string }>(
  { store, masker }: Pick<AppDeps, 'store' | 'masker'>,
  query: CompiledQuery<Row>,
): Promise<Row[]> {
  const rows = await store.read(query);
  return rows.map((row) => ({ ...row, extra_json: masker.mask(row.extra_json) }));
}

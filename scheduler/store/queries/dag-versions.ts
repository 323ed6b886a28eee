import { database } from '../database.js';

/** The graph and the source of one version. */
export function dagVersionById(id: number) {
  return database.selectFrom('dag_version').selectAll().where('id', '=', id).compile();
}

export function dagVersionByNumber(dagId: string, versionNumber: number) {
  return database
    .selectFrom('dag_version')
    .selectAll()
    .where('dag_id', '=', dagId)
    .where('version_number', '=', versionNumber)
    .compile();
}

/** Newest first, without the graph and the source. */
export function listDagVersions(dagId: string, page: { limit: number; offset: number }) {
  return database
    .selectFrom('dag_version')
    .select(['id', 'dag_id', 'version_number', 'bundle_hash', 'created_at'])
    .where('dag_id', '=', dagId)
    .orderBy('version_number', 'desc')
    .limit(page.limit)
    .offset(page.offset)
    .compile();
}

export function countDagVersions(dagId: string) {
  return database
    .selectFrom('dag_version')
    .select(({ fn }) => fn.countAll<number>().as('total'))
    .where('dag_id', '=', dagId)
    .compile();
}

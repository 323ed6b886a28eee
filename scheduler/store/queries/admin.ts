import { database } from '../database.js';

export function listImportErrors(limit: number, offset = 0) {
  return database
    .selectFrom('import_error')
    .selectAll()
    .orderBy('at', 'desc')
    .orderBy('id')
    .limit(limit)
    .offset(offset)
    .compile();
}

export function importErrorById(id: number) {
  return database.selectFrom('import_error').selectAll().where('id', '=', id).compile();
}

export function countImportErrors() {
  return database
    .selectFrom('import_error')
    .select(({ fn }) => fn.countAll<number>().as('total'))
    .compile();
}

export function listPools() {
  return database.selectFrom('pool').selectAll().orderBy('name').limit(1000).compile();
}

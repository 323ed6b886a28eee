import { database } from '../database.js';

/** More connections or variables than any list shows. */
const rowsMax = 10_000;

export function connectionRow(id: string) {
  return database.selectFrom('connection').selectAll().where('connection_id', '=', id).compile();
}

export function connectionRows() {
  return database.selectFrom('connection').selectAll().orderBy('connection_id').limit(rowsMax).compile();
}

export function variableRow(key: string) {
  return database.selectFrom('variable').selectAll().where('key', '=', key).compile();
}

export function variableRows() {
  return database.selectFrom('variable').selectAll().orderBy('key').limit(rowsMax).compile();
}

export function poolRow(name: string) {
  return database.selectFrom('pool').selectAll().where('name', '=', name).compile();
}

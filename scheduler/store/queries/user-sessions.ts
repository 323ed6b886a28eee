import { database } from '../database.js';

export function sessionByHash(idHash: string) {
  return database.selectFrom('user_session').selectAll().where('id_hash', '=', idHash).compile();
}

export function settingByKey(key: string) {
  return database.selectFrom('setting').selectAll().where('key', '=', key).compile();
}

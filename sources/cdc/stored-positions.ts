import type { ObjectStore } from '../../connectors/object-store.js';
import { type ObjectKey, parseObjectKey } from './envelope.js';
import type { Place } from './table-objects.js';

/** The last event of a table that is durable, and the date of its object. */
export interface StoredPosition {
  last: Place;
  date: string;
}

/**
 * Finds the last event of the table in the store, beginning at what the checkpoint knows. Commit dates may step back by
 * moments around midnight, therefore the day before the known one is read too; a key sorts by its first event, so the
 * listing of a day starts where the known object ends.
 */
export async function findStoredPosition(
  store: ObjectStore,
  table: string,
  known: StoredPosition | null,
): Promise<StoredPosition | null> {
  let found = known;
  for (const folder of await store.listFolders(`${table}/`)) {
    const name = folderName(folder);
    if (known && name < `date=${dayBefore(known.date)}`) continue;
    for await (const key of keysIn(store, table, `${table}/${name}/`, known)) {
      const last = { lsn: Number(key.last.lsn), seq: key.last.seq };
      if (!found || isAfter(last, found.last)) found = { last, date: key.date };
    }
  }
  return found;
}

async function* keysIn(
  store: ObjectStore,
  table: string,
  prefix: string,
  known: StoredPosition | null,
): AsyncGenerator<ObjectKey> {
  const startAfter = known
    ? `${prefix}${table}-${known.last.lsn.toString(16).padStart(16, '0')}.${String(known.last.seq).padStart(10, '0')}`
    : undefined;
  for await (const object of store.list(prefix, startAfter === undefined ? {} : { startAfter })) {
    const key = parseObjectKey(object.key);
    if (key) yield key;
  }
}

/** `date=2026-01-01`, from a full prefix or a bare name, with or without the slash at its end. */
function folderName(folder: string): string {
  return folder.replace(/\/$/, '').replace(/^.*\//, '');
}

function dayBefore(date: string): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10);
}

function isAfter(a: Place, b: Place): boolean {
  return a.lsn > b.lsn || (a.lsn === b.lsn && a.seq > b.seq);
}

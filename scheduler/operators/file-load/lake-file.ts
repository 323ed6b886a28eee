import type { ObjectInfo, ObjectStore } from '../../../connectors/object-store.js';
import type { Postgres } from '../../../connectors/postgres.js';

/** Where files come from and where their rows and the ledger are. */
export interface LoadPlace {
  store: ObjectStore;
  warehouse: Postgres;
}

/** An object to load. JSON, so that it travels as an XCom. */
export type LakeFile = {
  key: string;
  etag: string;
  /** Bytes. */
  size: number;
};

export function lakeFileOf({ key, etag, size }: ObjectInfo): LakeFile {
  return { key, etag, size };
}

/**
 * The table whose events an object holds: the first folder of its key, `<table>/date=…/…`, or the end of the topic's
 * name where Kafka Connect's sink wrote it, `topics/<server>.<schema>.<table>/…`.
 */
export function tableOf(key: string): string {
  const [first = '', second = ''] = key.split('/');
  return first === 'topics' ? (second.split('.').at(-1) as string) : first;
}

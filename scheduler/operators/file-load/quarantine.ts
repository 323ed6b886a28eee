import type { Postgres } from '../../../connectors/postgres.js';
import { MillraceError } from '../../../kernel/errors.js';
import type { ContentError } from './content-error.js';
import type { LakeFile, LoadPlace } from './lake-file.js';

/** A file that was put aside. JSON, so that it travels as an XCom. */
export type QuarantinedFile = {
  key: string;
  table: string;
  reason: string;
  line: number | null;
};

/** Puts a file aside, with the reason; it is pending no longer. */
export async function quarantineFile(
  { store, warehouse }: LoadPlace,
  file: LakeFile,
  table: string,
  fault: ContentError,
  runId: string,
): Promise<QuarantinedFile> {
  // Text of PostgreSQL cannot hold a zero byte, which a bad file may well have.
  const excerpt = fault.excerpt?.replaceAll('\0', '\ufffd') ?? null;
  const reason = fault.message.replaceAll('\0', '\ufffd');
  await warehouse.transaction(async (session) => {
    await session.query(
      `insert into millrace.load_quarantine as q
         (bucket, key, etag, size, table_name, reason, line, excerpt, run_id)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
       on conflict (bucket, key) do update set
         etag = excluded.etag, size = excluded.size, reason = excluded.reason, line = excluded.line,
         excerpt = excluded.excerpt, run_id = excluded.run_id, quarantined_at = clock_timestamp(),
         tries = q.tries + 1, released_at = null, released_by = null, resolved_at = null`,
      [store.bucket, file.key, file.etag, file.size, table, reason, fault.line, excerpt, runId],
    );
    await session.query('delete from millrace.load_pending where bucket = $1 and key = $2', [store.bucket, file.key]);
  });
  return { key: file.key, table, reason, line: fault.line };
}

/**
 * Gives a file in quarantine another try: the next run takes it, as it is then. Throws QUARANTINE_NOT_FOUND when no
 * file of that key is in quarantine.
 */
export async function releaseQuarantine(warehouse: Postgres, key: string, releasedBy: string): Promise<void> {
  const { rowCount } = await warehouse.query(
    `with released as (
       update millrace.load_quarantine set released_at = clock_timestamp(), released_by = $2
       where key = $1 and resolved_at is null returning bucket, key, etag, size
     )
     insert into millrace.load_pending (bucket, key, etag, size) select * from released
     on conflict (bucket, key) do nothing`,
    [key, releasedBy],
  );
  if (rowCount > 0) return;
  const { rows } = await warehouse.query(
    'select 1 from millrace.load_quarantine where key = $1 and resolved_at is null',
    [key],
  );
  if (rows.length > 0) return;
  throw new MillraceError('QUARANTINE_NOT_FOUND', `no file ${key} is in quarantine.`, {
    hint: '`millrace ledger list --quarantine` shows those that are.',
  });
}

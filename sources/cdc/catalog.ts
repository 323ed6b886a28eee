import type pg from 'pg';
import { MillraceError } from '../../kernel/errors.js';
import { type Lsn, parseLsn } from './lsn.js';
import type { Relation } from './pgoutput.js';
import type { TypeShape } from './value.js';

/** A published table as the catalog has it now. */
export interface TableShape extends Relation {
  primaryKey: string[];
  /** SQL condition of the publication, null when all rows are published. */
  rowFilter: string | null;
}

export interface SlotState {
  active: boolean;
  /** False when the server has removed WAL that the slot needs. */
  usable: boolean;
  confirmedLsn: Lsn | null;
  /** Bytes of WAL that the slot makes the server keep. */
  bytesHeld: number;
}

/** Throws CDC_SOURCE_UNFIT when the server cannot do logical replication. */
export async function checkSource(client: pg.Client): Promise<void> {
  const { rows } = await client.query(
    `select current_setting('wal_level') as wal_level, current_setting('server_version_num')::int as version,
            (select rolreplication or rolsuper from pg_roles where rolname = current_user) as may_replicate`,
  );
  const { wal_level: walLevel, may_replicate: mayReplicate, version } = rows[0];
  if (version < 150_000) {
    throw new MillraceError('CDC_SOURCE_UNFIT', `the source is PostgreSQL ${Math.floor(version / 10_000)}`, {
      hint: 'Change capture needs PostgreSQL 15 or newer.',
    });
  }
  if (walLevel !== 'logical') {
    throw new MillraceError(
      'CDC_SOURCE_UNFIT',
      `the source runs with wal_level=${walLevel}, change capture needs logical`,
      {
        hint: "Run: alter system set wal_level = 'logical'; then restart PostgreSQL.",
      },
    );
  }
  if (!mayReplicate) {
    throw new MillraceError('CDC_SOURCE_UNFIT', 'the user of SOURCE_URL may not replicate', {
      hint: 'Run: alter role <user> replication;',
    });
  }
}

/**
 * Makes the publication, or adds the tables that it lacks. Tables are `name` (in public) or `schema.name`. Throws
 * CDC_TABLE_MISSING when the database lacks one.
 */
export async function ensurePublication(
  client: pg.Client,
  publication: string,
  tables: readonly string[],
): Promise<void> {
  const wanted = tables.map((table) => qualified(table));
  await checkTables(client, wanted);
  const list = wanted.map(({ schema, name }) => `${quoteName(schema)}.${quoteName(name)}`);
  const { rows } = await client.query('select puballtables from pg_publication where pubname = $1', [publication]);
  if (rows.length === 0) {
    await client.query(
      `create publication ${quoteName(publication)} for table ${list.join(', ')} with (publish_via_partition_root = true)`,
    );
    return;
  }
  if (rows[0].puballtables) return;
  const published = await client.query('select schemaname, tablename from pg_publication_tables where pubname = $1', [
    publication,
  ]);
  const names = new Set(published.rows.map((row) => `${quoteName(row.schemaname)}.${quoteName(row.tablename)}`));
  const missing = list.filter((name) => !names.has(name));
  if (missing.length > 0)
    await client.query(`alter publication ${quoteName(publication)} add table ${missing.join(', ')}`);
}

async function checkTables(client: pg.Client, tables: readonly { schema: string; name: string }[]): Promise<void> {
  const duplicate = tables.find(({ name }, i) => tables.findIndex((other) => other.name === name) !== i);
  if (duplicate) {
    throw new MillraceError('CDC_TABLE_MISSING', `two captured tables are called ${duplicate.name}`, {
      hint: 'Objects are named by table: capture the second one with a bucket of its own.',
    });
  }
  const { rows } = await client.query(
    `select t.schema || '.' || t.name as name
       from unnest($1::text[], $2::text[]) as t (schema, name)
      where to_regclass(quote_ident(t.schema) || '.' || quote_ident(t.name)) is null`,
    [tables.map(({ schema }) => schema), tables.map(({ name }) => name)],
  );
  if (rows.length === 0) return;
  throw new MillraceError('CDC_TABLE_MISSING', `the source has no table ${rows.map((row) => row.name).join(', ')}`, {
    hint: 'Create it, or take it out of the captured tables.',
  });
}

/** null when there is no such slot. Throws CDC_SLOT_FOREIGN when it is no pgoutput slot of this database. */
export async function readSlot(client: pg.Client, slot: string): Promise<SlotState | null> {
  const { rows } = await client.query(
    `select active, wal_status, confirmed_flush_lsn, plugin, database = current_database() as here,
            coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::float8 as bytes_held
       from pg_replication_slots where slot_name = $1`,
    [slot],
  );
  const row = rows[0];
  if (!row) return null;
  if (row.plugin !== 'pgoutput' || !row.here) {
    throw new MillraceError('CDC_SLOT_FOREIGN', `replication slot ${slot} is not a pgoutput slot of this database`, {
      hint: 'Choose another name with CDC_SLOT.',
    });
  }
  return {
    active: row.active,
    usable: row.wal_status !== 'lost',
    confirmedLsn: row.confirmed_flush_lsn === null ? null : parseLsn(row.confirmed_flush_lsn),
    bytesHeld: row.bytes_held,
  };
}

export async function dropSlot(client: pg.Client, slot: string): Promise<void> {
  await client.query('select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1', [
    slot,
  ]);
}

/** The published tables with their columns in the order in which pgoutput sends them. */
export async function readTables(client: pg.Client, publication: string): Promise<TableShape[]> {
  const { rows } = await client.query(
    `select c.oid, n.nspname, c.relname, p.rowfilter,
            (select json_agg(json_build_object('name', a.attname, 'typeOid', a.atttypid::int8) order by a.attnum)
               from pg_attribute a
              where a.attrelid = c.oid and a.attname = any (p.attnames) and a.attgenerated = '') as columns,
            coalesce((select json_agg(a.attname order by a.attnum)
               from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
              where i.indrelid = c.oid and i.indisprimary), '[]') as primary_key
       from pg_publication_tables p
       join pg_namespace n on n.nspname = p.schemaname
       join pg_class c on c.relnamespace = n.oid and c.relname = p.tablename
      where p.pubname = $1
      order by n.nspname, c.relname`,
    [publication],
  );
  return rows.map((row) => ({
    oid: Number(row.oid),
    schema: row.nspname,
    table: row.relname,
    columns: row.columns.map((column: { name: string; typeOid: number }) => ({ ...column, isIdentity: true })),
    primaryKey: row.primary_key,
    rowFilter: row.rowfilter,
  }));
}

/** The domains and arrays of the database. */
export async function readTypes(client: pg.Client): Promise<Map<number, TypeShape>> {
  const { rows } = await client.query(
    `select oid::int8::text as oid, typbasetype::int8::text as base, typdelim,
            case when typcategory = 'A' then typelem::int8::text else '0' end as element
       from pg_type where typtype = 'd' or typcategory = 'A'`,
  );
  return new Map(
    rows.map((row) => {
      const oid = Number(row.oid);
      return [oid, { oid, baseOid: Number(row.base), elementOid: Number(row.element), delimiter: row.typdelim }];
    }),
  );
}

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** `accounts` and `public.accounts` -> schema and name. */
export function qualified(table: string): { schema: string; name: string } {
  const dot = table.indexOf('.');
  return dot < 0 ? { schema: 'public', name: table } : { schema: table.slice(0, dot), name: table.slice(dot + 1) };
}

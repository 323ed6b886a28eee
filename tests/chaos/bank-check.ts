import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import Database from 'better-sqlite3';
import pg from 'pg';
import { type Finding, finding, repeated } from './finding.js';
import { attemptsDoNotOverlap, readWitness } from './witness.js';

export interface BankEvidence {
  sourceUrl: string;
  warehouseUrl: string;
  lakeFolder: string;
  storePath: string;
  witnessPath: string;
  /** Message-IDs in the order in which the mail server took them. */
  messageIds: string[];
}

/** Judges by what can be seen from outside: databases, files, the mail server, the witness file. */
export async function checkBank(evidence: BankEvidence): Promise<Finding[]> {
  const source = await open(evidence.sourceUrl);
  const warehouse = await open(evidence.warehouseUrl);
  const store = new Database(evidence.storePath, { readonly: true });
  try {
    const lake = readLake(evidence.lakeFolder);
    return [
      await nothingIsLost(source, warehouse),
      eventsAreInOneObject(lake),
      await objectsAreLoadedOnce(lake, warehouse),
      await versionsDoNotOverlap(warehouse),
      nothingIsLeftUndone(store),
      runsAreTriggeredOnce(store),
      mailsArrive(store, evidence.messageIds),
      attemptsDoNotOverlap(readWitness(evidence.witnessPath)),
      metadataIsSound(store),
    ];
  } finally {
    store.close();
    await source.end();
    await warehouse.end();
  }
}

const tables = {
  customers: ['id', 'email', 'status'],
  accounts: ['id', 'customer_id', 'balance::numeric', 'status'],
  transactions: ['id', 'account_id', 'amount::numeric', 'status'],
  ledger_entries: ['id', 'transaction_id', 'amount::numeric', 'entry_type'],
} as const;

/** The last event of each key says what the source holds now; a key that was deleted is not there. */
async function nothingIsLost(source: pg.Client, warehouse: pg.Client): Promise<Finding> {
  const faults: string[] = [];
  let rows = 0;
  for (const [table, columns] of Object.entries(tables)) {
    const own = await texts(
      source,
      `select concat_ws('|', ${columns.map((name) => name).join(', ')}) from public.${table}`,
    );
    const values = columns.map((column) => {
      const [name, cast] = column.split('::');
      return `(image->>'${name}')${cast ? `::${cast}` : ''}`;
    });
    const captured = await texts(
      warehouse,
      `select concat_ws('|', ${values.join(', ')}) from (
         select distinct on (coalesce(payload->'after'->>'id', payload->'before'->>'id'))
           payload->>'op' as op, payload->'after' as image
         from raw.${table} where payload->>'op' <> 't'
         order by coalesce(payload->'after'->>'id', payload->'before'->>'id'), lsn desc, seq desc
       ) as latest where op <> 'd'`,
    );
    rows += own.size;
    const lost = [...own].filter((row) => !captured.has(row));
    const extra = [...captured].filter((row) => !own.has(row));
    if (lost.length > 0) faults.push(`${lost.length} rows of ${table} are lost, such as ${lost[0]}`);
    if (extra.length > 0) faults.push(`${extra.length} rows of ${table} are in raw alone, such as ${extra[0]}`);
  }
  return finding('lost', 'nothing is lost between source and raw', faults, `${rows} rows are the same`);
}

interface Lake {
  objects: number;
  /** `table lsn seq` of every event, as often as it stands in an object. */
  events: string[];
}

function readLake(folder: string): Lake {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.jsonl(\.gz)?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
  const events = paths.flatMap((path) => {
    const bytes = readFileSync(path);
    const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
    return text.split('\n').filter(Boolean).map(positionOf);
  });
  return { objects: paths.length, events };
}

/** Read as text: an LSN may be larger than a number holds exactly. */
function positionOf(line: string): string {
  const value = (name: string) => new RegExp(`"${name}":"?([^",}]+)`).exec(line)?.[1];
  return `${value('table')} ${value('commit_lsn')} ${value('seq')}`;
}

export function eventsAreInOneObject({ objects, events }: Lake): Finding {
  const twice = repeated(events);
  const faults = twice.length > 0 ? [`${twice.length} events stand in two objects, such as ${twice[0]}`] : [];
  return finding(
    'twice',
    'each change event is in one object',
    faults,
    `${events.length} events in ${objects} objects`,
  );
}

async function objectsAreLoadedOnce(lake: Lake, warehouse: pg.Client): Promise<Finding> {
  const loaded: string[] = [];
  for (const table of Object.keys(tables)) {
    const { rows } = await warehouse.query(`select '${table} ' || lsn || ' ' || seq as position from raw.${table}`);
    for (const row of rows) loaded.push(row.position);
  }
  const [inLake, inRaw] = [new Set(lake.events), new Set(loaded)];
  const missing = lake.events.filter((event) => !inRaw.has(event));
  const foreign = loaded.filter((event) => !inLake.has(event));
  const twice = repeated(loaded);
  const faults = [
    ...(missing.length > 0 ? [`${missing.length} events were not loaded, such as ${missing[0]}`] : []),
    ...(foreign.length > 0 ? [`${foreign.length} rows are in no object, such as ${foreign[0]}`] : []),
    ...(twice.length > 0 ? [`${twice.length} events were loaded twice, such as ${twice[0]}`] : []),
  ];
  return finding('twice', 'each object is loaded exactly once', faults, `${loaded.length} rows in raw`);
}

async function versionsDoNotOverlap(warehouse: pg.Client): Promise<Finding> {
  const faults: string[] = [];
  let versions = 0;
  for (const [table, key] of [
    ['dim_customers', 'customer_id'],
    ['dim_accounts', 'account_id'],
  ]) {
    const { rows } = await warehouse.query(
      `select count(*)::int as versions,
         count(*) filter (where effective_from < previous_to)::int as overlaps,
         count(*) filter (where is_current and previous_current)::int as two_current
       from (select *,
           lag(effective_to) over versions as previous_to,
           bool_or(is_current) over (partition by ${key} order by effective_from, effective_to
             rows between unbounded preceding and 1 preceding) as previous_current
         from analytics.${table}
         window versions as (partition by ${key} order by effective_from, effective_to)) as v`,
    );
    versions += rows[0].versions;
    if (rows[0].overlaps > 0) faults.push(`${rows[0].overlaps} versions of ${table} overlap`);
    if (rows[0].two_current > 0) faults.push(`${rows[0].two_current} keys of ${table} have two current versions`);
  }
  return finding('twice', 'versions of a key follow each other', faults, `${versions} versions`);
}

export function nothingIsLeftUndone(store: Database.Database): Finding {
  const live = `('scheduled','queued','running','restarting','up_for_retry','up_for_reschedule','deferred')`;
  const instances = store.prepare(`select dag_id, task_id, state from task_instance where state in ${live}`).all();
  const runs = store.prepare(`select state, count(*) as n from dag_run group by state order by state`).all() as {
    state: string;
    n: number;
  }[];
  const open = runs.filter(({ state }) => state === 'queued' || state === 'running');
  const faults = [
    ...(instances.length > 0
      ? [`${instances.length} task instances never ended, such as ${JSON.stringify(instances[0])}`]
      : []),
    ...open.map(({ state, n }) => `${n} runs are still ${state}`),
  ];
  return finding(
    'lost',
    'everything that began has ended',
    faults,
    runs.map(({ state, n }) => `${n} runs ${state}`).join(', '),
  );
}

export function runsAreTriggeredOnce(store: Database.Database): Finding {
  const rows = store
    .prepare(
      `select parent.run_id as parent, count(child.id) as children from dag_run parent
       join task_instance ti on ti.dag_run_id = parent.id and ti.task_id = 'trigger_transformation' and ti.state = 'success'
       left join dag_run child on child.parent_dag_run_id = parent.id
       group by parent.id`,
    )
    .all() as { parent: string; children: number }[];
  const wrong = rows.filter(({ children }) => children !== 1);
  const orphans = store
    .prepare(`select count(*) from dag_run where dag_id = 'Bank_Data_Transformation' and parent_dag_run_id is null`)
    .pluck()
    .get() as number;
  const faults = [
    ...wrong.map(({ parent, children }) => `${parent} triggered ${children} runs`),
    ...(orphans > 0 ? [`${orphans} runs of Bank_Data_Transformation have no parent`] : []),
  ];
  return finding('twice', 'each load that came through triggered one run', faults, `${rows.length} loads`);
}

export function mailsArrive(store: Database.Database, messageIds: string[]): Finding {
  const mails = store.prepare('select message_id, state from email').all() as { message_id: string; state: string }[];
  const copies = new Map<string, number>();
  for (const id of messageIds) copies.set(id, (copies.get(id) ?? 0) + 1);
  const unsent = mails.filter(({ state }) => state !== 'sent');
  const missing = mails.filter(({ message_id }) => !copies.has(message_id));
  const foreign = [...copies.keys()].filter((id) => !mails.some(({ message_id }) => message_id === id));
  const faults = [
    ...(unsent.length > 0 ? [`${unsent.length} mails are not sent, such as ${JSON.stringify(unsent[0])}`] : []),
    ...(missing.length > 0 ? [`${missing.length} mails never arrived`] : []),
    ...(foreign.length > 0 ? [`${foreign.length} mails have a Message-ID that the outbox does not know`] : []),
  ];
  const often = [...copies.values()].filter((count) => count > 1).length;
  return finding(
    'lost',
    'each mail arrives under its one Message-ID',
    faults,
    `${mails.length} mails, ${often} of them more than once`,
  );
}

function metadataIsSound(store: Database.Database): Finding {
  const answer = store.pragma('integrity_check', { simple: true }) as string;
  return finding('lost', 'the metadata database is sound', answer === 'ok' ? [] : [answer], 'integrity_check: ok');
}

async function texts(client: pg.Client, sql: string): Promise<Set<string>> {
  const { rows } = await client.query({ text: sql, rowMode: 'array' });
  return new Set(rows.map(([text]) => String(text)));
}

async function open(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}

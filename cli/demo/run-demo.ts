import pg from 'pg';
import { openObjectStore } from '../../connectors/open-object-store.js';
import type { Clock } from '../../kernel/time.js';
import type { SchedulerEvents } from '../../scheduler/model/events.js';
import { childRuns, type DagRunRow, dagRunByKey } from '../../scheduler/store/queries/dag-runs.js';
import { emailById, listEmails } from '../../scheduler/store/queries/emails.js';
import { listTaskInstances } from '../../scheduler/store/queries/task-instances.js';
import type { CdcStatus } from '../../sources/cdc/status.js';
import { runGenerator } from '../../sources/generators/bank/generator.js';
import { type ReconcileResult, reconcileBank } from '../../sources/reconcile/reconcile-bank.js';
import type { ObjectStoreAddress } from '../object-store-address.js';
import type { RunningServer } from '../server.js';
import { openWarehouseReader } from '../warehouse-reader.js';
import type { Progress } from './progress.js';

export interface DemoOptions {
  customers: number;
  transactions: number;
  seed: number;
}

/** What a pass of the bank came to. */
export interface DemoResult {
  ok: boolean;
  events: number;
  objects: number;
  /** How long each part took, in the order in which they followed each other. */
  phases: { phase: DemoPhase; seconds: number }[];
  runs: DemoRun[];
  reconciliation: ReconcileResult;
  tables: { schema: string; table: string; rows: number }[];
  kpis: { columns: string[]; rows: (string | number | boolean | null)[][] };
  emails: { subject: string; to: string[]; state: string; text: string }[];
}

export type DemoPhase = 'generate' | 'capture' | 'load' | 'transform' | 'reconcile';

export interface DemoRun {
  dagId: string;
  runId: string;
  state: string;
  seconds: number;
  tasks: { taskId: string; mapIndex: number; state: string; tries: number; seconds: number; error: string | null }[];
}

const loadDagId = 'MinIO_S3_to_Warehouse';
/** From here on, rows are made by sets instead of one by one. */
const bulkTransactions = 2_000;
/** Rounds of ordinary life after the first one: changes, closures, reversals, so that dimensions have a history. */
const laterRounds = 2;
const tasksMax = 10_000;
const reconcileMsMax = 60_000;

/** One pass: the bank lives, its changes are captured, loaded, transformed and tested, and reported by e-mail. */
export async function runDemo(
  server: RunningServer,
  options: DemoOptions,
  { address, slotName }: { address: ObjectStoreAddress; slotName: string },
  progress: Progress,
  clock: Clock,
): Promise<DemoResult> {
  const sourceUrl = server.databases.sourceUrl as string;
  const capture = followCapture(server);
  const phases = openPhases(progress, clock);
  phases.begin('generate', `${count(options.customers)} customers make ${count(options.transactions)} transactions`);
  await liveThrough(sourceUrl, options, clock);
  phases.begin('capture', 'Change data capture brings every change into the object store');
  const { events, objects } = await capture.reached(await currentLsn(sourceUrl), (status) =>
    progress.detail(`${count(status.eventsTotal)} events, ${status.objectsTotal} objects`),
  );
  phases.begin('load', `${loadDagId} loads them into the warehouse`);
  await server.imported;
  const load = await runLoad(server);
  phases.begin('transform', 'Bank_Data_Transformation builds and tests staging, dimensions, facts and key figures');
  const transformations = await finished(server, (await server.store.read(childRuns(load.id, 10))).map(keyOf));
  phases.begin('reconcile', 'Reconciling the warehouse with the source, row by row');
  const reconciliation = await reconcile(server, { address, slotName }, clock, progress);
  const took = phases.end();
  progress.step('Looking at the results');
  const runs = await Promise.all([load, ...transformations].map((run) => describeRun(server, run)));
  const warehouse = openWarehouseReader(server.databases.warehouseUrl as string);
  try {
    const tables = await countRows(warehouse);
    const { columns, rows } = await warehouse.query('select * from analytics.kpi_totals order by currency');
    const emails = await readEmails(server);
    const ok =
      runs.length === 2 &&
      runs.every(({ state }) => state === 'success') &&
      reconciliation.reached &&
      reconciliation.differencesTotal === 0;
    return {
      ok,
      events,
      objects,
      phases: took,
      runs,
      reconciliation,
      tables,
      kpis: { columns: columns.map(({ name }) => name), rows },
      emails,
    };
  } finally {
    await warehouse.end();
    progress.done();
  }
}

/** Shows each phase as it begins, and remembers how long it took. */
function openPhases(progress: Progress, clock: Clock) {
  const begun: { phase: DemoPhase; at: number }[] = [];
  return {
    begin(phase: DemoPhase, text: string): void {
      begun.push({ phase, at: clock.monotonic() });
      progress.step(text);
    },
    end(): DemoResult['phases'] {
      const end = clock.monotonic();
      return begun.map(({ phase, at }, index) => ({ phase, seconds: ((begun[index + 1]?.at ?? end) - at) / 1_000 }));
    },
  };
}

async function liveThrough(sourceUrl: string, options: DemoOptions, clock: Clock): Promise<void> {
  const { customers, transactions, seed } = options;
  const bulk = transactions >= bulkTransactions;
  await runGenerator({ sourceUrl, customers, transactions, seed, bulk, once: true, clock });
  for (let round = 1; round <= laterRounds; round++)
    await runGenerator({ sourceUrl, seed: seed + round, once: true, clock });
}

/** Remembers the latest status of change data capture. */
function followCapture(server: RunningServer) {
  let latest: CdcStatus | undefined;
  let look = () => {};
  server.onCdcStatus((status) => {
    latest = status;
    look();
  });
  return {
    /** Resolves when everything up to this point of the source's log is durable in the object store. */
    reached: (lsn: bigint, onProgress: (status: CdcStatus) => void) =>
      new Promise<{ events: number; objects: number }>((resolve) => {
        look = () => {
          if (!latest) return;
          onProgress(latest);
          if (latest.durableLsn === null || parseLsn(latest.durableLsn) < lsn) return;
          resolve({ events: latest.eventsTotal, objects: latest.objectsTotal });
        };
        look();
      }),
  };
}

async function currentLsn(sourceUrl: string): Promise<bigint> {
  const client = new pg.Client({ connectionString: sourceUrl });
  await client.connect();
  try {
    const { rows } = await client.query('select pg_current_wal_lsn()::text as lsn');
    return parseLsn(rows[0].lsn);
  } finally {
    await client.end();
  }
}

/** `0/16B3748` is two halves of 32 bits in hexadecimal. */
function parseLsn(text: string): bigint {
  const [high = '0', low = '0'] = text.split('/');
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}

async function runLoad(server: RunningServer): Promise<DagRunRow> {
  const request = {
    dagId: loadDagId,
    runId: null,
    logicalDate: null,
    dataInterval: null,
    runAfter: null,
    conf: {},
    note: null,
  };
  const key = await server.scheduling.scheduler.commands.triggerDagRun(request, { user: 'demo', via: 'cli' });
  const [run] = await finished(server, [key]);
  return run as DagRunRow;
}

async function reconcile(
  server: RunningServer,
  { address, slotName }: { address: ObjectStoreAddress; slotName: string },
  clock: Clock,
  progress: Progress,
): Promise<ReconcileResult> {
  const store = await openObjectStore(address.url, address);
  try {
    return await reconcileBank({
      sourceUrl: server.databases.sourceUrl as string,
      warehouseUrl: server.databases.warehouseUrl as string,
      store,
      slotName,
      timeoutMs: reconcileMsMax,
      clock,
      onProgress: ({ message }) => progress.detail(message),
    });
  } finally {
    await store.close();
  }
}

type RunKey = { dagId: string; runId: string };

function keyOf(run: DagRunRow): RunKey {
  return { dagId: run.dag_id, runId: run.run_id };
}

/** Resolves with the runs when all of them have ended. */
async function finished(server: RunningServer, keys: RunKey[]): Promise<DagRunRow[]> {
  const { events } = server.scheduling.scheduler;
  return Promise.all(keys.map((key) => finishedRun(server, events, key)));
}

function finishedRun(server: RunningServer, events: SchedulerEvents, key: RunKey): Promise<DagRunRow> {
  return new Promise((resolve, reject) => {
    const look = async () => {
      const [run] = await server.store.read(dagRunByKey(key.dagId, key.runId));
      if (!run || run.ended_at === null) return;
      stopListening();
      resolve(run);
    };
    const stopListening = events.listen((event) => {
      if (event.kind === 'dag_run' && event.dagId === key.dagId && event.runId === key.runId) look().catch(reject);
    });
    look().catch(reject);
  });
}

async function describeRun(server: RunningServer, run: DagRunRow): Promise<DemoRun> {
  const page = { limit: tasksMax, offset: 0 };
  const tasks = await server.store.read(
    listTaskInstances({ dagRunId: run.id }, [{ by: 'started_at', descending: false }], page),
  );
  return {
    dagId: run.dag_id,
    runId: run.run_id,
    state: run.state,
    seconds: seconds(run.started_at, run.ended_at),
    tasks: tasks.map((task) => ({
      taskId: task.task_id,
      mapIndex: task.map_index,
      state: task.state ?? 'none',
      tries: task.try_number,
      seconds: seconds(task.started_at, task.ended_at),
      error: task.error,
    })),
  };
}

/** Every table of the warehouse's layers, in the order in which data goes through them. */
async function countRows(warehouse: ReturnType<typeof openWarehouseReader>): Promise<DemoResult['tables']> {
  const layers = ['raw', 'staging', 'snapshots', 'analytics'];
  const { rows } = await warehouse.query(
    `select table_schema, table_name,
       (xpath('/row/n/text()', query_to_xml(format('select count(*) as n from %I.%I', table_schema, table_name), false, true, '')))[1]::text
     from information_schema.tables
     where table_schema = any($1) and table_type = 'BASE TABLE'
     order by array_position($1, table_schema::text), table_name`,
    [layers],
  );
  return rows.map(([schema, table, n]) => ({ schema: String(schema), table: String(table), rows: Number(n) }));
}

async function readEmails(server: RunningServer): Promise<DemoResult['emails']> {
  const listed = await server.store.read(listEmails({}, { limit: 100, offset: 0 }));
  const emails = await Promise.all(listed.map(({ id }) => server.store.read(emailById(id))));
  return emails.flat().map(({ subject, to_json, state, text }) => ({
    subject,
    to: JSON.parse(to_json) as string[],
    state,
    text,
  }));
}

function seconds(startedAt: number | null, endedAt: number | null): number {
  return startedAt === null || endedAt === null ? 0 : (endedAt - startedAt) / 1_000;
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}

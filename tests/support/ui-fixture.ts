import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Json } from '../../kernel/json.js';
import { SecretMasker } from '../../kernel/secret-masker.js';
import { ManualClock } from '../../kernel/time.js';
import type { SerializedDag, SerializedTask } from '../../scheduler/model/dag.js';
import type { SchedulerEvent } from '../../scheduler/model/events.js';
import { newTask } from '../../scheduler/model/new-task.js';
import type { DagRunState, TaskInstanceState } from '../../scheduler/model/states.js';
import { database } from '../../scheduler/store/database.js';
import { run as statement } from '../../scheduler/store/driver.js';
import { readEnvironmentBackend } from '../../scheduler/store/environment-backend.js';
import { createSecrets } from '../../scheduler/store/secrets.js';
import { openSqliteStore, type SqliteStore } from '../../scheduler/store/sqlite-driver.js';
import { createVault } from '../../scheduler/store/vault.js';
import type { AppDeps, PlatformStatus, WarehouseReader } from '../../server/deps.js';

/** 21 November 2026, 14:08 UTC, a Saturday: the present of the fixture. */
export const fixtureNow = Date.UTC(2026, 10, 21, 14, 8, 12);
const minute = 60_000;
const hour = 60 * minute;

export interface UiFixture {
  deps: AppDeps;
  store: SqliteStore;
  clock: ManualClock;
  /** Calls of the scheduler's commands, in order. */
  asked: { command: string; args: unknown[] }[];
  emit(event: SchedulerEvent): void;
  folder: string;
  close(): Promise<void>;
}

export interface FixtureSize {
  /** `normal`: the two bank DAGs and some others with a day of history; `huge`: long lists; `empty`: nothing at all. */
  size?: 'empty' | 'normal' | 'huge';
  /** Put into every text that people or data may write. */
  payload?: string;
  warehouse?: WarehouseReader | null;
  dashboardFolders?: string[];
}

/** What is in the store of the fixture, and on no page. */
export const crmPassword = 'the password of the crm';
const vault = createVault('a secret of at least thirty-two bytes');
const environment = readEnvironmentBackend({
  AIRFLOW_CONN_MAIL: 'smtp://robot:the%20mail%20password@mail.example.test:587',
  AIRFLOW_CONN_BROKEN: '{"conn_type": "http", "port": "many"}',
  AIRFLOW_VAR_REGION: 'eu-central-1',
});

/** A server's surroundings without a scheduler: a real store with a realistic history, and commands that are noted. */
export async function uiFixture(options: FixtureSize = {}): Promise<UiFixture> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-ui-'));
  const store = openSqliteStore(join(folder, 'millrace.db'));
  const clock = new ManualClock(fixtureNow);
  const listeners = new Set<(event: SchedulerEvent) => void>();
  const asked: UiFixture['asked'] = [];
  let secretsMade = 0;
  const masker = new SecretMasker();
  const deps: AppDeps = {
    store,
    clock,
    commands: notingCommands(asked),
    events: {
      listen(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    explain: async (key) => ({
      summary: `Waits for staging.stg_accounts${options.payload ?? ''} (running for 12 s)`,
      reasons: [
        {
          text: 'staging.stg_accounts is running',
          task: { ...key, taskId: 'staging.stg_accounts' },
          since: fixtureNow - 12_000,
        },
      ],
    }),
    settings: {
      version: '0.1.0',
      baseUrl: 'http://localhost:8080',
      adminPassword: 'correct-horse-battery-staple',
      dashboardFolders: options.dashboardFolders ?? [],
    },
    newSecret: () => `secret${String(++secretsMade).padStart(37, '0')}`,
    secrets: createSecrets({ store, vault, environment, masker }),
    masker,
    testConnection: async (connection) => {
      asked.push({ command: 'testConnection', args: [connection] });
      return { status: false, message: `cannot log in with ${connection.password}` };
    },
    platform: () => fixturePlatform(clock.now()),
    warehouse: async () => options.warehouse ?? null,
    releaseQuarantine: async (...args) => void asked.push({ command: 'releaseQuarantine', args }),
    logPath: (place) =>
      join(
        folder,
        'logs',
        String(place.dagRunId),
        `${place.taskId.replace(/[^\w.]/g, '_')}-${place.mapIndex}-${place.tryNumber}.log`,
      ),
    report: (error) => {
      throw error;
    },
  };
  if (options.size !== 'empty')
    await seed({ store, deps, payload: options.payload ?? '', huge: options.size === 'huge' });
  return {
    deps,
    store,
    clock,
    asked,
    folder,
    emit: (event) => {
      for (const listener of listeners) listener(event);
    },
    async close() {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function notingCommands(asked: UiFixture['asked']): AppDeps['commands'] {
  const note =
    <Answer>(command: string, answer: Answer) =>
    async (...args: unknown[]): Promise<Answer> => {
      asked.push({ command, args });
      return answer;
    };
  const touched = [
    {
      dagId: 'Bank_Data_Transformation',
      runId: runIdAt(fixtureNow),
      taskId: 'analytics.fct_transactions',
      mapIndex: -1,
      state: 'up_for_retry' as const,
    },
  ];
  return {
    triggerDagRun: note('triggerDagRun', { dagId: 'Bank_Data_Transformation', runId: runIdAt(fixtureNow) }),
    setPaused: note('setPaused', undefined),
    clearTaskInstances: note('clearTaskInstances', touched),
    clearDagRun: note('clearDagRun', touched),
    markTaskInstances: note('markTaskInstances', touched),
    setDagRunState: note('setDagRunState', undefined),
    setNote: note('setNote', undefined),
    deleteDagRun: note('deleteDagRun', undefined),
    deleteDag: note('deleteDag', undefined),
    answerInput: note('answerInput', undefined),
    createBackfill: note('createBackfill', { backfillId: 1, runs: [] }),
    setBackfillPaused: note('setBackfillPaused', undefined),
    cancelBackfill: note('cancelBackfill', undefined),
    emitAssetEvent: note('emitAssetEvent', undefined),
    setPool: note('setPool', undefined),
    deletePool: note('deletePool', undefined),
    setVariable: note('setVariable', undefined),
    deleteVariable: note('deleteVariable', undefined),
    setConnection: note('setConnection', undefined),
    deleteConnection: note('deleteConnection', undefined),
    resendEmail: note('resendEmail', undefined),
  };
}

export function fixturePlatform(now: number): PlatformStatus {
  return {
    startedAt: fixtureNow - 5 * hour,
    scheduler: { healthy: true, storeError: null, lastTurnAt: now - 600, turnMs: 0.38 },
    executor: { slots: 4, busy: 2 },
    cdc: {
      state: 'streaming',
      error: null,
      receivedLsn: '0/1A7F3C20',
      durableLsn: '0/1A7F3C20',
      sourceLsn: '0/1A7F3D08',
      lagBytes: 232,
      slotBytes: 2_100_000,
      lastCommitAt: now - 1200,
      lagMs: 1200,
      eventsTotal: 58_214,
      objectsTotal: 6214,
      bytesTotal: 190_000_000,
      eventsPerSecond: 3.1,
      tables: { customers: 2314, accounts: 5210, transactions: 30_120, ledger_entries: 20_570 },
      at: now,
    },
    generator: { running: true, roundsTotal: 612, lastRoundAt: now - 11_000, error: null },
    warehouse: { kind: 'embedded', address: 'postgresql://localhost:54329/warehouse', healthy: true, error: null },
    objectStore: { url: 'file:///var/lib/millrace/lake', healthy: true, error: null },
    mail: { url: null },
    storeBytes: 41_300_000,
  };
}

interface SeedDeps {
  store: SqliteStore;
  deps: AppDeps;
  payload: string;
  huge: boolean;
}

async function seed({ store, deps, payload, huge }: SeedDeps): Promise<void> {
  const bank = transformationDag(payload, huge);
  const load = loadDag(payload);
  const runs = huge ? 120 : 30;
  await saveDag(store, load, { schedule: 'Every hour', nextAt: fixtureNow + 52 * minute, versions: 1 });
  await saveDag(store, bank, { schedule: 'After MinIO_S3_to_Warehouse', nextAt: null, versions: 2 });
  const others = huge ? 220 : 9;
  for (let index = 0; index < others; index++) {
    const dag = smallDag(index, payload);
    await saveDag(store, dag, {
      schedule: ['Every 5 minutes', 'Every 15 minutes', 'Daily at 18:00', 'Mondays at 05:00', 'On trigger only'][
        index % 5
      ] as string,
      nextAt: index % 5 === 4 ? null : fixtureNow + (index + 1) * 7 * minute,
      versions: 1,
      paused: index % 4 === 3,
    });
    if (index !== 7)
      await seedRuns({
        store,
        deps,
        dag,
        runs: 14,
        everyMs: hour,
        outcome: (age) => (index % 3 === 2 && age % 6 === 0 ? 'failed' : 'success'),
        payload,
      });
  }
  await seedRuns({
    store,
    deps,
    dag: load,
    runs,
    everyMs: hour,
    outcome: (age) => (age === 11 ? 'failed' : 'success'),
    payload,
  });
  await seedRuns({
    store,
    deps,
    dag: bank,
    runs,
    everyMs: hour,
    outcome: (age) => (age === 0 ? 'running' : age === 3 ? 'failed' : age === 9 ? 'skipped' : 'success'),
    payload,
  });
  await seedRest(store, payload, huge);
}

async function write(store: SqliteStore, queries: { compile(): import('kysely').CompiledQuery }[]): Promise<void> {
  const [outcome] = await store.transact([
    (function* () {
      for (const query of queries) yield* statement(query.compile());
    })(),
  ]);
  if (outcome && !outcome.ok) throw outcome.error;
}

async function saveDag(
  store: SqliteStore,
  dag: SerializedDag,
  more: { schedule: string; nextAt: number | null; versions: number; paused?: boolean },
): Promise<void> {
  await write(store, [
    database.insertInto('dag').values({
      dag_id: dag.dagId,
      fileloc: `bank/${dag.dagId.toLowerCase().replace(/[^\w]/g, '-')}.ts`,
      display_name: dag.displayName,
      description: dag.description,
      owner: dag.owner,
      tags_json: JSON.stringify(dag.tags),
      schedule_summary: more.schedule,
      timezone: 'UTC',
      is_paused: more.paused ? 1 : 0,
      is_stale: 0,
      max_active_runs: 1,
      max_active_tasks: 16,
      latest_version_id: null,
      next_run_after: more.nextAt,
      next_logical_date: more.nextAt,
      next_interval_start: null,
      next_interval_end: null,
      last_parsed_at: fixtureNow - hour,
      last_parse_ms: 41,
      created_at: fixtureNow - 30 * 24 * hour,
    }),
  ]);
  for (let version = 1; version <= more.versions; version++) {
    const older =
      version < more.versions
        ? { ...dag, tasks: dag.tasks.filter((task) => !task.taskId.endsWith('test_relationships_stg_ledger_entries')) }
        : dag;
    await write(store, [
      database.insertInto('dag_version').values({
        dag_id: dag.dagId,
        version_number: version,
        bundle_hash: `${'abcdef0123456789'.repeat(4).slice(version)}${version}`,
        serialized_json: JSON.stringify(older),
        source: `import { Dag } from 'millrace';\n\n// version ${version}\nexport const dag = new Dag('${dag.dagId}', { schedule: null, tags: ['bank'] });\n\nconst load = dag.task('load', async ({ files }: { files: string[] }) => {\n  return { rows: files.length * 100 };\n});\n`,
        created_at: fixtureNow - (more.versions - version + 1) * 20 * hour,
      }),
    ]);
  }
  const [latest] = await store.read(
    database
      .selectFrom('dag_version')
      .select('id')
      .where('dag_id', '=', dag.dagId)
      .orderBy('version_number', 'desc')
      .limit(1)
      .compile(),
  );
  await write(store, [
    database
      .updateTable('dag')
      .set({ latest_version_id: latest?.id ?? null })
      .where('dag_id', '=', dag.dagId),
  ]);
}

interface RunSeed {
  store: SqliteStore;
  deps: AppDeps;
  dag: SerializedDag;
  runs: number;
  everyMs: number;
  /** By age: 0 is the newest. */
  outcome(age: number): 'success' | 'failed' | 'running' | 'skipped';
  payload: string;
}

async function seedRuns({ store, deps, dag, runs, everyMs, outcome, payload }: RunSeed): Promise<void> {
  const versions = await store.read(
    database
      .selectFrom('dag_version')
      .select(['id', 'version_number'])
      .where('dag_id', '=', dag.dagId)
      .orderBy('version_number')
      .compile(),
  );
  for (let age = runs - 1; age >= 0; age--) {
    const after = fixtureNow - 6.5 * minute - age * everyMs;
    const what = outcome(age);
    const version = versions[Math.min(versions.length - 1, age > 20 ? 0 : versions.length - 1)];
    const state: DagRunState = what === 'skipped' ? 'success' : what;
    const length = (150 + ((age * 37) % 90) + (age === 18 ? 160 : 0)) * 1000;
    await write(store, [
      database.insertInto('dag_run').values({
        dag_id: dag.dagId,
        run_id: runIdAt(after + 6.5 * minute),
        run_type: age % 7 === 5 ? 'manual' : 'scheduled',
        state,
        logical_date: after,
        interval_start: after,
        interval_end: after,
        run_after: after,
        queued_at: after + 300,
        started_at: after + 300 + (age % 5) * 3000,
        ended_at: state === 'running' ? null : after + 300 + (age % 5) * 3000 + length,
        conf_json: JSON.stringify(age % 7 === 5 ? { tables: ['customers', `accounts${payload}`], max_files: 500 } : {}),
        dag_version_id: version?.id ?? 0,
        triggered_by: age % 7 === 5 ? 'ui' : 'timetable',
        triggering_user: age % 7 === 5 ? `op${payload}` : null,
        parent_dag_run_id: null,
        parent_task_id: null,
        parent_map_index: null,
        backfill_id: null,
        note: age === 1 ? `Late files of the weekend${payload}` : null,
        reason: state === 'failed' ? `1 task failed${payload}` : null,
      }),
    ]);
    const [row] = await store.read(
      database
        .selectFrom('dag_run')
        .select('id')
        .where('dag_id', '=', dag.dagId)
        .orderBy('id', 'desc')
        .limit(1)
        .compile(),
    );
    const serialized = JSON.parse(
      (
        await store.read(
          database
            .selectFrom('dag_version')
            .select('serialized_json')
            .where('id', '=', version?.id ?? 0)
            .compile(),
        )
      )[0]?.serialized_json ?? '{}',
    ) as SerializedDag;
    await seedTasks({ store, deps, dag: serialized, runRowId: row?.id ?? 0, after, age, what, payload });
  }
}

function taskState(task: SerializedTask, index: number, what: string, age: number): TaskInstanceState | null {
  if (what === 'skipped') return 'skipped';
  if (what === 'failed') {
    if (task.taskId.endsWith('test_accepted_values_stg_accounts_account_status') || (age === 11 && index === 1))
      return 'failed';
    return task.taskId.startsWith('staging') || index < 1 || (age === 11 && index < 1) ? 'success' : 'upstream_failed';
  }
  if (what === 'running') {
    if (task.taskId === 'analytics.fct_transactions') return 'up_for_retry';
    if (task.taskId === 'analytics.dim_accounts') return 'running';
    if (/publish/.test(task.taskId)) return 'scheduled';
    if (/report_email/.test(task.taskId)) return null;
    if (task.taskId.startsWith('analytics.tests')) return null;
  }
  return 'success';
}

async function seedTasks(place: {
  store: SqliteStore;
  deps: AppDeps;
  dag: SerializedDag;
  runRowId: number;
  after: number;
  age: number;
  what: string;
  payload: string;
}): Promise<void> {
  const { store, deps, dag, runRowId, after, age, what, payload } = place;
  const queries: { compile(): import('kysely').CompiledQuery }[] = [];
  const serial: { task: SerializedTask; mapIndex: number; state: TaskInstanceState | null }[] = dag.tasks.flatMap(
    (task, index) => {
      const state = taskState(task, index, what, age);
      return (task.expand ? [0, 1, 2, 3] : [-1]).map((mapIndex) => ({ task, mapIndex, state }));
    },
  );
  serial.forEach(({ task, mapIndex, state }, index) => {
    const began = state !== null && !['scheduled', 'upstream_failed', 'skipped'].includes(state);
    const startedAt = after + 1000 + index * 2500;
    const took = 400 + ((index * 7919 + age * 131) % 4000);
    queries.push(
      database.insertInto('task_instance').values({
        dag_run_id: runRowId,
        dag_id: dag.dagId,
        task_id: task.taskId,
        map_index: mapIndex,
        state,
        try_number: began ? (state === 'failed' ? 2 : 1) : 0,
        max_tries: state === 'failed' ? 1 : 2,
        attempt_id: began ? `attempt-${runRowId}-${index}` : null,
        operator: task.operator,
        pool: 'default_pool',
        pool_slots: 1,
        queue: 'default',
        priority_weight: 1,
        scheduled_at: began ? startedAt - 500 : null,
        queued_at: began ? startedAt - 400 : null,
        started_at: began ? startedAt : null,
        ended_at:
          began && state !== 'running'
            ? startedAt + took
            : state === 'upstream_failed' || state === 'skipped'
              ? after + 30_000
              : null,
        due_at: state === 'up_for_retry' ? fixtureNow + 41_000 : null,
        reason:
          state === 'up_for_retry'
            ? `Try 2 of 3 starts at 14:08:53${payload}`
            : state === 'upstream_failed'
              ? `staging.tests.test_accepted_values_stg_accounts_account_status failed${payload}`
              : null,
        error:
          state === 'failed'
            ? `FAIL 3: status FROZEN is not among ACTIVE, INACTIVE, CLOSED${payload}`
            : state === 'up_for_retry'
              ? `55P03 canceling statement due to lock timeout${payload}`
              : null,
        pid: began ? 50_000 + index : null,
        hostname: began ? 'worker-2' : null,
        rendered_map_index:
          mapIndex >= 0 ? `${['customers', 'accounts', 'transactions', 'ledger_entries'][mapIndex]}${payload}` : null,
        trigger_json: null,
        event_json: null,
        note: null,
        updated_at: startedAt,
      }),
    );
  });
  await write(store, queries);
  if (age <= 3) await seedDetails({ store, deps, runRowId, after, payload });
}

/** The one task of the fixture that holds several tests. */
const testsOfOneModel = 'test_one_current_row_accounts_snapshot';

/** What the task of a dbt test tells of it. */
function testDetails(taskId: string, fails: boolean, sql: string, payload: string): Record<string, Json> {
  const name = taskId.split('.').at(-1);
  return {
    uniqueId: `test.bank.${name}.0123456789`,
    status: fails ? 'fail' : 'pass',
    message: fails ? `3 failing rows${payload}` : 'no failing rows',
    failures: fails ? 3 : 0,
    compileMs: 1,
    executeMs: 12,
    compiledSql: sql,
    failingRowsSql: fails ? `${sql}limit 500` : null,
    sample: fails
      ? {
          columns: ['account_id', 'account_type', `account_status${payload}`],
          rows: [
            [10_482, 'CHECKING', `FROZEN${payload}`],
            [10_517, 'SAVINGS', null],
          ],
        }
      : null,
  };
}

async function seedDetails({
  store,
  deps,
  runRowId,
  after,
  payload,
}: {
  store: SqliteStore;
  deps: AppDeps;
  runRowId: number;
  after: number;
  payload: string;
}): Promise<void> {
  const rows = await store.read(
    database
      .selectFrom('task_instance')
      .selectAll()
      .where('dag_run_id', '=', runRowId)
      .where('try_number', '>', 0)
      .compile(),
  );
  const queries: { compile(): import('kysely').CompiledQuery }[] = [];
  for (const row of rows) {
    const isTest = row.task_id.includes('test_');
    const sql = `-- ${row.task_id}\nselect account_status as value_field, count(*) as n_records\nfrom "bank"."staging"."stg_accounts"\nwhere value_field not in (\n    'ACTIVE', 'INACTIVE', 'CLOSED'\n)\ngroup by 1 -- ${payload}\n`;
    const details = row.task_id.endsWith(testsOfOneModel)
      ? {
          nodes: [false, true, false].map((fails, index) =>
            testDetails(`${row.task_id}_${index}`, fails, sql, payload),
          ),
        }
      : isTest
        ? testDetails(row.task_id, row.state === 'failed', sql, payload)
        : !row.task_id.includes('.')
          ? { files: 4, rows: 42 + row.id, message: `loaded${payload}` }
          : {
              uniqueId: `model.bank.${row.task_id.split('.').at(-1)}`,
              status: 'success',
              message: `INSERT 0 42${payload}`,
              relation: `analytics.${row.task_id}${payload}`,
              rowsAffected: 42 + row.id,
              compileMs: 1,
              executeMs: 240,
              compiledSql: sql,
            };
    queries.push(
      database.insertInto('task_instance_detail').values({
        task_instance_id: row.id,
        try_number: row.try_number,
        rendered_json: JSON.stringify({ to: `data${payload}@example.test` }),
        details_json: JSON.stringify(details),
      }),
      database.insertInto('xcom').values({
        dag_run_id: runRowId,
        task_id: row.task_id,
        map_index: row.map_index,
        key: 'return_value',
        value_json: JSON.stringify([
          { table: `customers${payload}`, files: 1, rows: 50 },
          { table: 'accounts', files: 4, rows: 200 },
        ]),
        at: row.ended_at ?? after,
      }),
    );
    if (row.try_number > 1) {
      queries.push(
        database.insertInto('task_instance_history').values({
          task_instance_id: row.id,
          dag_run_id: runRowId,
          dag_id: row.dag_id,
          task_id: row.task_id,
          map_index: row.map_index,
          try_number: 1,
          state: 'failed',
          attempt_id: `attempt-${row.id}-1`,
          queued_at: after,
          started_at: after + 500,
          ended_at: after + 900,
          reason: null,
          error: `first try${payload}`,
          pid: 1,
          hostname: 'worker-1',
        }),
      );
    }
    const path = deps.logPath({
      dagId: row.dag_id,
      dagRunId: runRowId,
      taskId: row.task_id,
      mapIndex: row.map_index,
      tryNumber: row.try_number,
    });
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, logText(after, row.state === 'failed' || row.state === 'up_for_retry', payload));
  }
  await write(store, queries);
}

function logText(at: number, failed: boolean, payload: string): string {
  const stamp = (offset: number) => new Date(at + offset).toISOString();
  return [
    `${stamp(12)} INFO ::group::Environment and settings`,
    `${stamp(13)} DEBUG node v20.20.2, bundle abcdef, pid 50117`,
    `${stamp(14)} INFO ::endgroup::`,
    `${stamp(201)} INFO Try 1 of 3 on worker 2, pool default_pool, waited 0.4 s`,
    `${stamp(240)} DEBUG 7 models, 42 tests, 2 snapshots, 4 sources; manifest unchanged`,
    `${stamp(518)} WARN stg_ledger_entries has 1 column without a description${payload}`,
    `${stamp(602)} INFO 1 of 1 START sql incremental model analytics.fct_transactions`,
    `${stamp(733)} DEBUG begin; set local statement_timeout = '300s'; set local lock_timeout = '15s'`,
    `\u001b[32mOK\u001b[0m raw line of a subprocess with a \u001b[31mred\u001b[0m word${payload}`,
    ...(failed
      ? [
          `${stamp(10_041)} ERROR could not merge into analytics.fct_transactions: lock timeout after 15.0 s${payload}`,
          'Error: 55P03: canceling statement due to lock timeout',
          '    at Merge.execute (adapters/postgres/merge.ts:212:15)',
        ]
      : [`${stamp(1000)} INFO INSERT 0 42`]),
    `${stamp(12_224)} INFO Try 1 ended: ${failed ? 'failed' : 'success'}`,
    '',
  ].join('\n');
}

async function seedRest(store: SqliteStore, payload: string, huge: boolean): Promise<void> {
  const queries: { compile(): import('kysely').CompiledQuery }[] = [];
  for (let index = 0; index < (huge ? 400 : 14); index++) {
    queries.push(
      database.insertInto('email').values({
        message_id: `<report-${index}@millrace>`,
        state: index === 2 ? 'failed' : index === 0 ? 'waiting' : 'kept',
        to_json: JSON.stringify([`data-team${payload}@localhost`]),
        cc_json: '[]',
        subject: `${index % 2 === 0 ? 'Warehouse Load Report' : 'Bank transformation: success'}${payload}`,
        text: `- customers: 1 files, 50 rows\n- accounts: 4 files, 200 rows\n- transactions: 9 files, 450 rows${payload}`,
        html: `<h1>Warehouse Load Report</h1><table><tr><th>Table</th><th>Rows</th></tr><tr><td>customers</td><td>50</td></tr></table><script>document.title='broken'</script>${payload}`,
        attachments_json: '[]',
        dag_id: 'MinIO_S3_to_Warehouse',
        run_id: runIdAt(fixtureNow - index * hour),
        task_id: 'report',
        map_index: -1,
        created_at: fixtureNow - index * hour,
        send_after: index === 0 ? fixtureNow + 3 * minute : null,
        sent_at: null,
        tries: index === 2 ? 5 : 0,
        error: index === 2 ? `421 relay refused${payload}` : null,
      }),
    );
  }
  for (let index = 0; index < (huge ? 1000 : 25); index++) {
    queries.push(
      database.insertInto('event_log').values({
        at: fixtureNow - index * 11 * minute,
        event: ['trigger_dag_run', 'pause', 'clear', 'mark'][index % 4] as string,
        dag_id: 'Bank_Data_Transformation',
        run_id: index % 4 === 1 ? null : runIdAt(fixtureNow - (index % 20) * hour),
        task_id: index % 4 === 2 ? 'analytics.fct_transactions' : null,
        map_index: null,
        user: `admin${payload}`,
        extra_json: JSON.stringify({ why: `test${payload}` }),
      }),
    );
  }
  queries.push(
    database.insertInto('import_error').values({
      fileloc: `bank/broken${payload}.ts`,
      message: `Unexpected "}"${payload}`,
      line: 12,
      column_number: 3,
      excerpt: `  11 | const load = dag.task('load', async () => {\n> 12 |   }\n     |   ^${payload}`,
      stack: null,
      at: fixtureNow - 8 * minute,
    }),
    database.insertInto('variable').values({
      key: `threshold${payload}`,
      value_encrypted: vault.seal(`0.75${payload}`),
      description: `How much${payload}`,
      updated_at: fixtureNow - hour,
    }),
    database.insertInto('connection').values({
      connection_id: `crm${payload}`,
      conn_type: 'http',
      description: null,
      host: `crm.example.test${payload}`,
      schema: 'https',
      login: 'robot',
      port: 443,
      secrets_encrypted: vault.seal(
        JSON.stringify({
          password: crmPassword,
          extra: JSON.stringify({ region: `eu${payload}`, api_key: 'key-of-the-crm' }),
        }),
      ),
      updated_at: fixtureNow,
    }),
    database.insertInto('pool').values({
      name: `warehouse${payload}`,
      slots: 4,
      description: `Heavy statements${payload}`,
      include_deferred: 0,
    }),
    database.insertInto('asset').values({
      name: `analytics.fct_transactions${payload}`,
      uri: `postgres://warehouse/analytics/fct_transactions${payload}`,
      created_at: fixtureNow,
    }),
  );
  await write(store, queries);
  await write(store, [
    database.insertInto('asset_event').values({
      asset_id: 1,
      at: fixtureNow - 4 * minute,
      extra_json: JSON.stringify({ rows: `49${payload}` }),
      source_dag_id: 'Bank_Data_Transformation',
      source_run_id: runIdAt(fixtureNow - hour),
      source_task_id: 'analytics.fct_transactions',
      source_map_index: -1,
    }),
    database.insertInto('asset_reference').values({
      asset_id: 1,
      dag_id: 'Bank_Data_Transformation',
      task_id: 'analytics.fct_transactions',
      kind: 'outlet',
    }),
    database
      .insertInto('asset_reference')
      .values({ asset_id: 1, dag_id: 'kpi_dashboard_refresh', task_id: '', kind: 'schedule' }),
  ]);
}

export function runIdAt(at: number): string {
  return `scheduled__${new Date(at).toISOString().replace(/\.\d+Z$/, '+00:00')}`;
}

export function fixtureTask(taskId: string, more: Partial<SerializedTask> = {}): SerializedTask {
  return newTask({ taskId, owner: 'analytics', retries: 2, retryDelayMs: 60_000, emailOnFailure: true, ...more });
}

export function fixtureDag(dagId: string, tasks: SerializedTask[], more: Partial<SerializedDag> = {}): SerializedDag {
  return {
    dagId,
    displayName: dagId,
    description: null,
    docMd: null,
    owner: 'analytics',
    tags: [],
    schedule: { kind: 'none' },
    timezone: 'UTC',
    startDate: null,
    endDate: null,
    catchup: false,
    maxActiveRuns: 1,
    maxActiveTasks: 16,
    maxConsecutiveFailedDagRuns: 0,
    dagrunTimeoutMs: null,
    failFast: false,
    isPausedUponCreation: false,
    paramsSchema: null,
    email: [],
    callbacks: { onSuccess: false, onFailure: false, onRetry: false },
    deadline: null,
    renderTemplateAsNativeObj: false,
    tasks,
    groups: [],
    ...more,
  };
}

function transformationDag(payload: string, huge: boolean): SerializedDag {
  const staging = ['stg_customers', 'stg_accounts', 'stg_transactions', 'stg_ledger_entries'];
  const group = (groupId: string, names: string[], more: (name: string) => Partial<SerializedTask>) =>
    names.map((name) => fixtureTask(`${groupId}.${name}`, { groupId, operator: 'sql_node', ...more(name) }));
  const stagingTests = [
    'test_not_null_stg_customers_email',
    'test_unique_stg_customers_customer_id',
    'test_accepted_values_stg_accounts_account_status',
    'test_not_null_stg_transactions_amount',
    'test_unique_stg_transactions_transaction_id',
    'test_relationships_stg_ledger_entries',
  ];
  if (huge)
    for (let index = 0; index < 160; index++)
      stagingTests.push(`test_generated_${index}_of_a_rather_long_name_that_must_be_cut`);
  const afterStaging = stagingTests.map((name) => `staging.tests.${name}`);
  const tasks = [
    fixtureTask('wait_for_load', { operator: 'sensor', kindLabel: 'sensor' }),
    ...group('staging', staging, () => ({ upstream: ['wait_for_load'], kindLabel: 'view' })),
    ...group('staging.tests', stagingTests, (name) => ({
      upstream: [`staging.${staging.find((model) => name.includes(model)) ?? 'stg_customers'}`],
      kindLabel: 'test',
    })),
    ...group('snapshots', ['customers_snapshot', 'accounts_snapshot'], () => ({
      upstream: afterStaging,
      kindLabel: 'snapshot',
    })),
    ...group(
      'snapshots.tests',
      ['test_unique_customers_snapshot_scd_id', 'test_one_current_row_accounts_snapshot'],
      () => ({ upstream: ['snapshots.customers_snapshot', 'snapshots.accounts_snapshot'], kindLabel: 'test' }),
    ),
    ...group('analytics', ['dim_customers', 'dim_accounts'], () => ({
      upstream: [
        'snapshots.tests.test_unique_customers_snapshot_scd_id',
        'snapshots.tests.test_one_current_row_accounts_snapshot',
      ],
      kindLabel: 'table',
    })),
    ...group('analytics', ['fct_transactions'], () => ({
      upstream: ['analytics.dim_accounts', 'staging.stg_transactions'],
      kindLabel: 'incremental',
      outlets: [{ name: 'analytics.fct_transactions', uri: 'postgres://warehouse/analytics/fct_transactions' }],
    })),
    ...group(
      'analytics.tests',
      [
        'test_unique_dim_customers_current',
        'test_no_overlap_dim_accounts',
        'test_relationships_fct_transactions_account',
        'test_not_null_fct_transactions_amount',
      ],
      () => ({ upstream: ['analytics.dim_customers', 'analytics.fct_transactions'], kindLabel: 'test' }),
    ),
    fixtureTask('publish_kpi_extract', {
      upstream: [
        'analytics.tests.test_unique_dim_customers_current',
        'analytics.tests.test_no_overlap_dim_accounts',
        'analytics.tests.test_relationships_fct_transactions_account',
        'analytics.tests.test_not_null_fct_transactions_amount',
      ],
      expand: { kind: 'product', over: { table: { literal: ['a', 'b', 'c', 'd'] } } },
    }),
    fixtureTask('bank_report_email', { upstream: ['publish_kpi_extract'], operator: 'email', triggerRule: 'all_done' }),
  ];
  const groups = [
    ['staging', null],
    ['staging.tests', 'staging'],
    ['snapshots', null],
    ['snapshots.tests', 'snapshots'],
    ['analytics', null],
    ['analytics.tests', 'analytics'],
  ] as const;
  return fixtureDag('Bank_Data_Transformation', tasks, {
    description: `Staging, tests, snapshots and dimensions of the bank${payload}`,
    docMd: `# Bank${payload}`,
    tags: ['bank', 'dbt', `scd2${payload}`],
    groups: groups.map(([groupId, parentId]) => ({
      groupId,
      displayName: groupId,
      parentId,
      tooltip: null,
      expand: null,
    })),
  });
}

function loadDag(payload: string): SerializedDag {
  return fixtureDag(
    'MinIO_S3_to_Warehouse',
    [
      fixtureTask('list_new_files', { operator: 'file_list' }),
      fixtureTask('load', {
        operator: 'file_load',
        upstream: ['list_new_files'],
        expand: { kind: 'records', over: { ref: 'list_new_files' } },
      }),
      fixtureTask('report', { operator: 'email', upstream: ['load'] }),
      fixtureTask('trigger_transformation', { operator: 'trigger_dag_run', upstream: ['load'] }),
    ],
    {
      tags: ['bank', 'load'],
      owner: `data-platform${payload}`,
      description: `New files of the object store into raw${payload}`,
      paramsSchema: {
        type: 'object',
        required: ['max_files'],
        properties: {
          tables: {
            type: 'array',
            items: { type: 'string', enum: ['customers', 'accounts', 'transactions', 'ledger_entries'] },
            default: ['customers', 'accounts'],
            description: `Which tables${payload}`,
          },
          from_key: {
            type: ['string', 'null'],
            description: 'Start after this object key. Empty: after the last loaded key.',
          },
          max_files: { type: 'integer', minimum: 1, maximum: 5000, default: 500 },
          on_corrupt_file: { type: 'string', enum: ['quarantine', 'fail'], default: 'quarantine' },
          full_refresh: { type: 'boolean', default: false },
        },
      },
    },
  );
}

function smallDag(index: number, payload: string): SerializedDag {
  const names = [
    'ledger_balance_check',
    'cdc_slot_watch',
    'fx_rates_daily',
    'raw_retention_cleanup',
    'customer_extract_weekly',
    'warehouse_vacuum',
    'quarantine_review',
    'card_fraud_features',
    'kpi_dashboard_refresh',
  ];
  const name = names[index] ?? `generated_pipeline_${index}`;
  return fixtureDag(
    name,
    [fixtureTask('begin'), fixtureTask('work', { upstream: ['begin'] }), fixtureTask('finish', { upstream: ['work'] })],
    {
      owner: ['risk', 'data-platform', 'finance'][index % 3] as string,
      tags: [['quality', 'ops', 'reference'][index % 3] as string],
      description: `Something regular${payload}`,
    },
  );
}

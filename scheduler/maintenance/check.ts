import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CompiledQuery } from 'kysely';
import type { StoreDriver } from '../store/driver.js';
import type { Secrets } from '../store/secrets.js';
import { orphanLogs } from './task-log-folders.js';

export interface CheckDeps {
  store: StoreDriver & { check(): string[] };
  /** null: the key is not known here. */
  secrets: Secrets | null;
  logFolder: string;
  bundleFolder: string;
}

export interface CheckResult {
  /** What is wrong, a sentence each. */
  faults: string[];
  /** What is untidy and does no harm. */
  notes: string[];
}

/** What must hold between rows; each query counts the rows for which it does not. */
const rules: { sentence: string; sql: string }[] = [
  {
    sentence: 'task instances are queued, running or deferred in a run that is over',
    sql: `select count(*) as total from task_instance as ti join dag_run as run on run.id = ti.dag_run_id
      where run.state in ('success', 'failed')
        and ti.state in ('scheduled', 'queued', 'running', 'restarting', 'deferred', 'up_for_reschedule')`,
  },
  {
    sentence: 'runs are running and have no task instance that is not over',
    sql: `select count(*) as total from dag_run as run where run.state = 'running'
        and exists (select 1 from task_instance as ti where ti.dag_run_id = run.id)
        and not exists (select 1 from task_instance as ti where ti.dag_run_id = run.id
          and (ti.state is null or ti.state not in ('success', 'failed', 'skipped', 'upstream_failed', 'removed')))`,
  },
  {
    sentence: 'task instances have earlier tries with a higher number than their own',
    sql: `select count(*) as total from task_instance as ti
      where exists (select 1 from task_instance_history as past
        where past.task_instance_id = ti.id and past.try_number > ti.try_number)`,
  },
  {
    sentence: 'DAGs name a latest version that does not exist',
    sql: `select count(*) as total from dag where latest_version_id is not null
        and not exists (select 1 from dag_version as version where version.id = dag.latest_version_id)`,
  },
];

/** Looks whether what the server keeps is sound: the file, references, states against each other, files beside it. */
export async function checkStore(deps: CheckDeps): Promise<CheckResult> {
  const faults = [...deps.store.check()];
  // A damaged file answers questions with anything.
  if (faults.length > 0) return { faults, notes: [] };
  for (const { sentence, sql } of rules) {
    const total = await count(deps.store, sql);
    if (total > 0) faults.push(`${total} ${sentence}`);
  }
  faults.push(...(await missingBundles(deps)), ...(await sealedSecrets(deps)));
  const orphans = await orphanLogs(deps);
  const notes =
    orphans.length === 0 ? [] : [`${orphans.length} folders of logs belong to no run: db clean --tables task_log`];
  return { faults, notes };
}

async function missingBundles({ store, bundleFolder }: CheckDeps): Promise<string[]> {
  const rows = (await store.read(
    CompiledQuery.raw(
      `select distinct version.bundle_hash as hash from dag_version as version
       join dag on dag.latest_version_id = version.id where dag.is_stale = 0`,
    ),
  )) as { hash: string }[];
  const missing = rows.filter(({ hash }) => !existsSync(join(bundleFolder, `${hash}.mjs`)));
  return missing.length === 0 ? [] : [`${missing.length} bundles of DAG files are missing: save the files again`];
}

async function sealedSecrets({ secrets }: CheckDeps): Promise<string[]> {
  if (secrets === null) return [];
  const connections = (await secrets.connections()).filter(({ fault }) => fault !== null);
  const variables = (await secrets.variables()).filter(({ fault }) => fault !== null);
  return [
    ...connections.map(({ id, fault }) => `connection ${id}: ${fault}`),
    ...variables.map(({ key, fault }) => `variable ${key}: ${fault}`),
  ];
}

async function count(store: StoreDriver, sql: string): Promise<number> {
  const [row] = (await store.read(CompiledQuery.raw(sql))) as { total: number }[];
  return Number(row?.total ?? 0);
}

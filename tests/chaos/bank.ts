import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { openFileStore } from '../../connectors/object-store-file.js';
import { readSettings } from '../../kernel/config.js';
import { packageRoot } from '../../kernel/paths.js';
import { systemClock } from '../../kernel/time.js';
import { reconcileBank } from '../../sources/reconcile/reconcile-bank.js';
import { Random } from '../support/random.js';
import { startSmtpWitness } from '../support/smtp-witness.js';
import { type BankEvidence, checkBank } from './bank-check.js';
import { writeDag } from './dags.js';
import { type Finding, finding } from './finding.js';
import type { PlannedTrial } from './plan.js';
import { isBroken, type SessionResult } from './report.js';
import { isAlive, pause, processesOf, System, until } from './system.js';

const targets = ['server', 'server', 'cdc', 'postgres', 'task'] as const;
type Target = (typeof targets)[number];
const workMs = { least: 200, most: 3_000 };
const recoveryMsMax = 60_000;
const settleMsMax = 180_000;

/**
 * The whole example bank under kill -9 at random moments. Each trial lets it work, kills one part, and waits for it to
 * recover by itself; at the end it is stopped in order and what it did is judged from outside.
 */
export async function runBank(trials: PlannedTrial[], keep: boolean): Promise<SessionResult> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-chaos-'));
  const smtp = await startSmtpWitness();
  const witnessPath = join(folder, 'witness.jsonl');
  const dagFolder = join(folder, 'dags');
  writeDag(dagFolder, 'witness.ts', witnessPath, witnessDag(2));
  const system = new System({
    program: join(packageRoot, 'cli', 'bin.js'),
    home: join(folder, 'data'),
    env: {
      PATH: process.env['PATH'] ?? '',
      MILLRACE_PORT: '0',
      MILLRACE_PG_PORT: '0',
      MILLRACE_DAGS: [join(packageRoot, 'dags'), dagFolder].join(delimiter),
      SMTP_URL: smtp.url,
      GENERATE_INTERVAL_SECONDS: '0.5',
      CDC_ROTATE_SECONDS: '0.5',
    },
  });
  const result: SessionResult = { folder, trials: [], findings: [], error: null, seconds: 0 };
  const startedAt = performance.now();
  try {
    await runTrials(system, trials, result);
    const messageIds = () => smtp.messages.map((one) => one.messageId);
    result.findings = await judge(system, { dagFolder, witnessPath, messageIds });
  } catch (thrown) {
    const said = system.said.split('\n').slice(-40).join('\n');
    result.error = `${thrown instanceof Error ? thrown.stack : String(thrown)}\n${said}`;
  } finally {
    result.seconds = (performance.now() - startedAt) / 1000;
    await system.stop();
    await smtp.close();
    if (!keep && !isBroken(result)) remove(folder, system.home);
  }
  return result;
}

/** It runs every so many seconds, or when asked (null). */
function witnessDag(everySeconds: number | null): string {
  return `
const dag = new Dag('Chaos_Witness', { schedule: ${everySeconds === null ? 'null' : `{ every: ${everySeconds} }`}, startDate: '2026-01-01', catchup: false, maxActiveRuns: 4 });
const first = dag.task('first', work)({ ms: 200 });
const many = dag.task('many', work).expand({ ms: [100, 200, 300] });
const last = dag.task('last', work)({ ms: 100 });
first.before(many);
many.before(last);
export default dag;
`;
}

async function runTrials(system: System, trials: PlannedTrial[], result: SessionResult): Promise<void> {
  await system.start();
  const loads = keepLoading(system);
  try {
    for (const { fault, seed } of trials) {
      const random = new Random(seed);
      await pause(random.int(workMs.least, workMs.most));
      const ms = await killOne(system, random.pick(targets), random);
      result.trials.push({ fault, recoveries: ms === undefined ? [] : [ms], isMissed: ms === undefined });
    }
  } finally {
    loads.stop();
  }
}

/** Kills a part and resolves with the milliseconds until it is back; undefined when there was nothing to kill. */
async function killOne(system: System, target: Target, random: Random): Promise<number | undefined> {
  if (target === 'server') {
    await system.killServer();
    return system.start();
  }
  if (target === 'task') {
    const children = system.taskChildren();
    if (children.length === 0) return undefined;
    const child = random.pick(children);
    process.kill(child, 'SIGKILL');
    return until('a killed task child is gone', async () => !isAlive(child), recoveryMsMax);
  }
  const before = await system.partPid(target).catch(() => undefined);
  if (before === undefined) return undefined;
  process.kill(before, 'SIGKILL');
  return until(
    `${target} runs again`,
    async () => ![undefined, before].includes(await system.partPid(target)),
    recoveryMsMax,
  );
}

/** Asks for a load every second, as a schedule would, only more often. */
function keepLoading(system: System): { stop(): void } {
  const timer = setInterval(() => {
    // While the server is being killed nobody answers.
    system.ask('trigger', { dagId: loadDagId }).catch(() => {});
  }, 1_000);
  return { stop: () => clearInterval(timer) };
}

const loadDagId = 'MinIO_S3_to_Warehouse';

async function judge(
  system: System,
  { dagFolder, witnessPath, messageIds }: { dagFolder: string; witnessPath: string; messageIds: () => string[] },
): Promise<Finding[]> {
  await system.stop();
  // Paused, its queued runs would wait for ever; without a schedule, they are the last.
  writeDag(dagFolder, 'witness.ts', witnessPath, witnessDag(null));
  await system.start({ GENERATE_INTERVAL_SECONDS: '86400' });
  await settle(system);
  const [sourceUrl, warehouseUrl] = [
    await system.ask<string>('databaseUrl', { database: 'source' }),
    await system.ask<string>('databaseUrl', { database: 'warehouse' }),
  ];
  const evidence = {
    sourceUrl,
    warehouseUrl,
    lakeFolder: join(system.home, 'lake'),
    storePath: join(system.home, 'millrace.db'),
    witnessPath,
    messageIds: messageIds(),
  };
  const findings = [...(await checkBank(evidence)), await reconciles(evidence)];
  const parts = await Promise.all(['postgres', 'cdc', 'generator'].map((part) => system.partPid(part)));
  const code = await system.stop();
  const left = [...new Set([...processesOf(system.home), ...parts.filter((pid) => pid !== undefined && isAlive(pid))])];
  findings.push(
    finding('other', 'a stop ends with exit code 0', code === 0 ? [] : [`it ended with ${code}`], `exit code ${code}`),
    finding(
      'other',
      'a stop leaves nothing running',
      left.map((pid) => `process ${pid} is left`),
      'nothing is left',
    ),
  );
  return findings;
}

/** The comparison that `millrace reconcile bank` makes: row by row, at one point of the source's log. */
async function reconciles({ sourceUrl, warehouseUrl, lakeFolder }: BankEvidence): Promise<Finding> {
  const store = await openFileStore(lakeFolder);
  const slotName = readSettings({}).CDC_SLOT;
  const result = await reconcileBank({
    ...{ sourceUrl, warehouseUrl, store, slotName },
    timeoutMs: recoveryMsMax,
    clock: systemClock,
  });
  const rows = Object.values(result.tables).reduce((sum, { sourceRows }) => sum + sourceRows, 0);
  return finding(
    'lost',
    'source and warehouse agree',
    [
      ...(result.waitingFor === null ? [] : [`not compared: ${result.waitingFor}`]),
      ...result.differences.map(({ relation, key, problem }) => `${relation} ${key} ${problem}`),
    ],
    `${rows} rows, their versions and facts at ${result.position}`,
  );
}

/** Until two loads in a row, some seconds apart, had nothing to do, and nothing is under way. */
async function settle(system: System): Promise<void> {
  let idleLoads = 0;
  const deadline = performance.now() + settleMsMax;
  while (idleLoads < 2) {
    if (performance.now() > deadline) throw new Error('it did not settle');
    await pause(3_000);
    const { runId } = await system.ask<{ runId: string }>('trigger', { dagId: loadDagId });
    await until(`${runId} ends`, async () => isOver(await system.ask('run', { dagId: loadDagId, runId })), settleMsMax);
    const tasks = await system.ask<{ task_id: string; state: string }[]>('tasks', { dagId: loadDagId, runId });
    const isIdle = tasks.some(({ task_id, state }) => task_id === 'summarize_load' && state === 'skipped');
    idleLoads = isIdle ? idleLoads + 1 : 0;
  }
  for (const dagId of ['Bank_Data_Transformation', loadDagId, 'Chaos_Witness']) {
    await until(
      `the runs of ${dagId} end`,
      async () => (await system.ask<Run[]>('runs', { dagId })).every(isOver),
      settleMsMax,
    );
  }
  await pause(2_000);
}

type Run = { state: string };

function isOver({ state }: Run): boolean {
  return state === 'success' || state === 'failed';
}

/** The database may lie outside the folder, with a link to it. */
function remove(folder: string, home: string): void {
  const postgres = join(home, 'postgres');
  if (existsSync(postgres)) rmSync(realpathSync(postgres), { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
}

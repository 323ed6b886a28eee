import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { parseArgs } from 'node:util';
import { packageRoot } from '../../kernel/paths.js';
import { startSmtpWitness } from '../support/smtp-witness.js';
import { checkAll, type Finding } from './check.js';
import { SeededRandom } from './random.js';
import { isAlive, pause, processesOf, System, until } from './system.js';
import { witnessDag } from './witness-dag.js';

/**
 * `npm run test:chaos -- --trials N [--seed S]`: the real program under kill -9 at random moments. Each trial lets it
 * work, kills one part, and waits for it to recover by itself; at the end it is stopped in order and what it did is
 * judged from outside.
 */
const { values } = parseArgs({
  options: {
    trials: { type: 'string', default: '50' },
    seed: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});
const trials = Number(values.trials);
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);

const targets = ['server', 'server', 'cdc', 'postgres', 'task'] as const;
type Target = (typeof targets)[number];
const workMs = { least: 200, most: 3_000 };
const recoveryMsMax = 60_000;
const settleMsMax = 180_000;

async function main(): Promise<number> {
  console.log(`${trials} trials, seed ${seed}`);
  const folder = mkdtempSync(join(tmpdir(), 'millrace-chaos-'));
  const smtp = await startSmtpWitness();
  const witnessPath = join(folder, 'witness.jsonl');
  mkdirSync(join(folder, 'dags'));
  writeFileSync(join(folder, 'dags', 'witness.ts'), witnessDag(witnessPath, 2));
  const system = new System({
    program: join(packageRoot, 'cli', 'bin.js'),
    home: join(folder, 'data'),
    env: {
      PATH: process.env['PATH'] ?? '',
      MILLRACE_PORT: '0',
      MILLRACE_PG_PORT: '0',
      MILLRACE_DAGS: [join(packageRoot, 'dags'), join(folder, 'dags')].join(delimiter),
      SMTP_URL: smtp.url,
      GENERATE_INTERVAL_SECONDS: '0.5',
      CDC_ROTATE_SECONDS: '0.5',
    },
  });
  try {
    const recoveries = await runTrials(system);
    const findings = await judge(system, {
      folder,
      witnessPath,
      messageIds: () => smtp.messages.map((one) => one.messageId),
    });
    return report(findings, recoveries);
  } catch (thrown) {
    console.error(`failed (seed ${seed}):`, thrown);
    console.error(system.said.split('\n').slice(-40).join('\n'));
    return 1;
  } finally {
    await system.stop();
    await smtp.close();
    if (values.keep) console.log(`kept: ${folder}`);
    else remove(folder, system.home);
  }
}

interface Recovery {
  target: Target;
  ms: number;
}

async function runTrials(system: System): Promise<Recovery[]> {
  const random = new SeededRandom(seed);
  const recoveries: Recovery[] = [];
  await system.start();
  const loads = keepLoading(system);
  try {
    for (let trial = 1; trial <= trials; trial++) {
      await pause(random.between(workMs.least, workMs.most));
      const target = random.pick(targets);
      const ms = await killOne(system, target, random);
      if (ms === undefined) continue;
      recoveries.push({ target, ms });
      if (trials <= 20 || trial % 10 === 0)
        console.log(`trial ${trial}: ${target} killed, back after ${Math.round(ms)} ms`);
    }
  } finally {
    loads.stop();
  }
  return recoveries;
}

/** Kills a part and resolves with the milliseconds until it is back; undefined when there was nothing to kill. */
async function killOne(system: System, target: Target, random: SeededRandom): Promise<number | undefined> {
  if (target === 'server') {
    await system.killServer();
    return system.start();
  }
  if (target === 'task') {
    const child = random.pick(system.taskChildren());
    if (child === undefined) return undefined;
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
  { folder, witnessPath, messageIds }: { folder: string; witnessPath: string; messageIds: () => string[] },
): Promise<Finding[]> {
  console.log('settling: the generator stops, everything is captured, loaded, transformed, mailed');
  await system.stop();
  // Paused, its queued runs would wait for ever; without a schedule, they are the last.
  writeFileSync(join(folder, 'dags', 'witness.ts'), witnessDag(witnessPath, null));
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
  const findings = await checkAll(evidence);
  const parts = await Promise.all(['postgres', 'cdc', 'generator'].map((part) => system.partPid(part)));
  const code = await system.stop();
  const left = [...new Set([...processesOf(system.home), ...parts.filter((pid) => pid !== undefined && isAlive(pid))])];
  findings.push({
    name: 'a stop leaves nothing running',
    holds: code === 0 && left.length === 0,
    said: left.length === 0 ? `exit code ${code}` : `${left.length} processes are left in ${folder}`,
  });
  return findings;
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

function report(findings: Finding[], recoveries: Recovery[]): number {
  for (const { name, holds, said } of findings) console.log(`${holds ? 'holds ' : 'BROKEN'} ${name}: ${said}`);
  for (const target of new Set(targets)) {
    const times = recoveries
      .filter((one) => one.target === target)
      .map(({ ms }) => Math.round(ms))
      .sort((a, b) => a - b);
    if (times.length > 0)
      console.log(
        `${target}: killed ${times.length} times, back after ${times[Math.floor(times.length / 2)]} ms (median), ${times.at(-1)} ms (longest)`,
      );
  }
  const broken = findings.filter(({ holds }) => !holds).length;
  console.log(broken === 0 ? `nothing lost, nothing twice: seed ${seed}` : `${broken} checks are broken: seed ${seed}`);
  return broken === 0 ? 0 : 1;
}

/** The database may lie outside the folder, with a link to it. */
function remove(folder: string, home: string): void {
  const postgres = join(home, 'postgres');
  if (existsSync(postgres)) rmSync(realpathSync(postgres), { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
}

process.exitCode = await main();

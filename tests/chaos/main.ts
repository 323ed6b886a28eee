import { mkdtempSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { entryPath, packageRoot } from '../../kernel/paths.js';
import { Random } from '../support/random.js';
import { startSmtpWitness } from '../support/smtp-witness.js';
import { runBank } from './bank.js';
import { everyStep } from './every-step.js';
import type { Fault } from './faults/fault.js';
import { allFaults } from './faults/index.js';
import { planTrials, unavailable } from './plan.js';
import { isBroken, printTable, type SessionResult, tell } from './report.js';
import { SchedulerRig } from './scheduler-rig.js';

/**
 * `npm run test:chaos -- --trials N [--seed S] [--faults F1,F3,bank] [--jobs 2] [--keep]`: the real program under faults, each
 * played while it works, and what it did judged from outside. A trial that fails prints its seed and keeps its folder.
 * `--every-step`: instead, the store alone, killed at every single step of what makes its data durable.
 * Interrupted, it ends with the trials that are done. `docs/reliability.md` says what is played and what must hold.
 */
const { values } = parseArgs({
  options: {
    trials: { type: 'string', default: '50' },
    seed: { type: 'string' },
    faults: { type: 'string' },
    jobs: { type: 'string', default: String(Math.min(2, availableParallelism())) },
    keep: { type: 'boolean', default: false },
    'every-step': { type: 'boolean', default: false },
  },
});
const trials = Number(values.trials);
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
const program = join(packageRoot, 'cli', 'bin.js');

async function main(): Promise<number> {
  if (values['every-step'])
    return (await everyStep(entryPath('chaos-store-writer'), Number(values.jobs))) === 0 ? 0 : 1;
  for (const line of unavailable(allFaults)) console.log(line);
  const wanted = values.faults?.split(',').map((code) => code.trim().toLowerCase());
  const sessions = planTrials({ faults: allFaults, trials, seed, wanted });
  console.log(`${trials} trials in ${sessions.length} data folders, seed ${seed}`);
  const startedAt = performance.now();
  const results: SessionResult[] = [];
  let isInterrupted = false;
  process.once('SIGINT', () => {
    isInterrupted = true;
    console.log('interrupted: it ends with the folders under way (again: now)');
  });
  const waiting = [...sessions];
  const worker = async () => {
    for (let session = waiting.shift(); session && !isInterrupted; session = waiting.shift()) {
      const { kind, trials: planned } = session;
      const result = kind === 'bank' ? await runBank(planned, values.keep) : await runScheduler(planned);
      results.push(result);
      tell(result, values.keep);
    }
  };
  await Promise.all(Array.from({ length: Number(values.jobs) }, worker));
  const broken = printTable(results);
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  const verdict = broken === 0 ? 'nothing lost, nothing twice' : `${broken} faults`;
  const done = results.reduce((sum, { trials: played }) => sum + played.length, 0);
  console.log(`${verdict}: ${done} trials, seed ${seed}, ${seconds} s`);
  return broken === 0 ? 0 : 1;
}

/** One data folder: its trials one after the other, then the judgement. */
async function runScheduler(trials: { fault: Fault; seed: number }[]): Promise<SessionResult> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-chaos-'));
  const smtp = await startSmtpWitness();
  const rig = new SchedulerRig({ program, folder, smtp, env: trials[0]?.fault.env ?? {} });
  const result: SessionResult = { folder, trials: [], findings: [], error: null, seconds: 0 };
  const startedAt = performance.now();
  try {
    if (!trials[0]?.fault.startsItself) await rig.open();
    for (const trial of trials) {
      const counted = { fault: trial.fault, recoveries: [] as number[], isMissed: false };
      result.trials.push(counted);
      const [before, misses] = [rig.recoveries.length, rig.misses];
      await trial.fault.play(rig, new Random(trial.seed));
      counted.recoveries = rig.recoveries.slice(before);
      counted.isMissed = rig.misses > misses;
    }
    result.findings = await rig.judge();
  } catch (thrown) {
    const said = rig.system.said.split('\n').slice(-30).join('\n');
    result.error = `${thrown instanceof Error ? thrown.stack : String(thrown)}\n${said}`;
  } finally {
    result.seconds = (performance.now() - startedAt) / 1000;
    await rig.close(values.keep || isBroken(result));
    await smtp.close();
  }
  return result;
}

process.exitCode = await main();

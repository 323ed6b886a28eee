import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CompiledQuery } from 'kysely';
import { ManualClock } from '../../kernel/time.js';
import { createScheduler, type Scheduler } from '../../scheduler/loop.js';
import type { SerializedDag } from '../../scheduler/model/dag.js';
import { openSqliteStore, type SqliteStore } from '../../scheduler/store/sqlite-driver.js';
import { createVault } from '../../scheduler/store/vault.js';
import { Mortal } from '../support/mortal.js';
import { Random } from '../support/random.js';
import { tester } from '../support/scheduler-harness.js';
import { brokenCaps, illegalEdge } from './invariants.js';
import { SimExecutor } from './sim-executor.js';
import { randomDag, randomDags } from './world.js';

export interface SimulationReport {
  breaches: string[];
  simulatedMs: number;
  attempts: number;
  crashes: number;
  runs: number;
}

const minuteMs = 60_000;
const stormMs = 4 * 60 * minuteMs;
const calmMs = 72 * 60 * minuteMs;
const caps = { parallelism: 8, pools: { narrow: 3, default_pool: 128 } };

const looksBackSql = `select distinct dag_id from dag_version
  where serialized_json like '%"dependsOnPast":true%' or serialized_json like '%"waitForDownstream":true%'`;

/**
 * Hours of scheduling by the real decisions on the real store, in a world that a seed decides: DAGs of any shape,
 * attempts that fail, die or report twice, people who clear and mark, a server that crashes. Then the storm ends, and
 * everything must come to its end by itself.
 */
export async function simulate(seed: number): Promise<SimulationReport> {
  const simulation = new Simulation(seed);
  try {
    return await simulation.run();
  } finally {
    await simulation.close();
  }
}

class Simulation {
  readonly #random: Random;
  readonly #folder: string;
  readonly #clock = new ManualClock(Date.UTC(2026, 2, 28, 23));
  readonly #breaches = new Set<string>();
  #dags: SerializedDag[];
  #life = new Mortal();
  #store: SqliteStore;
  #executor: SimExecutor;
  #scheduler: Scheduler;
  #ids = 0;
  #attempts = 0;
  #crashes = 0;
  #generation = 0;

  constructor(seed: number) {
    this.#random = new Random(seed);
    // In memory where there is such a folder: a commit is the same, and fsync is free.
    this.#folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'millrace-sim-'));
    this.#dags = randomDags(this.#random, 0);
    [this.#store, this.#executor, this.#scheduler] = this.#boot();
  }

  async run(): Promise<SimulationReport> {
    const began = this.#clock.now();
    await this.#scheduler.start();
    await this.#scheduler.commands.setPool(
      { name: 'narrow', slots: 3, description: null, includeDeferred: false },
      tester,
    );
    await this.#declare();
    while (this.#clock.now() < began + stormMs) {
      await this.#advance(this.#random.int(1, 8) * minuteMs);
      await this.#act();
    }
    await this.#calm();
    await this.#checkEnd();
    this.#attempts += this.#executor.submissions;
    const [count] = await this.#read<{ n: number }>('select count(*) as n from dag_run');
    return {
      breaches: [...this.#breaches],
      simulatedMs: this.#clock.now() - began,
      attempts: this.#attempts,
      crashes: this.#crashes,
      runs: count?.n ?? 0,
    };
  }

  async close(): Promise<void> {
    this.#executor.die();
    await this.#store.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #boot(): [SqliteStore, SimExecutor, Scheduler] {
    const store = openSqliteStore(join(this.#folder, 'metadata.db'));
    const weather = { fail: 0.15, lose: 0.05, skip: 0.03, repeat: 0.1 };
    const executor = new SimExecutor(this.#clock, this.#random, weather, (breach) => this.#breaches.add(breach));
    const scheduler = createScheduler({
      store,
      clock: this.#life.clock(this.#clock),
      executor,
      settings: {
        parallelism: caps.parallelism,
        xcomBytesMax: 1_048_576,
        logFolder: '/logs',
        bundleFolder: '/bundles',
        taskMemoryMb: 512,
        baseUrl: null,
      },
      newId: () => `attempt-${++this.#ids}`,
      hostname: 'sim',
      soon: this.#life.soon,
      report: (error, about) => this.#breaches.add(`${about}: ${error instanceof Error ? error.stack : error}`),
      vault: createVault('a secret of at least thirty-two bytes'),
      isParanoid: true,
    });
    executor.listener = scheduler.listener;
    scheduler.events.listen((event) => {
      const illegal = illegalEdge(event);
      if (illegal) this.#breaches.add(illegal);
    });
    return [store, executor, scheduler];
  }

  async #declare(): Promise<void> {
    await this.#scheduler.saveImports({
      files: [{ fileloc: 'sim.ts', bundleHash: `hash${this.#generation}`, dags: this.#dags, source: '' }],
      errors: [],
      removed: [],
    });
    await this.#settle();
  }

  async #advance(ms: number): Promise<void> {
    const until = this.#clock.now() + ms;
    for (let due = this.#clock.nextTimerAt(); due !== undefined && due <= until; due = this.#clock.nextTimerAt()) {
      this.#clock.advanceTo(due);
      await this.#settle();
      this.#checkCaps();
    }
    this.#clock.advanceTo(until);
    await this.#settle();
  }

  async #settle(): Promise<void> {
    for (let round = 0; round < 2; round++) {
      await new Promise((resolve) => setImmediate(resolve));
      await this.#scheduler.idle();
    }
  }

  /** Something that people, programs or fate do. What is refused is refused: only breaches count. */
  async #act(): Promise<void> {
    const random = this.#random;
    const dagId = random.pick(this.#dags).dagId;
    const action = random.int(0, 11);
    if (action <= 2) await this.#tolerate(this.#trigger(dagId));
    else if (action === 3) await this.#crash();
    else if (action === 4) await this.#scheduler.commands.setPaused(dagId, random.chance(0.4), tester);
    else if (action === 5) await this.#tolerate(this.#clear(dagId));
    else if (action === 6) await this.#tolerate(this.#mark(dagId));
    else if (action === 7) await this.#fireTriggers(0.7);
    else if (action === 8) await this.#redeclare(dagId);
    else if (action === 9) await this.#tolerate(this.#setRunState(dagId));
    else if (action === 10) await this.#tolerate(this.#backfill(dagId));
    await this.#settle();
  }

  async #tolerate(action: Promise<unknown>): Promise<void> {
    try {
      await action;
    } catch (error) {
      const code = (error as { code?: string }).code;
      if (code === undefined || code === 'INTERNAL') this.#breaches.add(`a command failed: ${(error as Error).stack}`);
    }
  }

  #trigger(dagId: string): Promise<unknown> {
    const logicalDate = this.#random.chance(0.3) ? Date.UTC(2026, 2, 29, 0, 5 * this.#random.int(0, 50)) : null;
    return this.#scheduler.commands.triggerDagRun(
      { dagId, runId: null, logicalDate, dataInterval: null, runAfter: null, conf: {}, note: null },
      tester,
    );
  }

  async #crash(): Promise<void> {
    this.#crashes += 1;
    this.#executor.die();
    this.#life.kill();
    this.#life = new Mortal();
    this.#attempts += this.#executor.submissions;
    await this.#store.close();
    [this.#store, this.#executor, this.#scheduler] = this.#boot();
    await this.#scheduler.start();
  }

  async #clear(dagId: string): Promise<void> {
    const run = await this.#someRun(dagId);
    if (!run) return;
    const random = this.#random;
    await this.#scheduler.commands.clearTaskInstances(
      {
        dagId,
        runId: run,
        taskIds: random.chance(0.3) ? [] : ['t0'],
        mapIndexes: null,
        onlyFailed: random.chance(0.4),
        onlyRunning: false,
        includeUpstream: random.chance(0.2),
        includeDownstream: random.chance(0.7),
        includePast: false,
        includeFuture: false,
        resetDagRuns: true,
        runOnLatestVersion: random.chance(0.3),
        dryRun: false,
      },
      tester,
    );
  }

  async #mark(dagId: string): Promise<void> {
    const run = await this.#someRun(dagId);
    if (!run) return;
    const flags = {
      includeUpstream: false,
      includeDownstream: this.#random.chance(0.2),
      includePast: false,
      includeFuture: false,
    };
    await this.#scheduler.commands.markTaskInstances(
      {
        dagId,
        runId: run,
        taskId: 't0',
        mapIndex: null,
        state: this.#random.pick(['success', 'failed']),
        dryRun: false,
        ...flags,
      },
      tester,
    );
  }

  async #setRunState(dagId: string): Promise<void> {
    const run = await this.#someRun(dagId);
    if (run)
      await this.#scheduler.commands.setDagRunState(
        dagId,
        run,
        this.#random.pick(['success', 'failed', 'queued']),
        tester,
      );
  }

  #backfill(dagId: string): Promise<unknown> {
    return this.#scheduler.commands.createBackfill(
      {
        dagId,
        from: Date.UTC(2026, 2, 28, 20),
        to: Date.UTC(2026, 2, 28, 22),
        conf: {},
        runBackwards: this.#random.chance(0.3),
        reprocess: this.#random.pick(['none', 'failed', 'completed']),
        maxActiveRuns: this.#random.int(1, 3),
        dryRun: false,
      },
      tester,
    );
  }

  async #fireTriggers(share: number): Promise<void> {
    for (const task of this.#scheduler.deferrals.waiting()) {
      if (this.#random.chance(share)) await this.#scheduler.deferrals.fire(task, { fired: true });
    }
  }

  async #redeclare(dagId: string): Promise<void> {
    this.#generation += 1;
    this.#dags = this.#dags.map((dag) =>
      dag.dagId === dagId ? randomDag(this.#random, dagId, this.#generation) : dag,
    );
    await this.#declare();
  }

  async #someRun(dagId: string): Promise<string | undefined> {
    const runs = await this.#read<{ run_id: string }>('select run_id from dag_run where dag_id = ? order by id', dagId);
    return runs.length === 0 ? undefined : this.#random.pick(runs).run_id;
  }

  /** The sky clears: nothing fails, no new run is scheduled, and all that is under way must come to its end. */
  async #calm(): Promise<void> {
    this.#generation += 1;
    this.#dags = this.#dags.map((dag) => ({ ...dag, schedule: { kind: 'none' }, description: 'calm' }));
    await this.#declare();
    for (const { dagId } of this.#dags) await this.#scheduler.commands.setPaused(dagId, false, tester);
    this.#executor.weather = { fail: 0, lose: 0, skip: 0, repeat: 0 };
    for (let part = 0; part < calmMs / (10 * minuteMs); part++) {
      await this.#fireTriggers(1);
      await this.#advance(10 * minuteMs);
      for (const { dagId } of this.#dags) await this.#scheduler.commands.setPaused(dagId, false, tester);
      if (this.#scheduler.status().liveRuns === 0) break;
    }
    // Callbacks follow the last run.
    await this.#advance(60 * minuteMs);
  }

  /** Attempts that were told to end may outlive what they stood for a little: those are not counted. */
  #checkCaps(): void {
    const running = this.#scheduler.runningAttempts().filter((attempt) => !attempt.isEnding);
    const current = new Set(running.map(({ attemptId }) => attemptId));
    const counted = [...this.#executor.alive.values()].filter(({ attemptId }) => current.has(attemptId));
    for (const breach of brokenCaps(counted, caps)) this.#breaches.add(breach);
  }

  async #checkEnd(): Promise<void> {
    const breach = (text: string) => this.#breaches.add(text);
    const unfinished = await this.#read<{ dag_id: string; run_id: string; state: string; ti: string }>(
      `select r.dag_id, r.run_id, r.state, group_concat(ti.task_id || '[' || ti.map_index || ']=' || coalesce(ti.state, 'none')) as ti
       from dag_run r join task_instance ti on ti.dag_run_id = r.id where r.state in ('queued', 'running') group by r.id`,
    );
    // What waits for a run that failed waits for ever, as in Airflow, and so does what waits for its place.
    const patient = new Set((await this.#read<{ dag_id: string }>(looksBackSql)).map((row) => row.dag_id));
    for (const run of unfinished.filter((one) => !patient.has(one.dag_id)))
      breach(`${run.dag_id} ${run.run_id} is still ${run.state}: ${run.ti}`);
    const left = await this.#read<{ n: string }>(
      `select r.dag_id || ' ' || r.run_id || ' ' || ti.task_id || ' ' || ti.state || ' in a run that is ' || r.state as n
       from task_instance ti join dag_run r on r.id = ti.dag_run_id
       where r.state in ('success', 'failed') and ti.state in ('scheduled', 'queued', 'running', 'restarting', 'deferred')`,
    );
    for (const { n } of left) breach(n);
    const twice = await this.#read<{ n: string }>(
      `select task_instance_id || ' try ' || try_number as n from task_instance_history
       where attempt_id is not null group by task_instance_id, attempt_id having count(*) > 1`,
    );
    for (const { n } of twice) breach(`the same attempt is in the history twice: ${n}`);
    const callbacks = await this.#read<{ key: string }>('select key from callback_request');
    for (const { key } of callbacks) breach(`the callback ${key} was never called`);
    if (this.#executor.alive.size > 0) breach(`${this.#executor.alive.size} attempts still live`);
    const [check] = this.#store.check();
    if (check) breach(`the store is damaged: ${check}`);
    await this.#checkSchedule(breach);
  }

  /** No two scheduled runs of a DAG have a logical date, and with catchup no tick is missing between two of them. */
  async #checkSchedule(breach: (text: string) => void): Promise<void> {
    const dates = await this.#read<{ dag_id: string; n: number }>(
      'select dag_id, count(*) as n from dag_run where logical_date is not null group by dag_id, logical_date having n > 1',
    );
    for (const { dag_id } of dates) breach(`${dag_id} has two runs of one logical date`);
  }

  #read<Row>(sql: string, ...parameters: unknown[]): Promise<Row[]> {
    return this.#store.read(CompiledQuery.raw(sql, parameters) as CompiledQuery<Row>);
  }
}

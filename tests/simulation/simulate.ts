import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, ManualClock } from '../../kernel/time.js';
import { createScheduler, type Scheduler } from '../../scheduler/loop.js';
import type { AttemptEvent } from '../../scheduler/model/attempt.js';
import type { SerializedDag } from '../../scheduler/model/dag.js';
import { openSqliteStore } from '../../scheduler/store/sqlite-driver.js';
import { createVault } from '../../scheduler/store/vault.js';
import { Mortal } from '../support/mortal.js';
import { Random } from '../support/random.js';
import { tester } from '../support/tester.js';
import { Caps } from './caps.js';
import { checkEnd } from './end.js';
import { type Office, People } from './people.js';
import { checkSchedules } from './schedules.js';
import { type Deed, SimExecutor } from './sim-executor.js';
import { SimStore } from './sim-store.js';
import { Witness } from './witness.js';
import { beginsAt, randomDag, randomDags } from './world.js';

export interface SimulationReport {
  breaches: string[];
  simulatedMs: number;
  attempts: number;
  crashes: number;
  runs: number;
  /** Transitions that were held against the rules. */
  judged: number;
}

const minuteMs = 60_000;
const stormMs = 4 * 60 * minuteMs;
const calmMs = 72 * 60 * minuteMs;
const parallelism = 8;
const illWeather = { fail: 0.15, lose: 0.05, skip: 0.03, repeat: 0.1 };
const illDisk = { diesBefore: 0.002, diesAfter: 0.002, refuses: 0.002 };

/**
 * Hours of scheduling by the real decisions on the real store, in a world that a seed decides: DAGs of any shape that
 * change while they run, attempts that fail, die or report twice, people who clear and mark, a disk that is full, a
 * clock that is set, a server that dies around its commits. Then the storm ends, and everything must come to its end.
 * `trace` hears of every transition and every start.
 */
export async function simulate(seed: number, trace: (line: string) => void = () => {}): Promise<SimulationReport> {
  const simulation = new Simulation(seed, trace);
  try {
    return await simulation.run();
  } finally {
    await simulation.close();
  }
}

interface Server {
  life: Mortal;
  store: SimStore;
  executor: SimExecutor;
  scheduler: Scheduler;
}

class Simulation {
  readonly #random: Random;
  readonly #folder: string;
  readonly #clock = new ManualClock(beginsAt);
  readonly #breaches = new Set<string>();
  readonly #people: People;
  readonly #caps = new Caps(parallelism);
  readonly #deeds: Deed[] = [];
  readonly #trace: (line: string) => void;
  #dags: SerializedDag[];
  #server: Server;
  readonly #witness: Witness;
  /** How far the clock on the wall is from the time that passes. */
  #skewMs = 0;
  #isStorm = true;
  #ids = 0;
  #attempts = 0;
  #crashes = 0;
  #generation = 0;

  constructor(seed: number, trace: (line: string) => void) {
    this.#trace = trace;
    const breach = (text: string) => this.#breaches.add(text);
    this.#random = new Random(seed);
    this.#people = new People(this.#random, breach);
    // In memory where there is such a folder: a commit is the same, and fsync is free.
    this.#folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'millrace-sim-'));
    this.#dags = randomDags(this.#random);
    this.#server = this.#boot();
    this.#witness = new Witness(this.#path, breach);
  }

  async run(): Promise<SimulationReport> {
    const began = this.#clock.now();
    await this.#start();
    void this.#people.changePool(this.#office);
    await this.#declare();
    while (this.#clock.now() < began + stormMs) {
      await this.#advance(this.#random.int(1, 8) * minuteMs);
      await this.#act();
    }
    await this.#calm();
    this.#deeds.push(...this.#server.executor.deeds);
    const breach = (text: string) => this.#breaches.add(text);
    checkEnd(this.#witness, this.#deeds, breach);
    await this.#explainUnfinished();
    checkSchedules(this.#witness, breach);
    if (this.#server.executor.alive.size > 0) breach(`${this.#server.executor.alive.size} attempts still live`);
    for (const damage of this.#server.store.inner.check()) breach(`the store is damaged: ${damage}`);
    const [count] = this.#witness.read<{ n: number }>('select count(*) as n from dag_run');
    return {
      breaches: [...this.#breaches],
      simulatedMs: this.#clock.now() - began,
      attempts: this.#attempts + this.#server.executor.submissions,
      crashes: this.#crashes,
      runs: count?.n ?? 0,
      judged: this.#witness.judged,
    };
  }

  async close(): Promise<void> {
    this.#server.life.kill();
    this.#server.executor.die();
    this.#witness.close();
    await this.#server.store.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #path(): string {
    return join(this.#folder, 'metadata.db');
  }

  get #office(): Office {
    const { scheduler } = this.#server;
    return { scheduler, dags: this.#dags, witness: this.#witness, now: this.#wallClock.now() };
  }

  get #wallClock(): Clock {
    return {
      now: () => this.#clock.now() + this.#skewMs,
      monotonic: () => this.#clock.monotonic(),
      after: (delayMs, callback) => this.#clock.after(delayMs, callback),
    };
  }

  #boot(): Server {
    const breach = (text: string) => this.#breaches.add(text);
    const life = new Mortal();
    const store = new SimStore(openSqliteStore(this.#path), this.#random, life);
    const executor = new SimExecutor(this.#wallClock, this.#random, { ...illWeather }, breach);
    const scheduler = createScheduler({
      store,
      clock: life.clock(this.#wallClock),
      executor,
      settings: {
        parallelism,
        xcomBytesMax: 1_048_576,
        logFolder: '/logs',
        bundleFolder: '/bundles',
        taskMemoryMb: 512,
        baseUrl: null,
      },
      newId: () => `attempt-${++this.#ids}`,
      hostname: 'sim',
      soon: life.soon,
      report: (error, about) => {
        const isDiskFull = (error as { code?: string }).code === 'SQLITE_FULL';
        if (!isDiskFull) breach(`${about}: ${error instanceof Error ? error.stack : error}`);
      },
      vault: createVault('a secret of at least thirty-two bytes'),
      isParanoid: true,
    });
    executor.listener = scheduler.listener;
    scheduler.events.listen((event) => {
      this.#trace(JSON.stringify(event));
      this.#witness.hear(event);
    });
    return { life, store, executor, scheduler };
  }

  /** Starts the server, and again while it dies of its first commit. */
  async #start(): Promise<void> {
    const { scheduler, store } = this.#server;
    this.#trace(`the server starts at ${new Date(this.#clock.now()).toISOString()}`);
    void scheduler.start();
    await this.#settle();
    if (this.#isStorm) store.weather = { ...illDisk };
  }

  async #declare(): Promise<void> {
    for (const dag of this.#dags) this.#caps.allow(dag);
    this.#trace(JSON.stringify(this.#dags));
    const files = [{ fileloc: 'sim.ts', bundleHash: `hash${this.#generation}`, dags: this.#dags, source: '' }];
    // When the server dies over it, the next one reads the files anew.
    for (let isSaved = false; !isSaved; ) {
      void this.#server.scheduler.saveImports({ files, errors: [], removed: [] }).then(() => {
        isSaved = true;
      });
      await this.#settle();
      if (!isSaved) await this.#advance(minuteMs);
    }
  }

  async #advance(ms: number): Promise<void> {
    const until = this.#clock.now() + ms;
    for (let due = this.#clock.nextTimerAt(); due !== undefined && due <= until; due = this.#clock.nextTimerAt()) {
      this.#clock.advanceTo(due);
      await this.#settle();
      this.#checkAlive();
    }
    this.#clock.advanceTo(until);
    await this.#settle();
    for (const breach of this.#caps.broken(this.#witness)) this.#breaches.add(breach);
  }

  /** Lets the server do all that it can do now. One that died over it is followed by another. */
  async #settle(): Promise<void> {
    const { life, scheduler, store } = this.#server;
    // Handing out an attempt reads its inputs first: idle only counts when it stays so.
    for (let round = 0, quiet = 0; quiet < 3; round++) {
      let isIdle = false;
      void scheduler.idle().then(() => {
        isIdle = true;
      });
      await new Promise((resolve) => setImmediate(resolve));
      if (life.isDead) return this.#reboot();
      quiet = isIdle ? quiet + 1 : 0;
      if (!isIdle && store.isRefusing && round > 20) return;
      if (round > 100_000) throw new Error('the scheduler does not come to rest');
    }
  }

  async #reboot(): Promise<void> {
    const { life, executor, store } = this.#server;
    this.#crashes += 1;
    life.kill();
    const ghosts = executor.die();
    this.#attempts += executor.submissions;
    this.#deeds.push(...executor.deeds);
    await store.close();
    this.#server = this.#boot();
    await this.#start();
    this.#haunt(ghosts);
  }

  /** Reports of attempts that the server before had handed out, as a worker elsewhere would send them. */
  #haunt(ghosts: AttemptEvent[]): void {
    for (const ghost of ghosts) {
      if (this.#random.chance(0.3))
        this.#clock.after(this.#random.int(0, 300_000), () => this.#server.scheduler.listener.onEvent(ghost));
    }
  }

  async #act(): Promise<void> {
    const random = this.#random;
    const action = random.int(0, 19);
    if (action === 0) await this.#reboot();
    else if (action === 1) await this.#restart();
    else if (action === 2) this.#people.fireTriggers(this.#office, 0.7);
    else if (action <= 4) await this.#redeclare();
    else if (action === 5) this.#setClock();
    else for (let people = random.int(1, 2); people > 0; people--) this.#people.act(this.#office);
    await this.#settle();
  }

  /** The server ends in order, and another follows. */
  async #restart(): Promise<void> {
    const { scheduler } = this.#server;
    void scheduler.stop(1_000);
    await this.#settle();
    if (this.#server.scheduler === scheduler) await this.#reboot();
  }

  /** Somebody sets the clock, or the machine has slept. */
  #setClock(): void {
    this.#skewMs += this.#random.chance(0.5) ? this.#random.int(1, 90) * minuteMs : -this.#random.int(1, 10) * minuteMs;
  }

  async #redeclare(): Promise<void> {
    const changed = this.#random.pick(this.#dags);
    this.#generation += 1;
    this.#dags = this.#dags.map((dag) =>
      dag === changed ? randomDag(this.#random, dag.dagId, this.#generation, dag) : dag,
    );
    await this.#declare();
  }

  /** The sky clears: nothing fails, no new run is scheduled, and all that is under way must come to its end. */
  async #calm(): Promise<void> {
    this.#isStorm = false;
    this.#generation += 1;
    this.#server.store.weather = { diesBefore: 0, diesAfter: 0, refuses: 0 };
    this.#server.executor.weather = { fail: 0, lose: 0, skip: 0, repeat: 0 };
    this.#dags = this.#dags.map((dag) => ({ ...dag, schedule: { kind: 'none' }, description: 'calm' }));
    await this.#declare();
    for (let part = 0; part < calmMs / (10 * minuteMs); part++) {
      this.#people.fireTriggers(this.#office, 1);
      this.#people.clearTheWay(this.#office);
      for (const { dagId } of this.#dags) await this.#server.scheduler.commands.setPaused(dagId, false, tester);
      await this.#advance(10 * minuteMs);
      if (this.#server.scheduler.status().liveRuns === 0) break;
    }
    // Callbacks follow the last run.
    await this.#advance(60 * minuteMs);
  }

  /** What the product itself says of a run that does not end. */
  async #explainUnfinished(): Promise<void> {
    const waiting = this.#witness.read<{ dag_id: string; run_id: string; task_id: string; map_index: number }>(
      `select r.dag_id, r.run_id, ti.task_id, ti.map_index from task_instance ti join dag_run r on r.id = ti.dag_run_id
       where r.state in ('queued', 'running') and (ti.state is null or ti.state not in
         ('success', 'failed', 'skipped', 'upstream_failed', 'removed')) order by r.logical_date, ti.id limit 3`,
    );
    for (const { dag_id: dagId, run_id: runId, task_id: taskId, map_index: mapIndex } of waiting) {
      const { summary } = await this.#server.scheduler.explain({ dagId, runId, taskId, mapIndex });
      this.#breaches.add(`${dagId} ${runId} ${taskId}[${mapIndex}] waits: ${summary}`);
    }
  }

  /** Attempts that were told to end may outlive what they stood for a little: those are not counted. */
  #checkAlive(): void {
    const { executor, scheduler } = this.#server;
    const running = scheduler.runningAttempts().filter((attempt) => !attempt.isEnding);
    const current = new Set(running.map(({ attemptId }) => attemptId));
    const counted = [...executor.alive.values()].filter(({ attemptId }) => current.has(attemptId));
    for (const breach of this.#caps.brokenByAttempts(counted)) this.#breaches.add(breach);
  }
}

import type { MillraceError } from '../../kernel/errors.js';
import type { Scheduler } from '../../scheduler/loop.js';
import type { SerializedDag } from '../../scheduler/model/dag.js';
import type { Random } from '../support/random.js';
import { tester } from '../support/tester.js';
import type { Witness } from './witness.js';
import { assets, beginsAt } from './world.js';

const minuteMs = 60_000;

/** What people see of the world, and whom they ask. */
export interface Office {
  scheduler: Scheduler;
  dags: SerializedDag[];
  witness: Witness;
  now: number;
}

interface SeenRun {
  dag_id: string;
  run_id: string;
}

/** What people ask for, at random: each of it may be refused, and none of it may break anything. */
export class People {
  readonly #random: Random;
  readonly #report: (breach: string) => void;

  constructor(random: Random, report: (breach: string) => void) {
    this.#random = random;
    this.#report = report;
  }

  /** Asks for something and does not wait: an answer may be long in coming, or the server may die over it. */
  act(office: Office): void {
    this.#expectAnswer(this.#ask(office, this.#random.pick(office.dags).dagId));
  }

  /** A refusal is an answer; any other error is a breach. */
  #expectAnswer(asked: Promise<unknown> | undefined): void {
    asked?.catch((error: MillraceError) => {
      if (error.name !== 'MillraceError' || error.code === 'INTERNAL') this.#report(`a command failed: ${error.stack}`);
    });
  }

  #ask(office: Office, dagId: string): Promise<unknown> | undefined {
    const random = this.#random;
    const { commands } = office.scheduler;
    switch (random.int(0, 13)) {
      case 0:
      case 1:
        return this.#trigger(office, dagId);
      case 2:
        return commands.setPaused(dagId, random.chance(0.4), tester);
      case 3:
      case 4:
        return this.#clear(office, dagId);
      case 5:
      case 6:
        return this.#mark(office, dagId);
      case 7:
        return this.#setRunState(office, dagId);
      case 8:
        return this.#backfill(office, dagId);
      case 9:
        return this.#changeBackfill(office);
      case 10:
        return this.changePool(office);
      case 11:
        return commands.emitAssetEvent(random.pick(assets), {}, tester);
      case 12:
        return this.#answer(office);
      default:
        return this.#explain(office, dagId);
    }
  }

  /** Slots and what takes them; the pool never gets so small that what waits for it can never run. */
  changePool(office: Office): Promise<void> {
    const random = this.#random;
    const pool = { name: 'narrow', slots: random.int(2, 4), description: null, includeDeferred: random.chance(0.5) };
    return office.scheduler.commands.setPool(pool, tester);
  }

  /** Some of what waits for the outside hears of it, well or ill. */
  fireTriggers(office: Office, share: number): void {
    const { deferrals } = office.scheduler;
    for (const task of deferrals.waiting()) {
      if (!this.#random.chance(share)) continue;
      const isIll = share < 1 && this.#random.chance(0.2);
      const error = { type: 'Error', message: 'the trigger failed', stack: null };
      this.#expectAnswer(isIll ? deferrals.fail(task, error) : deferrals.fire(task, { fired: true }));
    }
  }

  /** Nothing waits for a person any more: questions are answered, backfills go on, failures are forgiven. */
  clearTheWay(office: Office): void {
    const { commands } = office.scheduler;
    for (const key of this.#questions(office))
      this.#expectAnswer(commands.answerInput(key, { chosenOptions: ['yes'], paramsInput: {} }, tester));
    for (const { id } of office.witness.read<{ id: number }>('select id from backfill where completed_at is null'))
      this.#expectAnswer(commands.setBackfillPaused(id, false, tester));
    this.#forgive(office);
  }

  /**
   * What looks back waits for ever behind a run that is over and in which its task has failed, and so does what waits
   * for the place of such a run: until somebody says that it is well.
   */
  #forgive(office: Office): void {
    const { commands } = office.scheduler;
    const broken = office.witness.read<SeenRun>(
      `select dag_id, run_id from dag_run r where state in ('success', 'failed') and exists (select 1 from task_instance ti
         where ti.dag_run_id = r.id and (ti.state is null or ti.state in ('failed', 'upstream_failed')))
       and dag_id in (select dag_id from dag_version
       where serialized_json like '%"dependsOnPast":true%' or serialized_json like '%"waitForDownstream":true%')`,
    );
    for (const run of broken) this.#expectAnswer(commands.setDagRunState(run.dag_id, run.run_id, 'success', tester));
    const [waiting] = office.witness.read<SeenRun & { task_id: string; map_index: number }>(
      `select r.dag_id, r.run_id, ti.task_id, ti.map_index from task_instance ti join dag_run r on r.id = ti.dag_run_id
       where r.state = 'running' and (ti.state is null or ti.state in ('up_for_retry', 'up_for_reschedule')) order by r.logical_date, ti.id limit 1 offset ?`,
      this.#random.int(0, 5),
    );
    if (waiting) this.#expectAnswer(this.#giveUpWaiting(office, waiting));
  }

  async #giveUpWaiting(office: Office, waiting: SeenRun & { task_id: string; map_index: number }): Promise<void> {
    const { dag_id: dagId, run_id: runId, task_id: taskId, map_index: mapIndex } = waiting;
    const { summary } = await office.scheduler.explain({ dagId, runId, taskId, mapIndex });
    const isBehind = /(depends_on_past|wait_for_downstream): .* in the previous run$/.test(summary);
    if (isBehind) await office.scheduler.commands.setDagRunState(dagId, runId, 'success', tester);
  }

  #trigger(office: Office, dagId: string): Promise<unknown> {
    const random = this.#random;
    const logicalDate = random.chance(0.3) ? beginsAt + 5 * minuteMs * random.int(0, 50) : null;
    const runAfter = random.chance(0.1) ? office.now + random.int(1, 60) * minuteMs : null;
    return office.scheduler.commands.triggerDagRun(
      { dagId, runId: null, logicalDate, dataInterval: null, runAfter, conf: {}, note: null },
      tester,
    );
  }

  #clear(office: Office, dagId: string): Promise<unknown> | undefined {
    const random = this.#random;
    const runId = this.#someRun(office, dagId);
    if (!runId) return undefined;
    return office.scheduler.commands.clearTaskInstances(
      {
        dagId,
        runId,
        taskIds: random.chance(0.3) ? [] : [this.#someTask(office, dagId)],
        mapIndexes: random.chance(0.1) ? [0, 1] : null,
        onlyFailed: random.chance(0.3),
        onlyRunning: random.chance(0.1),
        includeUpstream: random.chance(0.2),
        includeDownstream: random.chance(0.7),
        includePast: random.chance(0.1),
        includeFuture: random.chance(0.1),
        resetDagRuns: random.chance(0.9),
        runOnLatestVersion: random.chance(0.3),
        dryRun: random.chance(0.05),
      },
      tester,
    );
  }

  #mark(office: Office, dagId: string): Promise<unknown> | undefined {
    const random = this.#random;
    const runId = this.#someRun(office, dagId);
    if (!runId) return undefined;
    return office.scheduler.commands.markTaskInstances(
      {
        dagId,
        runId,
        taskId: this.#someTask(office, dagId),
        mapIndex: random.chance(0.2) ? random.int(0, 2) : null,
        state: random.pick(['success', 'failed', 'skipped']),
        dryRun: false,
        includeUpstream: random.chance(0.1),
        includeDownstream: random.chance(0.2),
        includePast: random.chance(0.1),
        includeFuture: random.chance(0.1),
      },
      tester,
    );
  }

  #setRunState(office: Office, dagId: string): Promise<void> | undefined {
    const runId = this.#someRun(office, dagId);
    const state = this.#random.pick(['success', 'failed', 'queued'] as const);
    return runId === undefined ? undefined : office.scheduler.commands.setDagRunState(dagId, runId, state, tester);
  }

  #backfill(office: Office, dagId: string): Promise<unknown> {
    const random = this.#random;
    const from = beginsAt - random.int(1, 3) * 60 * minuteMs;
    return office.scheduler.commands.createBackfill(
      {
        dagId,
        from,
        to: from + random.int(0, 2) * 60 * minuteMs,
        conf: {},
        runBackwards: random.chance(0.3),
        reprocess: random.pick(['none', 'failed', 'completed']),
        maxActiveRuns: random.int(1, 3),
        dryRun: random.chance(0.1),
      },
      tester,
    );
  }

  #changeBackfill(office: Office): Promise<void> | undefined {
    const [backfill] = office.witness.read<{ id: number }>('select id from backfill where completed_at is null');
    if (!backfill) return undefined;
    const { commands } = office.scheduler;
    if (this.#random.chance(0.3)) return commands.cancelBackfill(backfill.id, tester);
    return commands.setBackfillPaused(backfill.id, this.#random.chance(0.4), tester);
  }

  #answer(office: Office): Promise<void> | undefined {
    const [key] = this.#questions(office);
    const chosenOptions = this.#random.pick([['yes'], ['no'], ['perhaps'], []]);
    return key && office.scheduler.commands.answerInput(key, { chosenOptions, paramsInput: {} }, tester);
  }

  async #explain(office: Office, dagId: string): Promise<void> {
    const runId = this.#someRun(office, dagId);
    if (!runId) return;
    const [row] = office.witness.read<{ task_id: string; map_index: number }>(
      `select ti.task_id, ti.map_index from task_instance ti join dag_run r on r.id = ti.dag_run_id
       where r.dag_id = ? and r.run_id = ? order by ti.id desc limit 1`,
      dagId,
      runId,
    );
    if (!row) return;
    const key = { dagId, runId, taskId: row.task_id, mapIndex: row.map_index };
    const { summary, reasons } = await office.scheduler.explain(key);
    if (summary === '' || reasons.some(({ text }) => text === ''))
      this.#report(`nothing explains ${JSON.stringify(key)}`);
  }

  #questions({ witness }: Office) {
    return witness
      .read<{ dag_id: string; run_id: string; task_id: string; map_index: number }>(
        `select r.dag_id, r.run_id, ti.task_id, ti.map_index from task_instance ti join dag_run r on r.id = ti.dag_run_id
         where ti.state = 'awaiting_input'`,
      )
      .map((row) => ({ dagId: row.dag_id, runId: row.run_id, taskId: row.task_id, mapIndex: row.map_index }));
  }

  #someRun({ witness }: Office, dagId: string): string | undefined {
    const runs = witness.read<SeenRun>('select run_id from dag_run where dag_id = ? order by id', dagId);
    return runs.length === 0 ? undefined : this.#random.pick(runs).run_id;
  }

  #someTask({ dags }: Office, dagId: string): string {
    const dag = dags.find((one) => one.dagId === dagId);
    return this.#random.pick([
      ...(dag?.tasks ?? []).map((task) => task.taskId),
      ...(dag?.groups ?? []).map((group) => group.groupId),
    ]);
  }
}

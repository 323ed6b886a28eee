import { mkdirSync, rmSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import type { SmtpWitness } from '../support/smtp-witness.js';
import { Client, NoAnswer } from './client.js';
import { endTicks, writeLoadDags } from './dags.js';
import { type Finding, finding } from './finding.js';
import { checkScheduler, type Remains, readRemains } from './scheduler-check.js';
import { isAlive, pause, processesOf, System, until } from './system.js';
import { readWitness, type WitnessLine, witnessNow } from './witness.js';

/** How long a restart may take until new work is accepted and interrupted work goes on. */
const recoveryMsMax = 5_000;
/** How long what was accepted may take to be over. */
const settleMsMax = 120_000;
/** How long processes may outlive their server: one that is just starting feels it when it has started. */
const orphanMsMax = 1_500;
/** How much longer a start takes under strace. */
const tracedSlowness = 5;
const stopMsMax = 30_000;

export interface RigOptions {
  program: string;
  folder: string;
  smtp: SmtpWitness;
  env?: Record<string, string>;
  /** Where the data folder lies; inside `folder` when unset. */
  home?: string;
}

/** One data folder with its scheduler, its client and its witnesses: what a fault is played on. */
export class SchedulerRig {
  readonly folder: string;
  readonly system: System;
  readonly client: Client;
  readonly dagFolder: string;
  readonly witnessPath: string;
  /** What the fault itself has against the system. */
  readonly findings: Finding[] = [];
  /** Milliseconds from each restart to the state in which nothing is behind. */
  readonly recoveries: number[] = [];
  /** Set when the disk of the logs was full. */
  logsMayLack = false;
  /** Faults that did not come about: the server's life was over before. */
  misses = 0;
  readonly #smtp: SmtpWitness;
  readonly #firstMessage: number;
  readonly #remains: Remains[] = [];
  readonly #endings: (() => void)[] = [];
  #crashes = 0;

  constructor({ program, folder, smtp, env = {}, home = join(folder, 'data') }: RigOptions) {
    this.folder = folder;
    this.dagFolder = join(folder, 'dags');
    this.witnessPath = join(folder, 'witness.jsonl');
    mkdirSync(folder, { recursive: true });
    this.system = new System({
      program,
      home,
      args: ['--no-examples'],
      env: {
        PATH: process.env['PATH'] ?? '',
        MILLRACE_PORT: '0',
        MILLRACE_DAGS: this.dagFolder,
        MILLRACE_PARALLELISM: '4',
        WAREHOUSE_URL: 'none',
        SMTP_URL: smtp.url,
        ...env,
      },
    });
    this.client = new Client(home, () => this.system.url);
    this.#smtp = smtp;
    this.#firstMessage = smtp.messages.length;
    writeLoadDags(this.dagFolder, this.witnessPath);
  }

  witness(): WitnessLine[] {
    return readWitness(this.witnessPath);
  }

  /** The first start: resolves when the DAGs are there. */
  async open(): Promise<void> {
    await this.system.start();
    await this.dagIsThere('work');
  }

  async dagIsThere(dagId: string): Promise<void> {
    await until(
      `the DAG ${dagId} is there`,
      async () => (await this.client.ask('GET', `/dags/${dagId}`)).status === 200,
      60_000,
    );
  }

  /** After the server has died: waits until its children are gone too, and reads what it left. */
  async afterCrash({
    mayLeave = [],
    isTraced = false,
  }: {
    mayLeave?: number[];
    isTraced?: boolean;
  } = {}): Promise<void> {
    const diedAt = performance.now();
    while (processesOf(this.system.home).some((pid) => !mayLeave.includes(pid))) {
      if (performance.now() - diedAt > stopMsMax) throw new Error('processes of a dead server go on');
      await pause(10);
    }
    const ms = performance.now() - diedAt;
    const msMax = orphanMsMax * slowness() * (isTraced ? tracedSlowness : 1);
    if (ms > msMax) this.fault('other', 'children die with their server', `they outlived it by ${Math.round(ms)} ms`);
    this.#crashes += 1;
    const storePath = join(this.system.home, 'millrace.db');
    this.#remains.push(readRemains(storePath, join(this.folder, `remains-${this.#crashes}.db`), witnessNow()));
  }

  /** Starts it again; measures until it accepts work and what was interrupted goes on. */
  async restart(): Promise<number> {
    const from = witnessNow();
    const startedAt = performance.now();
    const hadWork =
      [...this.client.ledger.runs.values()].some(({ acknowledged }) => acknowledged) && this.hasUnfinished();
    await this.system.start();
    const runId = `after${this.#crashes}_${from}`;
    // Killed in its first start, it has yet to import the DAG.
    await until('work is accepted', async () => (await this.client.trigger('work', runId)).status === 200, settleMsMax);
    await this.client.repeatUnanswered();
    if (hadWork) {
      await until('interrupted work goes on', async () => this.witness().some(({ at }) => at > from), settleMsMax);
    }
    const ms = performance.now() - startedAt;
    this.recoveries.push(ms);
    if (ms > recoveryMsMax * slowness()) this.fault('other', 'recovery within 5 s', `it took ${Math.round(ms)} ms`);
    return ms;
  }

  /** Whether some run had begun and not come to its last task. */
  hasUnfinished(): boolean {
    const lines = this.witness().filter(({ dag }) => dag === 'work');
    const over = new Set(lines.filter(({ task, what }) => task === 'last' && what === 'end').map(({ run }) => run));
    return lines.some(({ run }) => !over.has(run));
  }

  /** Undoes what a fault did to the machine. */
  atClose(end: () => void): void {
    this.#endings.push(end);
  }

  fault(kind: Finding['kind'], name: string, text: string): void {
    this.findings.push(finding(kind, name, [text], ''));
  }

  holds(name: string, said: string): void {
    this.findings.push(finding('other', name, [], said));
  }

  /** Waits until everything accepted is over, stops in order, and judges. */
  async judge(): Promise<Finding[]> {
    endTicks(this.dagFolder, this.witnessPath);
    await until('the schedule is gone', async () => !(await this.client.isScheduled('tick')), settleMsMax);
    await until('everything accepted is over', async () => (await this.client.unfinished()) === 0, settleMsMax);
    await this.mailIsOut();
    this.system.signal('SIGTERM');
    const code = await this.system.ended(stopMsMax);
    await until('everything has ended', async () => processesOf(this.system.home).length === 0, stopMsMax).catch(
      () => 0,
    );
    const left = processesOf(this.system.home);
    for (const pid of left) process.kill(pid, 'SIGKILL');
    const findings = checkScheduler({
      storePath: join(this.system.home, 'millrace.db'),
      taskLogFolder: join(this.system.home, 'logs', 'tasks'),
      lines: this.witness(),
      logsMayLack: this.logsMayLack,
      ledger: this.client.ledger,
      remains: this.#remains,
      messageIds: this.#smtp.messages.slice(this.#firstMessage).map(({ messageId }) => messageId),
      crashes: this.#crashes,
    });
    findings.push(
      finding(
        'other',
        'a stop ends with exit code 0',
        code === 0 ? [] : [`it ended with ${code}`],
        `exit code ${code}`,
      ),
      finding(
        'other',
        'a stop leaves nothing running',
        left.map((pid) => `process ${pid} is left`),
        'nothing is left',
      ),
    );
    return [...this.findings, ...findings];
  }

  /** Kills what is left and, unless it is kept, removes the folder. */
  async close(keep: boolean): Promise<void> {
    await this.system.killServer();
    for (const pid of processesOf(this.system.home)) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    for (const end of this.#endings) end();
    if (!keep) rmSync(this.folder, { recursive: true, force: true });
  }

  async mailIsOut(): Promise<void> {
    const mails = [...this.client.ledger.runs.values()].filter(({ dagId }) => dagId === 'mail').length;
    const arrived = () => new Set(this.#smtp.messages.slice(this.#firstMessage).map(({ messageId }) => messageId)).size;
    await until('every mail has arrived', async () => arrived() >= mails, settleMsMax).catch(() => 0);
  }
}

/** How much slower than alone things may be on a machine that others use too. */
export function slowness(): number {
  return Math.max(1, (loadavg()[0] as number) / cpus().length);
}

/** Whether an error only says that the server was gone. */
export function isNoAnswer(thrown: unknown): boolean {
  return thrown instanceof NoAnswer;
}

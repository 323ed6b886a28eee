import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';

/** The real program, started and killed as an operator could. Uses none of its code. */
export class System {
  readonly home: string;
  readonly #program: string;
  readonly #args: string[];
  readonly #env: Record<string, string>;
  #process: ChildProcess | undefined;
  #said = '';

  constructor(options: { program: string; home: string; args?: string[]; env: Record<string, string> }) {
    this.home = options.home;
    this.#program = options.program;
    this.#args = options.args ?? [];
    this.#env = options.env;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** Everything that the server has said since its last start. */
  get said(): string {
    return this.#said;
  }

  /** Where its web server listens, as it said. */
  get url(): string {
    const port = /Web UI +http:\/\/localhost:(\d+)/.exec(this.#said)?.[1];
    return `http://127.0.0.1:${port}`;
  }

  get isOver(): boolean {
    const child = this.#process;
    return !child || child.exitCode !== null || child.signalCode !== null;
  }

  /** Starts the program and waits for nothing. `before`: a command that runs it, such as strace with its options. */
  launch(change: Record<string, string> = {}, before: string[] = []): void {
    const [command, ...args] = [...before, process.execPath, this.#program, 'standalone', ...this.#args];
    this.#said = '';
    const child = spawn(command as string, args, {
      env: { ...this.#env, ...change, MILLRACE_HOME: this.home },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (this.#said += String(chunk)));
  }

  /** Resolves when the server says that it is ready: true; or when it ends before: false. */
  async becomesReady(msMax = startMsMax): Promise<boolean> {
    const startedAt = performance.now();
    while (!/ready in/.test(this.#said)) {
      if (this.isOver) return false;
      if (performance.now() - startedAt > msMax) throw new Error(`it was not ready in time:\n${this.#said}`);
      await pause(5);
    }
    return true;
  }

  /** Resolves, with the milliseconds it took, when the server says that it is ready. */
  async start(change: Record<string, string> = {}): Promise<number> {
    const startedAt = performance.now();
    this.launch(change);
    if (!(await this.becomesReady())) throw new Error(`it did not start:\n${this.#said}`);
    return performance.now() - startedAt;
  }

  /** Resolves, with exit code or signal, when the program has ended by itself. */
  async ended(msMax = startMsMax): Promise<number | string> {
    const child = this.#process as ChildProcess;
    await until('the program ends', async () => this.isOver, msMax);
    return child.signalCode ?? (child.exitCode as number);
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  async killServer(): Promise<void> {
    const child = this.#process as ChildProcess;
    if (this.isOver) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }

  /** Resolves with the exit code. */
  async stop(): Promise<number | null> {
    const child = this.#process;
    if (!child || this.isOver) return null;
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    const [code] = await exit;
    return code;
  }

  /** Asks the running server through its control socket. */
  ask<Answer>(method: string, params: object = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const socket = connect(join(this.home, 'control.sock'));
      let answer = '';
      socket.on('error', reject);
      socket.on('connect', () => socket.write(`${JSON.stringify({ method, params })}\n`));
      socket.on('data', (chunk) => (answer += String(chunk)));
      socket.on('close', () => {
        if (!answer.endsWith('\n')) return reject(new Error('the server went away'));
        const reply = JSON.parse(answer) as { ok: boolean; value: Answer; message: string };
        if (reply.ok) resolve(reply.value);
        else reject(new Error(reply.message));
      });
    });
  }

  /** The process of a part; undefined while it is not running. */
  async partPid(name: string): Promise<number | undefined> {
    const parts = await this.ask<{ name: string; state: string; pid: number | null }[]>('parts');
    const part = parts.find((candidate) => candidate.name === name);
    return part?.state === 'running' ? (part.pid ?? undefined) : undefined;
  }

  /** The same program on the same folder, not started. */
  another(): System {
    return new System({ program: this.#program, home: this.home, args: this.#args, env: this.#env });
  }

  /** Processes that began in a task of this data folder, wherever they are now. */
  taskDescendants(): number[] {
    return processesOf(this.home).filter((pid) => read(`/proc/${pid}/environ`).includes('\0MILLRACE_ATTEMPT_ID='));
  }

  /** The processes that run attempts. */
  taskChildren(): number[] {
    return childrenOf(this.pid).filter((pid) => /task-child/.test(commandOf(pid)));
  }
}

const startMsMax = 60_000;

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Looks until it holds. Rejects when it takes too long. */
export async function until(what: string, holds: () => Promise<boolean>, msMax: number): Promise<number> {
  const startedAt = performance.now();
  for (;;) {
    if (await holds().catch(() => false)) return performance.now() - startedAt;
    if (performance.now() - startedAt > msMax) throw new Error(`not within ${msMax} ms: ${what}`);
    await pause(20);
  }
}

export function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(read(`/proc/${pid}/status`));
}

/** Processes that still carry this data folder in their environment. */
export function processesOf(home: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => isAlive(pid) && read(`/proc/${pid}/environ`).split('\0').includes(`MILLRACE_HOME=${home}`));
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && new RegExp(`^PPid:\\s+${parent}$`, 'm').test(read(`/proc/${name}/status`)))
    .map(Number);
}

function commandOf(pid: number): string {
  return read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
}

/** '' for a process that has gone in the meantime, or that is none of ours. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

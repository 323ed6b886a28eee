import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';

/** The real program, started and killed as an operator could. Uses none of its code. */
export class System {
  readonly home: string;
  readonly #program: string;
  readonly #env: Record<string, string>;
  #process: ChildProcess | undefined;
  #said = '';

  constructor(options: { program: string; home: string; env: Record<string, string> }) {
    this.home = options.home;
    this.#program = options.program;
    this.#env = options.env;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** Everything that the server has said since its last start. */
  get said(): string {
    return this.#said;
  }

  /** Resolves, with the milliseconds it took, when the server says that it is ready. */
  async start(change: Record<string, string> = {}): Promise<number> {
    const startedAt = performance.now();
    this.#said = '';
    const child = spawn(process.execPath, [this.#program, 'standalone'], {
      env: { ...this.#env, ...change, MILLRACE_HOME: this.home },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (this.#said += String(chunk)));
    while (!/ready in/.test(this.#said)) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`it did not start:\n${this.#said}`);
      if (performance.now() - startedAt > startMsMax) throw new Error(`it was not ready in time:\n${this.#said}`);
      await pause(10);
    }
    return performance.now() - startedAt;
  }

  async killServer(): Promise<void> {
    const child = this.#process as ChildProcess;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }

  /** Resolves with the exit code. */
  async stop(): Promise<number | null> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return null;
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
    await pause(50);
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

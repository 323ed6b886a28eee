import { type ChildProcess, fork } from 'node:child_process';
import { lifelineFd } from '../../kernel/lifeline.js';
import { entryPath } from '../../kernel/paths.js';
import type { AttemptRequest } from '../model/attempt.js';
import type { FromChild, ToChild } from './messages.js';
import { poolVariable } from './process-tree.js';

/** One warm process of a pool, as the pool sees it. */
export interface PoolChild {
  readonly pid: number;
  readonly memoryLimitMb: number;
  /** `settling`: its attempt is over, but something of it is still open. */
  state: 'starting' | 'idle' | 'busy' | 'settling' | 'gone';
  /** How many attempts it has begun. */
  attempts: number;
  /** Monotonic time at which it became idle. */
  idleSince: number;
  current: AttemptRequest | null;
  send(message: ToChild): void;
}

export interface ChildExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/**
 * Starts a child process in a group of its own. Its output goes to `outputFd` until it takes its first attempt. Throws
 * when the system has no process to give.
 */
export function startChild(
  options: { memoryLimitMb: number; env: Record<string, string>; poolId: string; outputFd: number },
  on: { message(child: PoolChild, message: FromChild): void; exit(child: PoolChild, exit: ChildExit): void },
): PoolChild {
  const { memoryLimitMb, outputFd } = options;
  const stdio: ('ignore' | 'ipc' | 'pipe' | number)[] = ['ignore', outputFd, outputFd, 'ipc'];
  stdio[lifelineFd] = 'pipe';
  const process = fork(entryPath('task-child'), [], {
    detached: true,
    stdio,
    env: { ...options.env, [poolVariable]: options.poolId },
    execArgv: [`--max-old-space-size=${memoryLimitMb}`],
  });
  if (process.pid === undefined) {
    // Node tells the reason by an event; without a listener it would end the server.
    process.on('error', () => {});
    throw new Error('the system does not start another process');
  }
  const child: PoolChild = {
    pid: process.pid,
    memoryLimitMb,
    state: 'starting',
    attempts: 0,
    idleSince: 0,
    current: null,
    send: (message) => sendTo(process, message),
  };
  process.on('message', (message) => on.message(child, message as FromChild));
  // A send that fails means that the process is going: its exit, which follows, is what counts.
  process.on('error', () => {});
  process.once('exit', (code, signal) => on.exit(child, { code, signal }));
  return child;
}

function sendTo(process: ChildProcess, message: ToChild): void {
  if (process.connected) process.send(message);
}

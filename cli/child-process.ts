import { fork } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { endProcess } from '../connectors/process-life.js';
import { entryPath } from '../kernel/paths.js';
import type { Clock } from '../kernel/time.js';
import type { Running } from './supervisor.js';

/**
 * Starts one of the compiled entries as a process of its own, with a channel for messages. Its output goes to the end
 * of a file. It is in a process group of its own, so that Ctrl-C in the terminal reaches Millrace alone; it ends itself
 * when the channel closes. `stop` sends SIGTERM and, after `graceMs`, SIGKILL.
 */
export async function startEntry(options: {
  entry: string;
  env: Record<string, string>;
  /** The first message that it gets. */
  hello?: unknown;
  onMessage?: (message: unknown) => void;
  logPath: string;
  graceMs: number;
  clock: Clock;
}): Promise<Running> {
  const output = openSync(options.logPath, 'a', 0o600);
  const child = fork(entryPath(options.entry), [], {
    env: options.env,
    stdio: ['ignore', output, output, 'ipc'],
    detached: true,
    execArgv: ['--enable-source-maps'],
  });
  closeSync(output);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (thrown) => resolve(thrown.message));
    child.once('exit', (code, signal) => resolve(signal ? `signal ${signal}` : `exit code ${code}`));
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  if (options.onMessage) child.on('message', options.onMessage);
  if (options.hello !== undefined) child.send(options.hello as object);
  const pid = child.pid as number;
  return {
    pid,
    ended,
    async stop() {
      await endProcess(pid, { signal: 'SIGTERM', graceMs: options.graceMs, clock: options.clock });
    },
  };
}

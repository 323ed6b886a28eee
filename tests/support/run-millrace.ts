import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { packageRoot } from '../../kernel/paths.js';

/** The `millrace` command as a process, as a person starts it. */
export interface Millrace {
  process: ChildProcess;
  /** Everything it has said so far. */
  output(): string;
  /** Resolves when it has said something that matches; rejects, with what it said, when it ends before. */
  says(pattern: RegExp): Promise<RegExpMatchArray>;
  /** Exit code, or the name of the signal. */
  ended: Promise<number | string>;
}

/** Runs it with nothing in the environment but what is given. It is killed when the test ends. */
export function runMillrace(args: string[], env: Record<string, string> = {}, cwd = packageRoot): Millrace {
  const child = spawn(process.execPath, [join(packageRoot, 'cli/bin.js'), ...args], {
    cwd,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: process.env['HOME'] ?? '',
      MILLRACE_PORT: '0',
      MILLRACE_PG_PORT: '0',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      said += text;
      for (const listener of listeners) listener();
    });
  }
  const ended = new Promise<number | string>((resolve) =>
    child.once('close', (code, signal) => resolve(signal ?? code ?? 0)),
  );
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const says = (pattern: RegExp) =>
    new Promise<RegExpMatchArray>((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(said);
        if (!match) return;
        listeners.delete(look);
        resolve(match);
      };
      listeners.add(look);
      look();
      void ended.then((how) => reject(new Error(`it ended (${how}) without saying ${pattern}:\n${said}`)));
    });
  return { process: child, output: () => said, says, ended };
}

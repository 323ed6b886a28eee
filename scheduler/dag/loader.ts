import { type ChildProcess, fork } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { lifelineFd } from '../../kernel/lifeline.js';
import { entryPath } from '../../kernel/paths.js';
import type { Clock } from '../../kernel/time.js';
import type { ImportRequest, ImportResult } from './import-file.js';

export interface LoaderOptions {
  clock: Clock;
  bundlesFolder: string;
  /** The whole environment of the child, free of secrets. */
  env: Record<string, string>;
  /** Where what DAG files print while they are imported goes. */
  outputPath: string;
  /** Milliseconds that one file may take; 30,000. */
  timeoutMs?: number;
}

type FromLoader = { type: 'ready' } | { type: 'imported'; result: ImportResult };

const timeoutMsDefault = 30_000;

/**
 * Imports DAG files in a child process: their code never runs in the server. The child lives for one call; a file that
 * takes too long or ends the process is reported as an error of its own, and the others go on in a new child.
 */
export async function loadDagFiles(
  files: { folder: string; fileloc: string }[],
  options: LoaderOptions,
): Promise<ImportResult[]> {
  mkdirSync(options.bundlesFolder, { recursive: true });
  mkdirSync(dirname(options.outputPath), { recursive: true });
  const results: ImportResult[] = [];
  while (results.length < files.length) {
    const child = startLoader(options);
    try {
      while (results.length < files.length) {
        const file = files[results.length] as { folder: string; fileloc: string };
        const answer = await ask(child, { ...file, bundlesFolder: options.bundlesFolder }, options);
        results.push('fault' in answer ? faultOf(file, answer.fault) : answer.result);
        if ('fault' in answer) break;
      }
    } finally {
      endLoader(child);
    }
  }
  return results;
}

/** A child that imports. What it says while nobody asks is `ready` alone. */
interface LoaderChild {
  process: ChildProcess;
  exit: Promise<string>;
}

function startLoader({ env, outputPath }: LoaderOptions): LoaderChild {
  const output = openSync(outputPath, 'a');
  try {
    const stdio: ('ignore' | 'ipc' | 'pipe' | number)[] = ['ignore', output, output, 'ipc'];
    stdio[lifelineFd] = 'pipe';
    const child = fork(entryPath('loader-child'), [], { detached: true, stdio, env, execArgv: [] });
    const exit = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
    return { process: child, exit };
  } finally {
    closeSync(output);
  }
}

function endLoader({ process: child }: LoaderChild): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function ask(
  child: LoaderChild,
  request: ImportRequest,
  { clock, timeoutMs = timeoutMsDefault }: LoaderOptions,
): Promise<{ result: ImportResult } | { fault: string }> {
  let cancelTimer = () => {};
  let onMessage: (message: FromLoader) => void = () => {};
  const answer = new Promise<{ result: ImportResult }>((resolve) => {
    onMessage = (message) => {
      if (message.type === 'imported') resolve({ result: message.result });
    };
    child.process.on('message', onMessage);
  });
  const timeout = new Promise<{ fault: string }>((resolve) => {
    cancelTimer = clock.after(timeoutMs, () =>
      resolve({ fault: `importing it took longer than ${timeoutMs / 1000} s. Its top level should only declare.` }),
    );
  });
  const end = child.exit.then((how) => ({ fault: `importing it ended the process (${how})` }));
  if (child.process.connected) child.process.send(request, () => {});
  try {
    return await Promise.race([answer, timeout, end]);
  } finally {
    cancelTimer();
    child.process.off('message', onMessage);
  }
}

function faultOf({ folder, fileloc }: { folder: string; fileloc: string }, message: string): ImportResult {
  const error = { fileloc, message, line: null, column: null, excerpt: null, stack: null };
  return { outcome: { error }, inputs: [`${folder}/${fileloc}`] };
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../kernel/paths.js';

/** The real server in a process of its own, without examples and warehouse. */
export interface ServerProcess {
  url: string;
  pid: number;
  /** Milliseconds from the start of the process until it answered. */
  readyMs: number;
  /** Ends it in order. */
  stop(): Promise<void>;
}

const readyMsMax = 60_000;

export async function startServerProcess(home: string, dagFolder: string): Promise<ServerProcess> {
  const began = performance.now();
  const known = serverFile(home);
  const child = spawn(process.execPath, [join(packageRoot, 'cli', 'bin.js'), 'standalone', '--no-examples'], {
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      MILLRACE_HOME: home,
      MILLRACE_PORT: '0',
      MILLRACE_DAGS: dagFolder,
      MILLRACE_DRAIN_SECONDS: '1',
      MILLRACE_LOG_LEVEL: 'error',
      WAREHOUSE_URL: 'none',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exit = once(child, 'exit');
  // A benchmark that is ended from outside leaves no server behind.
  const end = () => void child.kill('SIGKILL');
  process.once('exit', end);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(1));
  exit.then(() => process.off('exit', end));
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the server ended with exit code ${child.exitCode}`);
    const file = serverFile(home);
    if (file && file.pid === child.pid && file.pid !== known?.pid && (await answers(file.url))) {
      const stop = async () => {
        child.kill('SIGTERM');
        await exit;
      };
      return { url: file.url, pid: file.pid, readyMs: performance.now() - began, stop };
    }
    if (performance.now() - began > readyMsMax) throw new Error('the server is not ready after a minute');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** The password of the user `admin`. */
export function adminPassword(home: string): string {
  return readFileSync(join(home, 'admin.password'), 'utf8').trim();
}

function serverFile(home: string): { pid: number; url: string } | undefined {
  const path = join(home, 'server.json');
  if (!existsSync(path)) return undefined;
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    // It is just being written.
    return undefined;
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health`)).ok;
  } catch {
    // It does not listen yet.
    return false;
  }
}

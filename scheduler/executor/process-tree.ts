import { readdirSync, readFileSync } from 'node:fs';

/** Set in the environment of each attempt, so that every process which it starts can be found. */
export const attemptVariable = 'MILLRACE_ATTEMPT_ID';
/** Set in the environment of each child of a pool: which data folder it works for. */
export const poolVariable = 'MILLRACE_POOL_ID';

/** Sends a signal to the process group that `leader` leads. false when it is gone. */
export function signalGroup(leader: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(-leader, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Kills the group of a child, and what left the group (`setsid`) but carries the attempt's id in its environment. */
export function killTree(leader: number, attemptId: string | null): void {
  signalGroup(leader, 'SIGKILL');
  if (attemptId !== null) killByVariable(attemptVariable, attemptId);
}

/** Kills every process that carries the variable with this value. Only Linux shows the environment of others. */
export function killByVariable(name: string, value: string): number[] {
  const found = processesWith(name, value).filter((pid) => pid !== process.pid);
  for (const pid of found) killOne(pid);
  return found;
}

/**
 * Pids of what an attempt has left running: the other members of the group that `leader` leads, and what left the group
 * (`setsid`) with the attempt's id in its environment. `before`: the pids from before it started its first process;
 * reading those again would cost milliseconds. Empty where /proc does not exist.
 */
export function leftBy(leader: number, attemptId: string, before: ReadonlySet<number>): number[] {
  const wanted = `${attemptVariable}=${attemptId}`;
  return listPids().filter((pid) => !before.has(pid) && (groupOf(pid) === leader || carries(pid, wanted)));
}

function processesWith(name: string, value: string): number[] {
  return listPids().filter((pid) => carries(pid, `${name}=${value}`));
}

function carries(pid: number, entry: string): boolean {
  return readProc(pid, 'environ').split('\0').includes(entry);
}

/** Pids of all processes; empty where /proc does not exist. */
export function listPids(): number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Field 5 of /proc/<pid>/stat; the command before it is in brackets and may hold anything. */
function groupOf(pid: number): number | undefined {
  const fields = readProc(pid, 'stat').split(') ').at(-1)?.split(' ');
  const isZombie = fields?.[0] === 'Z';
  return fields?.[2] === undefined || isZombie ? undefined : Number(fields[2]);
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    // It has ended, or belongs to another user: not one of ours.
    return '';
  }
}

function killOne(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

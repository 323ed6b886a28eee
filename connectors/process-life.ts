import { readFileSync } from 'node:fs';
import { type Clock, sleep } from '../kernel/time.js';

const lookPauseMs = 20;
const killedMsMax = 5_000;

/** Whether a process with this number runs. A zombie, which waits for its parent to take note of its end, does not. */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (thrown) {
    // EPERM: it is there and belongs to someone else.
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
  if (process.platform !== 'linux') return true;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
  } catch (thrown) {
    if (['ENOENT', 'ESRCH'].includes((thrown as NodeJS.ErrnoException).code ?? '')) return false;
    throw thrown;
  }
}

/** Asks a process to end, waits `graceMs`, kills it. Resolves when it is gone, and at once when it was. */
export async function endProcess(
  pid: number,
  { signal, graceMs, clock }: { signal: NodeJS.Signals; graceMs: number; clock: Clock },
): Promise<void> {
  send(pid, signal);
  if (await isGoneWithin(pid, graceMs, clock)) return;
  send(pid, 'SIGKILL');
  if (!(await isGoneWithin(pid, killedMsMax, clock))) throw new Error(`process ${pid} is alive after SIGKILL`);
}

async function isGoneWithin(pid: number, ms: number, clock: Clock): Promise<boolean> {
  const deadline = clock.monotonic() + ms;
  while (isProcessAlive(pid)) {
    if (clock.monotonic() >= deadline) return false;
    await sleep(clock, lookPauseMs);
  }
  return true;
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ESRCH') throw thrown;
  }
}

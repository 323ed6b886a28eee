import { join } from 'node:path';

/** The system calls after which something lies on the disk, or no longer does. */
export const durableCalls = ['fsync', 'pwrite64', 'ftruncate', 'rename', 'unlink'] as const;
export type DurableCall = (typeof durableCalls)[number];

/** What happens to the k-th of these calls, counted in each thread by itself: SQLite makes all of its own in one. */
export interface Injection {
  call: DurableCall;
  /** 'kill': the process dies before the call is made. Otherwise the call is not made and answers with this error. */
  what: 'kill' | 'EIO' | 'ENOSPC';
  /** 1 = the first. */
  from: number;
  /** How many in a row get the error; 1. */
  times?: number;
}

/** A command that runs another with the injection. What it traces goes to a file in `folder`. */
export function straceCommand(folder: string, { call, what, from, times = 1 }: Injection): string[] {
  const effect = what === 'kill' ? 'signal=KILL' : `error=${what}`;
  return [
    'strace',
    // The program stays our child, and strace stands beside it.
    '-D',
    '--follow-forks',
    // Only the traced calls stop the program: all others run at full speed. A signal is never sent then (strace 6.1).
    ...(what === 'kill' ? [] : ['--seccomp-bpf']),
    '--quiet=all',
    '--decode-fds=path',
    '--output',
    join(folder, 'strace.log'),
    '--trace',
    call,
    '--inject',
    `${call}:${effect}:when=${times === 1 ? from : `${from}..${from + times - 1}`}`,
  ];
}

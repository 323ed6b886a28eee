import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { AttemptError } from '../model/attempt.js';

/** Why a process ended that gave no report, as an error for people. */
export function describeExit(
  exit: { code: number | null; signal: NodeJS.Signals | null },
  of: { logPath: string; memoryLimitMb: number },
): AttemptError {
  const { type, message } = reasonOf(exit, of);
  return { type, message, stack: null };
}

function reasonOf(
  { code, signal }: { code: number | null; signal: NodeJS.Signals | null },
  { logPath, memoryLimitMb }: { logPath: string; memoryLimitMb: number },
): { type: string; message: string } {
  if (signal === 'SIGABRT' || code === 134) {
    return /heap out of memory|Allocation failed/.test(tailOf(logPath))
      ? {
          type: 'out_of_memory',
          message: `the task needed more than ${memoryLimitMb} MiB of heap. Raise memoryLimitMb, or hold less at a time.`,
        }
      : { type: 'crashed', message: "the task's process aborted (SIGABRT): see the end of its log" };
  }
  if (signal === 'SIGKILL' || code === 137) {
    return {
      type: 'killed',
      message: "the task's process was killed (SIGKILL), perhaps by the system for lack of memory",
    };
  }
  if (signal !== null) return { type: 'crashed', message: `the task's process ended by ${signal} without a report` };
  return {
    type: 'exited',
    message: `the task's process ended with exit code ${code} before the task was done: process.exit() in the task?`,
  };
}

/** Bytes at the end of a log that say why a process died. */
const tailBytes = 16 * 1024;

function tailOf(path: string): string {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    // No log was begun: there is nothing to read a reason from.
    return '';
  }
  try {
    const buffer = Buffer.alloc(tailBytes);
    const { size } = fstatSync(fd);
    return buffer.toString('utf8', 0, readSync(fd, buffer, 0, tailBytes, Math.max(0, size - tailBytes)));
  } finally {
    closeSync(fd);
  }
}

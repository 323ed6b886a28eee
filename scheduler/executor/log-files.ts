import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes the log file of an attempt the stdout and stderr of this process: what it, its libraries and its subprocesses
 * write goes to the file at once and is complete whatever becomes of them. Throws when the descriptors do not come out
 * as 1 and 2 (then another thread of the process took one of them in between).
 */
export function redirectOutput(path: string): void {
  for (const fd of [1, 2]) {
    closeSync(fd);
    const got = openLog(path);
    if (got !== fd) throw new Error(`the log file became descriptor ${got} instead of ${fd}`);
  }
}

/** Most attempts find the folder of their run: it is made when it is missed, and costs the others nothing. */
function openLog(path: string): number {
  try {
    return openSync(path, 'a');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    mkdirSync(dirname(path), { recursive: true });
    return openSync(path, 'a');
  }
}

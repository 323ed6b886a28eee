import childProcess from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { syncBuiltinESMExports } from 'node:module';

/**
 * Calls `onSpawn` each time that this thread starts a process, whoever asks for it and in whichever way. Only an
 * attempt that has started one is searched for what it left running, since the search reads all of /proc.
 */
export function watchSpawns(onSpawn: () => void): void {
  // Named by Node since 18.7; tells of every asynchronous start.
  subscribe('child_process', onSpawn);
  // Of the synchronous ones nothing tells. A shell that has ended may have left a daemon.
  for (const name of ['spawnSync', 'execSync', 'execFileSync'] as const) {
    const original = childProcess[name] as (...args: unknown[]) => unknown;
    Object.assign(childProcess, {
      [name]: (...args: unknown[]) => {
        onSpawn();
        return original(...args);
      },
    });
  }
  syncBuiltinESMExports();
}

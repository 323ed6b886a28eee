import type { Requester } from '../../model/commands.js';
import { pauseDag } from '../pause-dag.js';
import { audit, type CommandDeps, findDag } from './commands.js';

/** Pauses a DAG (what runs goes on, nothing new begins) or lets it go on. */
export function setPaused(deps: CommandDeps, dagId: string, paused: boolean, by: Requester): Promise<void> {
  return deps.request((turn) => {
    findDag(turn, dagId);
    audit(turn, by, paused ? 'paused' : 'unpaused', { dagId });
    pauseDag(turn, dagId, paused);
  });
}

import type { LiveTaskInstance } from '../decide/live-run.js';
import type { AttemptEffects } from '../model/attempt.js';
import type { Turn } from './turn.js';

/** Records that a task has written assets, and wakes the DAGs that wait for them. */
export function recordAssetEvents(
  _turn: Turn,
  _instance: LiveTaskInstance,
  _events: AttemptEffects['assetEvents'],
): void {}

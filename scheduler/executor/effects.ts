import type { AttemptEffects } from '../model/attempt.js';

/** Effects that change nothing. */
export function emptyEffects(): AttemptEffects {
  return { xcoms: [], emails: [], triggers: [], assetEvents: [], skip: null, rendered: {}, details: {} };
}

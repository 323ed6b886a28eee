import type { Requester } from '../../scheduler/model/commands.js';

/** Who asks in tests. */
export const tester: Requester = { user: 'tester', via: 'test' };

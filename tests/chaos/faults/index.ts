import { durableSteps } from './durable-steps.js';
import type { Fault } from './fault.js';
import { kills } from './kills.js';

export const allFaults: Fault[] = [...kills, ...durableSteps];

import { badTasks } from './bad-tasks.js';
import { diskFull } from './disk-full.js';
import { durableSteps } from './durable-steps.js';
import type { Fault } from './fault.js';
import { kills } from './kills.js';
import { stops } from './stops.js';

export const allFaults: Fault[] = [...kills, ...durableSteps, ...diskFull, ...badTasks, ...stops];

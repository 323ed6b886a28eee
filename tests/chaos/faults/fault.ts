import type { Random } from '../../support/random.js';
import type { SchedulerRig } from '../scheduler-rig.js';

/** Something that goes wrong, on purpose. */
export interface Fault {
  /** The class in docs/reliability.md. */
  code: string;
  /** What is done, in a few words. */
  name: string;
  /** What it cannot be done without; it is left out where that is missing. */
  needs?: 'linux' | 'root' | 'strace';
  /** How often it is drawn, against the others. */
  weight: number;
  /** Whether several trials may follow each other on one data folder. */
  chains?: boolean;
  /** Whether it starts the server itself, in a folder that has seen none. */
  startsItself?: boolean;
  /** Settings of the server. */
  env?: Record<string, string>;
  /** Plays it on a running server, and leaves a server that runs. */
  play(rig: SchedulerRig, random: Random): Promise<void>;
}

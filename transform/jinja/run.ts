import { limitValues } from './limits.js';
import type { Run } from './values.js';

/** What one rendering may use up. */
export function newRun(options: { sync: boolean; lenient?: boolean; stepsMax?: number; charsMax?: number }): Run {
  return {
    sync: options.sync,
    lenient: options.lenient ?? false,
    stepsLeft: options.stepsMax ?? limitValues.stepsMax,
    charsLeft: options.charsMax ?? limitValues.charsMax,
    depth: 0,
  };
}

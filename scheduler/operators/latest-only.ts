import { isLatestRun } from '../dag/latest-run.js';
import type { SerializedDag } from '../model/dag.js';
import type { Operator } from './operator.js';

/** Skips what follows directly, unless this run is the latest one that time has brought. Manual runs always go on. */
export const latestOnlyOperator: Operator = {
  templateFields: [],
  async perform({ scope, options }) {
    const { dataInterval, runType } = scope.attempt.context;
    const timetable = options['timetable'] as unknown as SerializedDag;
    if (runType === 'manual' || dataInterval === null || isLatestRun(timetable, dataInterval, scope.clock.now())) {
      scope.log('INFO', 'This is the latest run: goes on');
      return undefined;
    }
    const skipped = options['downstream'] as string[];
    scope.effects.skip = { skipped, ignoreTriggerRules: false };
    scope.log('INFO', `A later run is due: skips ${skipped.join(', ') || 'nothing'}`);
    return undefined;
  },
};

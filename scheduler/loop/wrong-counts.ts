import type { LiveState } from './live-state.js';

/** Counts anew all that is kept by transitions, and says where that differs. Costs what exists: for tests and suspicion. */
export function wrongCounts(live: LiveState): string[] {
  const runs = [...live.runs.values()];
  return [
    ...runs.flatMap((run) => run.differences()),
    ...[...live.dags.values()].flatMap((dag) => dag.differences()),
    ...live.board.differences(runs.flatMap((run) => run.instances.flat())),
  ];
}

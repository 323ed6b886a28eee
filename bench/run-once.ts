import type { Scheduler } from '../scheduler/loop.js';

/** Triggers a run and resolves with the milliseconds until its end is committed. Rejects when it fails. */
export function runOnce(scheduler: Scheduler, dagId: string): Promise<number> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    let runId: string | undefined;
    const ended = new Set<string>();
    const settle = () => {
      if (runId === undefined || !ended.has(runId)) return;
      stop();
      resolve(performance.now() - began);
    };
    const stop = scheduler.events.listen((event) => {
      if (event.kind !== 'dag_run' || event.dagId !== dagId) return;
      if (event.to === 'failed') reject(new Error(`${dagId} failed: ${event.reason}`));
      if (event.to === 'success') ended.add(event.runId);
      settle();
    });
    triggerRun(scheduler, dagId).then((made) => {
      runId = made.runId;
      settle();
    }, reject);
  });
}

export function triggerRun(scheduler: Scheduler, dagId: string): Promise<{ runId: string }> {
  return scheduler.commands.triggerDagRun(
    { dagId, runId: null, logicalDate: null, dataInterval: null, runAfter: null, conf: {}, note: null },
    { user: 'bench', via: 'cli' },
  );
}

import type { LiveTaskInstance } from '../decide/live-run.js';
import type { SerializedTask } from '../model/dag.js';

/** The task that an instance is of, in the version of its run. */
export function taskOf(instance: LiveTaskInstance): SerializedTask {
  const plan = instance.run.plan.tasks[instance.taskIndex];
  if (!plan) throw new RangeError(`there is no task ${instance.taskIndex} in ${instance.run.dagId}`);
  return plan.task;
}

import { dagRunById } from '../../scheduler/store/queries/dag-runs.js';
import {
  detailsOf,
  listTaskInstances,
  stateCountsOfRuns,
  type TaskInstanceRow,
  taskHistory,
  triesOf,
} from '../../scheduler/store/queries/task-instances.js';
import { historyBars } from '../charts/history-bars.js';
import { allDownstream, dagTree, type TreeNode } from '../dag-structure.js';
import { type AppDeps, type Explanation, parseObject } from '../deps.js';
import type { PageRequest } from '../page.js';
import { durationOf, usual } from '../statistics.js';
import type { Selection } from './dag-grid.js';
import type { DagHead } from './dag-head.js';
import { progressOf } from './home.js';
import { loadVersion, readOne } from './load-dag.js';

const historyMax = 30;
const mappedMax = 200;
const triesMax = 50;

/** What is selected in the grid or graph, as the panel beside it shows it; undefined when it is no longer there. */
export async function loadPanel(request: PageRequest, deps: AppDeps, head: DagHead, selection: Selection) {
  const run = await readOne(deps, dagRunById(selection.runRowId));
  if (!run || run.dag_id !== head.dag.dag_id) return undefined;
  const version = await loadVersion(deps, run.dag_version_id);
  if (selection.rowId === null) {
    const counts = await deps.store.read(stateCountsOfRuns([run.id]));
    return { kind: 'run' as const, run, progress: progressOf(counts), counts, conf: parseObject(run.conf_json) };
  }
  const task = version.dag.tasks.find((candidate) => candidate.taskId === selection.rowId);
  const instances = await deps.store.read(
    listTaskInstances(
      { dagRunId: run.id, ...(task ? { taskId: task.taskId } : {}) },
      [{ by: 'map_index', descending: false }],
      { limit: task ? mappedMax : 5000, offset: 0 },
    ),
  );
  if (!task) return groupPanel(run, findGroup(dagTree(version.dag), selection.rowId), instances);
  const [instance] = instances;
  if (!instance) return { kind: 'absent' as const, run, label: task.displayName };
  if (instances.length > 1 || instance.map_index >= 0) return { kind: 'mapped' as const, run, task, instances };
  return {
    kind: 'task' as const,
    run,
    task,
    ...(await taskFacts(request, deps, run.run_id, instance)),
    waiting: [...allDownstream(version.dag.tasks, task.taskId)],
  };
}

function groupPanel(run: object, group: TreeNode | undefined, instances: TaskInstanceRow[]) {
  if (group?.kind !== 'group') return undefined;
  const members = new Set(group.taskIds);
  const inside = instances.filter((instance) => members.has(instance.task_id));
  return { kind: 'group' as const, run, group, instances: inside };
}

/** Everything about one task instance that its panel and its page show. */
export async function taskFacts(request: PageRequest, deps: AppDeps, runId: string, instance: TaskInstanceRow) {
  const key = { dagId: instance.dag_id, runId, taskId: instance.task_id, mapIndex: instance.map_index };
  const settled = instance.state === 'success' || instance.state === 'skipped' || instance.state === 'removed';
  const [earlier, details, history, why] = await Promise.all([
    readTries(deps, instance.id),
    deps.store.read(detailsOf(instance.id)),
    deps.store.read(taskHistory(instance.dag_id, instance.task_id, instance.map_index, historyMax)),
    settled ? Promise.resolve<Explanation | undefined>(undefined) : deps.explain(key),
  ]);
  const durations = history
    .filter((row) => row.state === 'success')
    .map((row) => durationOf(row))
    .filter((ms) => ms !== null);
  const normal = usual(durations);
  return {
    instance,
    why,
    tries: triesWith(earlier, instance),
    normal,
    history: historyBars([...history].reverse(), normal, request),
    details: details.map((row) => ({
      tryNumber: row.try_number,
      rendered: deps.masker.redact(parseObject(row.rendered_json)),
      details: deps.masker.maskJson(parseObject(row.details_json)),
    })),
  };
}

/** The tries that ended, and the one that is under way. A try whose retry is waited for has failed. */
function triesWith(earlier: Awaited<ReturnType<typeof readTries>>, instance: TaskInstanceRow) {
  const begun = instance.try_number > 0 && (instance.queued_at !== null || instance.started_at !== null);
  const current = { ...instance, state: instance.state === 'up_for_retry' ? ('failed' as const) : instance.state };
  return [...earlier.filter((row) => !begun || row.try_number < instance.try_number), ...(begun ? [current] : [])];
}

function readTries(deps: AppDeps, taskInstanceId: number) {
  return deps.store.read(triesOf(taskInstanceId, triesMax));
}

function findGroup(tree: TreeNode[], id: string): TreeNode | undefined {
  for (const node of tree) {
    if (node.kind !== 'group') continue;
    if (node.id === id) return node;
    const inner = findGroup(node.children, id);
    if (inner) return inner;
  }
  return undefined;
}

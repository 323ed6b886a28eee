import { type DagRunRow, gridRuns } from '../../scheduler/store/queries/dag-runs.js';
import { detailsOfRun, listTaskInstances } from '../../scheduler/store/queries/task-instances.js';
import { diffLines } from '../code/diff.js';
import { topologicalOrder } from '../dag-structure.js';
import { type AppDeps, parseObject } from '../deps.js';
import type { Page } from '../page.js';
import { durationOf } from '../statistics.js';
import { dagCrumbs, loadDagHead } from './dag-head.js';
import { loadVersion } from './load-dag.js';
import { resultWords } from './run.js';

const runsOffered = 50;
const instancesMax = 2000;

/** Two runs side by side: conf, code, states, durations and results, and the first task that differs. */
export const dagCompare: Page = {
  path: '/dags/:dagId/compare',
  async load(request, deps) {
    const head = await loadDagHead(request, deps, 'grid');
    const runs = await deps.store.read(gridRuns(head.dag.dag_id, {}, runsOffered));
    const find = (name: string) => runs.find((run) => String(run.id) === request.query.get(name));
    const right = find('b') ?? runs[0];
    const left = find('a') ?? runs.find((run) => run.state === 'success' && run !== right) ?? runs[1];
    return {
      template: 'dag-compare',
      title: `${head.dag.display_name}: compare runs`,
      section: 'dags',
      crumbs: [
        ...dagCrumbs(head.dag).map((crumb, index) =>
          index === 1 ? { ...crumb, href: `/dags/${encodeURIComponent(head.dag.dag_id)}` } : crumb,
        ),
        { label: 'Compare' },
      ],
      flush: true,
      view: { ...head, runs, left, right, comparison: left && right ? await compare(deps, left, right) : undefined },
    };
  },
};

async function compare(deps: AppDeps, left: DagRunRow, right: DagRunRow) {
  const [a, b, versionA, versionB] = await Promise.all([
    facts(deps, left),
    facts(deps, right),
    loadVersion(deps, left.dag_version_id),
    loadVersion(deps, right.dag_version_id),
  ]);
  const order = topologicalOrder(versionB.dag.tasks);
  const names = [...new Set([...order, ...a.keys(), ...b.keys()])].filter((name) => a.has(name) || b.has(name));
  const rows = names.map((name) => {
    const [before, after] = [a.get(name), b.get(name)];
    const change = before?.took && after?.took ? after.took / before.took - 1 : null;
    const differs = before?.state !== after?.state || before?.result !== after?.result;
    return { name, before, after, change, differs: differs || (change !== null && Math.abs(change) > 0.5) };
  });
  return {
    rows,
    first: rows.find((row) => row.before?.state !== row.after?.state)?.name,
    conf: diffLines(
      JSON.stringify(parseObject(left.conf_json), null, 2),
      JSON.stringify(parseObject(right.conf_json), null, 2),
    ),
    code: versionA.id === versionB.id ? undefined : diffLines(versionA.source, versionB.source),
  };
}

async function facts(deps: AppDeps, run: DagRunRow) {
  const [instances, details] = await Promise.all([
    deps.store.read(listTaskInstances({ dagRunId: run.id }, [], { limit: instancesMax, offset: 0 })),
    deps.store.read(detailsOfRun(run.id, instancesMax)),
  ]);
  const results = new Map(
    details.map((row) => [`${row.task_id}\0${row.map_index}`, resultWords(parseObject(row.details_json))]),
  );
  return new Map(
    instances.map((row) => [
      row.map_index < 0 ? row.task_id : `${row.task_id} [${row.map_index}]`,
      {
        state: row.state,
        took: durationOf(row),
        tryNumber: row.try_number,
        result: results.get(`${row.task_id}\0${row.map_index}`) ?? '',
      },
    ]),
  );
}

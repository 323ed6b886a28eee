import type { JsonObject } from '../../kernel/json.js';
import { toIso } from '../../kernel/time.js';
import type { ClearedTaskInstance } from '../../scheduler/model/commands.js';
import { listDagRuns } from '../../scheduler/store/queries/dag-runs.js';
import { clearRequestOf, markRequestOf, requesterOf } from '../actions/requests.js';
import { parseObject } from '../deps.js';
import { type ParamField, paramFields } from '../forms/param-fields.js';
import type { Page, PageRequest } from '../page.js';
import { urls } from '../urls.js';
import { loadDagHead } from './dag-head.js';
import { loadRun } from './load-dag.js';

const previewMax = 200;

/**
 * Dialogs are pages: they have an address, work without scripts, and show what would happen before it happens. A
 * script opens them over the page from which they were called.
 */
export const triggerDialog: Page = {
  path: '/dags/:dagId/trigger',
  async load(request, deps) {
    const head = await loadDagHead(request, deps, 'grid');
    const dagId = head.dag.dag_id;
    const like = request.query.get('like');
    const [last] = like
      ? [await loadRun(deps, dagId, like)]
      : await deps.store.read(
          listDagRuns({ dagId, runTypes: ['manual'] }, [{ by: 'run_after', descending: true }], {
            limit: 1,
            offset: 0,
          }),
        );
    const useDefaults = request.query.get('values') === 'defaults' || !last;
    const values = useDefaults ? {} : parseObject(last.conf_json);
    const fields = paramFields(head.version?.dag.paramsSchema ?? null, values);
    return {
      ...dialogFrame(head.dag, 'Trigger'),
      template: 'trigger',
      view: {
        ...head,
        fields,
        conf: JSON.stringify(values, null, 2),
        hasSchema: head.version?.dag.paramsSchema != null,
        filledFrom: useDefaults ? null : last.run_after,
        tasks: head.version?.dag.tasks.length ?? 0,
        liveRuns: (
          await deps.store.read(listDagRuns({ dagId, states: ['running', 'queued'] }, [], { limit: 20, offset: 0 }))
        ).length,
        examples: commandExamples(deps.settings.baseUrl, dagId, useDefaults ? defaultsOf(fields) : values),
        nowText: toIso(request.now).slice(0, 16),
      },
    };
  },
};

export const clearDialogs: Page[] = [
  { path: '/dags/:dagId/runs/:runId/clear', load: loadClear },
  { path: '/dags/:dagId/runs/:runId/tasks/:taskId/clear', load: loadClear },
];

export const markDialogs: Page[] = [
  { path: '/dags/:dagId/runs/:runId/mark', load: loadMark },
  { path: '/dags/:dagId/runs/:runId/tasks/:taskId/mark', load: loadMark },
];

export const noteDialogs: Page[] = [
  { path: '/dags/:dagId/runs/:runId/note', load: loadNote },
  { path: '/dags/:dagId/runs/:runId/tasks/:taskId/note', load: loadNote },
];

export const deleteDialogs: Page[] = [
  { path: '/dags/:dagId/delete', load: loadDelete },
  { path: '/dags/:dagId/runs/:runId/delete', load: loadDelete },
];

async function loadClear(request: PageRequest, deps: Parameters<Page['load']>[1]) {
  const { dag, run, taskId, mapIndex } = await placeOf(request, deps);
  const options = Object.fromEntries(request.query) as Record<string, string>;
  const given = { dagId: dag.dag_id, runId: run.run_id, taskId, mapIndex };
  const affected: ClearedTaskInstance[] =
    taskId === undefined
      ? await deps.commands.clearDagRun(
          { dagId: dag.dag_id, runId: run.run_id, onlyFailed: options['failed'] === '1', dryRun: true },
          requesterOf(request.session),
        )
      : await deps.commands.clearTaskInstances(clearRequestOf(given, options, true), requesterOf(request.session));
  return {
    ...dialogFrame(dag, taskId === undefined ? 'Clear the run' : `Clear ${taskId}`),
    template: 'clear',
    view: { dag, run, taskId, mapIndex, options, total: affected.length, affected: affected.slice(0, previewMax) },
  };
}

async function loadMark(request: PageRequest, deps: Parameters<Page['load']>[1]) {
  const { dag, run, taskId, mapIndex } = await placeOf(request, deps);
  const options = Object.fromEntries(request.query) as Record<string, string>;
  const affected =
    taskId === undefined
      ? []
      : await deps.commands.markTaskInstances(
          markRequestOf({ dagId: dag.dag_id, runId: run.run_id, taskId, mapIndex }, options, true),
          requesterOf(request.session),
        );
  return {
    ...dialogFrame(dag, taskId === undefined ? 'Mark the run' : `Mark ${taskId}`),
    template: 'mark',
    view: { dag, run, taskId, mapIndex, options, total: affected.length, affected: affected.slice(0, previewMax) },
  };
}

async function loadNote(request: PageRequest, deps: Parameters<Page['load']>[1]) {
  const { dag, run, taskId, mapIndex } = await placeOf(request, deps);
  return {
    ...dialogFrame(dag, 'Note'),
    template: 'note',
    view: { dag, run, taskId, mapIndex, note: run.note },
  };
}

async function loadDelete(request: PageRequest, deps: Parameters<Page['load']>[1]) {
  const { dag } = await loadDagHead(request, deps, 'details');
  const runId = request.params['runId'];
  const run = runId === undefined ? undefined : await loadRun(deps, dag.dag_id, runId);
  return {
    ...dialogFrame(dag, run ? 'Delete the run' : 'Delete the DAG'),
    template: 'delete',
    view: { dag, run },
  };
}

async function placeOf(request: PageRequest, deps: Parameters<Page['load']>[1]) {
  const { dag } = await loadDagHead(request, deps, 'details');
  const run = await loadRun(deps, dag.dag_id, request.params['runId'] as string);
  const map = Number.parseInt(request.query.get('map') ?? '', 10);
  return { dag, run, taskId: request.params['taskId'], mapIndex: Number.isNaN(map) ? null : map };
}

/** Where a dialog about a DAG stands. */
export function dialogFrame(dag: { dag_id: string; display_name: string }, title: string) {
  return {
    title: `${title}: ${dag.display_name}`,
    section: 'dags' as const,
    crumbs: [
      { label: 'DAGs', href: '/dags' },
      { label: dag.display_name, href: urls.dag(dag.dag_id) },
      { label: title },
    ],
  };
}

function defaultsOf(fields: ParamField[]): JsonObject {
  return Object.fromEntries(
    fields.filter((field) => field.value !== undefined).map((field) => [field.name, field.value ?? null]),
  );
}

/** The same trigger as programs do it. */
function commandExamples(baseUrl: string, dagId: string, conf: JsonObject) {
  const body = JSON.stringify({ logical_date: null, conf }, null, 2);
  const path = `/api/v2/dags/${encodeURIComponent(dagId)}/dagRuns`;
  return [
    {
      name: 'curl',
      text: `curl -X POST ${shellQuote(baseUrl + path)} \\\n  -H "Authorization: Bearer $MILLRACE_TOKEN" \\\n  --json ${shellQuote(body)}`,
    },
    { name: 'CLI', text: `npx millrace dags trigger ${shellQuote(dagId)} --conf ${shellQuote(JSON.stringify(conf))}` },
    {
      name: 'TypeScript',
      text: `await fetch(${JSON.stringify(baseUrl + path)}, {\n  method: 'POST',\n  headers: { authorization: \`Bearer \${token}\`, 'content-type': 'application/json' },\n  body: JSON.stringify(${body.replaceAll('\n', '\n  ')}),\n});`,
    },
  ];
}

function shellQuote(text: string): string {
  return /^[\w./:-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

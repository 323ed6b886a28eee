import { createReadStream, existsSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { type RequestHandler, Router } from 'express';
import { MillraceError } from '../kernel/errors.js';
import { runResultsPath } from '../scheduler/model/run-results.js';
import { emailById } from '../scheduler/store/queries/emails.js';
import type { AppDeps } from './deps.js';
import { knownZone, ZonedFormat } from './format.js';
import { levelOf } from './logs/log-line.js';
import { logFilesOf, logLineHtml } from './logs/log-view.js';
import { maskedLines } from './logs/masked-lines.js';
import { dashboardCsv } from './pages/dashboards.js';
import { loadRun, loadTaskInstance, readOne } from './pages/load-dag.js';
import { searchEntries } from './pages/search.js';
import { preferencesOf } from './preferences.js';

const linesMax = 2000;
const hitsMax = 5000;

/** What pages fetch beside themselves: log files and parts of them, the HTML of an e-mail. */
export function downloadRoutes(deps: AppDeps, person: RequestHandler): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const task = '/dags/:dagId/runs/:runId/tasks/:taskId';

  router.get(`${task}/log.txt`, person, async (request, response) => {
    const { path, name } = await logOf(deps, request);
    const log = await logFilesOf(deps).open(path);
    if (!log) throw new MillraceError('NOT_FOUND', 'this try has no log');
    response.set('Cache-Control', 'no-store').type('text/plain').attachment(name);
    await pipeline(createReadStream(path, 'utf8'), maskedLines(deps.masker), response).catch((error) =>
      response.destroy(error),
    );
  });

  router.get(`${task}/run_results.json`, person, async (request, response) => {
    const path = runResultsPath((await logOf(deps, request)).path);
    if (!existsSync(path)) throw new MillraceError('NOT_FOUND', 'this try has no run_results.json');
    response.set('Cache-Control', 'no-store').type('json').attachment('run_results.json');
    createReadStream(path)
      .on('error', (error) => response.destroy(error))
      .pipe(response);
  });

  router.get(`${task}/log-lines`, person, async (request, response) => {
    const { path } = await logOf(deps, request);
    const log = await logFilesOf(deps).open(path);
    response.set('Cache-Control', 'no-store');
    if (!log) return response.json({ html: '', from: 0, to: 0, total: 0, errors: [], hits: [] });
    const format = new ZonedFormat(knownZone(preferencesOf(request).zone));
    const search = request.query['q'];
    if (typeof search === 'string' && search !== '') {
      const { lines, complete } = await log.search(search, hitsMax);
      return response.json({ hits: lines, complete, total: log.lineCount });
    }
    const from = wholeNumber(request.query['from'], 1);
    const count = Math.min(linesMax, wholeNumber(request.query['count'], 500));
    const level = levelOf(request.query['level']);
    const lines = level === undefined ? await log.read(from, count) : await log.readFromLevel(from, count, level);
    response.json({
      html: lines.map((line) => logLineHtml(line, format, line.number === log.errorLines[0]).text).join(''),
      from: lines[0]?.number ?? from,
      to: lines.at(-1)?.number ?? from - 1,
      total: log.lineCount,
      errors: log.errorLines.slice(0, 200),
    });
  });

  router.get('/emails/:id/html', person, async (request, response) => {
    const email = await readOne(deps, emailById(wholeNumber(request.params['id'], -1)));
    if (!email?.html) throw new MillraceError('NOT_FOUND', 'the e-mail has no HTML');
    response
      .set(
        'Content-Security-Policy',
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox",
      )
      .set('X-Frame-Options', 'SAMEORIGIN')
      .set('Cache-Control', 'no-store')
      .type('html')
      .send(deps.masker.mask(email.html));
  });

  router.get('/dashboards/:name/:query.csv', person, async (request, response) => {
    const { name, query } = request.params as Record<string, string>;
    const csv = await dashboardCsv(deps, name as string, query as string);
    response.set('Cache-Control', 'no-store').type('text/csv').attachment(`${name}-${query}.csv`).send(csv);
  });

  router.get('/search.json', person, async (_request, response) => {
    response.set('Cache-Control', 'no-store').json(await searchEntries(deps));
  });

  return router;
}

async function logOf(deps: AppDeps, request: Parameters<RequestHandler>[0]): Promise<{ path: string; name: string }> {
  const { dagId, runId, taskId } = request.params as Record<string, string>;
  const run = await loadRun(deps, dagId as string, runId as string);
  const instance = await loadTaskInstance(deps, run, taskId as string, wholeNumber(request.query['map'], -1));
  const tryNumber = wholeNumber(request.query['try'], Math.max(1, instance.try_number));
  const place = {
    dagId: run.dag_id,
    dagRunId: run.id,
    taskId: instance.task_id,
    mapIndex: instance.map_index,
    tryNumber,
  };
  const name = `${run.dag_id}-${run.id}-${instance.task_id}-${tryNumber}.log`.replace(/[^\w.-]/g, '_');
  return { path: deps.logPath(place), name };
}

function wholeNumber(text: unknown, fallback: number): number {
  const value = typeof text === 'string' ? Number.parseInt(text, 10) : Number.NaN;
  return Number.isSafeInteger(value) ? value : fallback;
}

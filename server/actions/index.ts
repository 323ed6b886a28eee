import { type Request, type RequestHandler, type Response, Router } from 'express';
import { describeError, MillraceError } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import { sessionOf } from '../auth/guard.js';
import { safeNext } from '../auth/login.js';
import type { Sessions } from '../auth/sessions.js';
import type { AppDeps } from '../deps.js';
import { formTime } from '../form-time.js';
import { plural } from '../format.js';
import { paramFields, readParams } from '../forms/param-fields.js';
import { loadDag, loadLatestVersion } from '../pages/load-dag.js';
import { savePreferences, setFlash } from '../preferences.js';
import { urls } from '../urls.js';
import type { Act, Done, Form } from './act.js';
import { addAdminActions } from './admin.js';
import { addBackfillActions } from './backfills.js';
import { clearRequestOf, isOn, markRequestOf, requesterOf } from './requests.js';

/** The forms of the pages. Each asks the scheduler for one thing, says what came of it, and leads back to a page. */
export function actionRoutes(deps: AppDeps, person: RequestHandler, sessions: Sessions): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const run = '/dags/:dagId/runs/:runId';
  const task = `${run}/tasks/:taskId`;

  const act: Act = (path, perform) =>
    router.post(path, person, async (request, response) => {
      try {
        const { words, next } = await perform(request, response, (request.body ?? {}) as Form);
        if (words !== '') setFlash(request, response, { kind: 'good', text: words });
        response.redirect(303, next ?? backFrom(request));
      } catch (error) {
        // A refusal is an answer for the person who asked; anything else is a fault of the server.
        if (!(error instanceof MillraceError) || error.status >= 500) throw error;
        setFlash(request, response, { kind: 'bad', text: describeError(error) });
        response.redirect(303, backFrom(request));
      }
    });

  act('/preferences', async (request, response, form) => {
    savePreferences(request, response, form);
    return { words: '' };
  });
  act('/logout', async (_request, response) => {
    await sessions.close(sessionOf(response));
    response.clearCookie('millrace_session', { path: '/' });
    return { words: '', next: '/login' };
  });
  act('/dags/:dagId/pause', async (request, response, form) => {
    const paused = isOn(form['paused']);
    const dagId = param(request, 'dagId');
    await deps.commands.setPaused(dagId, paused, requesterOf(sessionOf(response)));
    return { words: `${dagId} is ${paused ? 'paused' : 'active'}` };
  });
  act('/dags/:dagId/trigger', (request, response, form) => trigger(deps, request, response, form));
  act(`${run}/clear`, async (request, response, form) => {
    const place = { dagId: param(request, 'dagId'), runId: param(request, 'runId') };
    const cleared = await deps.commands.clearDagRun(
      { ...place, onlyFailed: isOn(form['failed']), dryRun: false },
      requesterOf(sessionOf(response)),
    );
    return { words: `Cleared ${plural(cleared.length, 'task instance')}`, next: urls.run(place.dagId, place.runId) };
  });
  act(`${task}/clear`, async (request, response, form) => {
    const place = placeOf(request, form);
    const cleared = await deps.commands.clearTaskInstances(
      clearRequestOf(place, form, false),
      requesterOf(sessionOf(response)),
    );
    return { words: `Cleared ${plural(cleared.length, 'task instance')}`, next: taskUrl(place) };
  });
  act(`${run}/mark`, async (request, response, form) => {
    const [dagId, runId] = [param(request, 'dagId'), param(request, 'runId')];
    const state = form['state'] === 'failed' ? 'failed' : form['state'] === 'queued' ? 'queued' : 'success';
    await deps.commands.setDagRunState(dagId, runId, state, requesterOf(sessionOf(response)));
    return { words: `The run is marked ${state}`, next: urls.run(dagId, runId) };
  });
  act(`${task}/mark`, async (request, response, form) => {
    const place = placeOf(request, form);
    const marked = await deps.commands.markTaskInstances(
      markRequestOf(place, form, false),
      requesterOf(sessionOf(response)),
    );
    return { words: `Marked ${plural(marked.length, 'task instance')}`, next: taskUrl(place) };
  });
  act(`${run}/note`, async (request, response, form) => {
    const target = { dagId: param(request, 'dagId'), runId: param(request, 'runId') };
    await deps.commands.setNote(target, noteOf(form), requesterOf(sessionOf(response)));
    return { words: 'Noted', next: urls.run(target.dagId, target.runId) };
  });
  act(`${task}/note`, async (request, response, form) => {
    const place = placeOf(request, form);
    const target = { dagId: place.dagId, runId: place.runId, taskId: place.taskId, mapIndex: place.mapIndex ?? -1 };
    await deps.commands.setNote(target, noteOf(form), requesterOf(sessionOf(response)));
    return { words: 'Noted', next: taskUrl(place) };
  });
  act(`${run}/delete`, async (request, response) => {
    const dagId = param(request, 'dagId');
    await deps.commands.deleteDagRun(dagId, param(request, 'runId'), requesterOf(sessionOf(response)));
    return { words: 'The run is deleted', next: urls.dag(dagId) };
  });
  act('/dags/:dagId/delete', async (request, response) => {
    const dagId = param(request, 'dagId');
    await deps.commands.deleteDag(dagId, requesterOf(sessionOf(response)));
    return { words: `${dagId} and its history are deleted`, next: '/dags' };
  });
  act('/emails/:id/resend', async (request, response) => {
    await deps.commands.resendEmail(Number(param(request, 'id')), requesterOf(sessionOf(response)));
    return { words: 'The e-mail is on its way again' };
  });
  act('/data/quarantine/release', async (_request, response, form) => {
    await deps.releaseQuarantine(String(form['key'] ?? ''), requesterOf(sessionOf(response)));
    return { words: 'The next load takes it again' };
  });
  addAdminActions(act, deps);
  addBackfillActions(act, deps);
  return router;
}

async function trigger(deps: AppDeps, request: Request, response: Response, form: Form): Promise<Done> {
  const dagId = param(request, 'dagId');
  const version = await loadLatestVersion(deps, await loadDag(deps, dagId));
  const schema = version?.dag.paramsSchema ?? null;
  const conf = schema === null ? parseConf(form['conf']) : readParams(paramFields(schema, {}), form);
  const typed = String(form['logical_date'] ?? '').trim();
  const logicalDate = typed === '' ? null : formTime(typed);
  if (logicalDate === undefined) {
    throw new MillraceError('REQUEST_INVALID', `${typed} is not a time`, { hint: 'Write it as 2026-11-21T14:00.' });
  }
  const created = await deps.commands.triggerDagRun(
    { dagId, runId: null, logicalDate, dataInterval: null, runAfter: null, conf, note: noteOf(form) },
    requesterOf(sessionOf(response)),
  );
  return { words: `Triggered ${dagId}`, next: urls.run(dagId, created.runId) };
}

function parseConf(text: unknown): JsonObject {
  if (typeof text !== 'string' || text.trim() === '') return {};
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (error) {
    throw new MillraceError('REQUEST_INVALID', `the conf is not JSON: ${(error as Error).message}`);
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new MillraceError('REQUEST_INVALID', 'the conf must be a JSON object');
  }
  return value;
}

function placeOf(request: Request, form: Form) {
  const map = Number.parseInt(String(form['map'] ?? ''), 10);
  return {
    dagId: param(request, 'dagId'),
    runId: param(request, 'runId'),
    taskId: param(request, 'taskId'),
    mapIndex: Number.isNaN(map) ? null : map,
  };
}

function taskUrl(place: { dagId: string; runId: string; taskId: string; mapIndex: number | null }): string {
  return urls.task({ ...place, mapIndex: place.mapIndex ?? -1 });
}

function noteOf(form: Form): string | null {
  const note = String(form['note'] ?? '').trim();
  return note === '' ? null : note.slice(0, 1000);
}

function param(request: Request, name: string): string {
  return request.params[name] as string;
}

/** The page that the form was on: only its path, and only when it is ours. */
function backFrom(request: Request): string {
  const referer = request.headers.referer;
  if (!referer || !URL.canParse(referer)) return '/';
  const url = new URL(referer);
  return url.host === request.headers.host ? safeNext(url.pathname + url.search) : '/';
}

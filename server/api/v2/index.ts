import { type ErrorRequestHandler, type RequestHandler, Router } from 'express';
import { MillraceError } from '../../../kernel/errors.js';
import { toIso } from '../../../kernel/time.js';
import type { AppDeps } from '../../deps.js';
import { adminRoutes } from './admin.js';
import { backfillRoutes } from './backfills.js';
import { connectionRoutes } from './connections.js';
import { dagRunRoutes } from './dag-runs.js';
import { dagRoutes } from './dags.js';
import { poolRoutes } from './pools.js';
import { InvalidRequest } from './request.js';
import { taskInstanceRoutes } from './task-instances.js';
import { variableRoutes } from './variables.js';

/** Airflow's REST API v2, as far as docs/api.md says. Version and health ask for no token, everything else does. */
export function apiRoutes(deps: AppDeps, token: RequestHandler): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router.get('/version', (_request, response) => {
    response.json({ version: deps.settings.version, git_version: null });
  });
  router.get('/monitor/health', (_request, response) => {
    response.json(health(deps));
  });
  router.use(token);
  router.use(dagRoutes(deps));
  router.use(dagRunRoutes(deps));
  router.use(taskInstanceRoutes(deps));
  router.use(adminRoutes(deps));
  router.use(backfillRoutes(deps));
  router.use(connectionRoutes(deps));
  router.use(variableRoutes(deps));
  router.use(poolRoutes(deps));
  router.use((request) => {
    throw new MillraceError('NOT_FOUND', `${request.method} ${request.baseUrl}${request.path}`);
  });
  router.use(answerInvalid);
  return router;
}

function health(deps: AppDeps) {
  const { scheduler } = deps.platform();
  const beat = scheduler.lastTurnAt === null ? null : toIso(scheduler.lastTurnAt);
  const status = scheduler.healthy ? 'healthy' : 'unhealthy';
  return {
    metadatabase: { status: 'healthy' },
    scheduler: { status, latest_scheduler_heartbeat: beat },
    triggerer: { status, latest_triggerer_heartbeat: beat },
    dag_processor: { status, latest_dag_processor_heartbeat: beat },
  };
}

const answerInvalid: ErrorRequestHandler = (error, _request, response, next) => {
  if (!(error instanceof InvalidRequest)) return next(error);
  response.status(422).json({ detail: error.faults });
};

import { type RequestHandler, Router } from 'express';
import { countImportErrors } from '../scheduler/store/queries/admin.js';
import { countLiveRuns } from '../scheduler/store/queries/dag-runs.js';
import { countDags } from '../scheduler/store/queries/dags.js';
import { countEmailsByState } from '../scheduler/store/queries/emails.js';
import { countActive } from '../scheduler/store/queries/task-instances.js';
import type { AppDeps, PlatformStatus } from './deps.js';

interface Sample {
  labels?: Record<string, string>;
  value: number;
}

/** `/health` for probes, open to all: it says nothing but that the server is there. */
export function healthRoutes(deps: AppDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router.get('/health', async (_request, response) => {
    const { scheduler } = deps.platform();
    await deps.store.read(countDags({}));
    response
      .status(scheduler.healthy ? 200 : 503)
      .set('Cache-Control', 'no-store')
      .json({ status: scheduler.healthy ? 'healthy' : 'unhealthy', version: deps.settings.version });
  });
  return router;
}

/** `/metrics` for Prometheus. */
export function metricsRoutes(deps: AppDeps, scraper: RequestHandler): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router.get('/metrics', scraper, async (_request, response) => {
    response
      .set('Cache-Control', 'no-store')
      .type('text/plain; version=0.0.4')
      .send(await metricsText(deps));
  });
  return router;
}

async function metricsText(deps: AppDeps): Promise<string> {
  const platform = deps.platform();
  const [active, runs, emails, dags, importErrors] = await Promise.all([
    deps.store.read(countActive()),
    deps.store.read(countLiveRuns()),
    deps.store.read(countEmailsByState()),
    deps.store.read(countDags({})),
    deps.store.read(countImportErrors()),
  ]);
  const byState = (rows: { state: string | null; total: number }[]) =>
    rows.map((row) => ({ labels: { state: row.state ?? 'none' }, value: row.total }));
  const { cdc, generator } = platform;
  const lines = [
    metric('millrace_info', 'gauge', 'Version of the server.', [
      { labels: { version: deps.settings.version }, value: 1 },
    ]),
    metric('millrace_uptime_seconds', 'gauge', 'Seconds since the start.', [
      { value: (deps.clock.now() - platform.startedAt) / 1000 },
    ]),
    metric('millrace_scheduler_healthy', 'gauge', '1 when the scheduler answers.', [
      { value: platform.scheduler.healthy ? 1 : 0 },
    ]),
    metric('millrace_executor_slots', 'gauge', 'Attempts that can run at once.', [{ value: platform.executor.slots }]),
    metric('millrace_executor_busy_slots', 'gauge', 'Attempts that run now.', [{ value: platform.executor.busy }]),
    metric('millrace_dags', 'gauge', 'DAGs.', [{ value: dags[0]?.total ?? 0 }]),
    metric('millrace_import_errors', 'gauge', 'DAG files that cannot be imported.', [
      { value: importErrors[0]?.total ?? 0 },
    ]),
    metric('millrace_dag_runs', 'gauge', 'Live DAG runs by state.', byState(runs)),
    metric('millrace_task_instances', 'gauge', 'Live task instances by state.', byState(active)),
    metric('millrace_emails', 'gauge', 'E-mails of the outbox by state.', byState(emails)),
    ...(cdc
      ? [
          metric('millrace_cdc_lag_bytes', 'gauge', 'WAL between the source and what is durable.', [
            { value: cdc.lagBytes ?? Number.NaN },
          ]),
          metric('millrace_cdc_lag_seconds', 'gauge', 'Age of the oldest change that is not durable.', [
            { value: cdc.lagMs / 1000 },
          ]),
          metric('millrace_cdc_slot_bytes', 'gauge', 'WAL that the replication slot keeps.', [
            { value: cdc.slotBytes ?? Number.NaN },
          ]),
          metric('millrace_cdc_events_total', 'counter', 'Change events captured.', [{ value: cdc.eventsTotal }]),
          metric('millrace_cdc_objects_total', 'counter', 'Objects written.', [{ value: cdc.objectsTotal }]),
          metric('millrace_cdc_bytes_total', 'counter', 'Bytes written.', [{ value: cdc.bytesTotal }]),
          metric('millrace_cdc_streaming', 'gauge', '1 while changes are streamed.', [
            { value: cdc.state === 'streaming' ? 1 : 0 },
          ]),
        ]
      : []),
    ...(generator
      ? [
          metric('millrace_generator_rounds_total', 'counter', 'Rounds of the data generator.', [
            { value: generator.roundsTotal },
          ]),
        ]
      : []),
    ...(platform.storeBytes === null
      ? []
      : [metric('millrace_store_bytes', 'gauge', 'Size of the metadata database.', [{ value: platform.storeBytes }])]),
    ...furtherMetrics(platform.metrics ?? []),
  ];
  return `${lines.join('\n')}\n`;
}

/** A further metric may bring labels in its name; samples of one family stand together under one heading. */
function furtherMetrics(metrics: NonNullable<PlatformStatus['metrics']>): string[] {
  const families = new Map<string, string[]>();
  for (const { name, help, type, value } of metrics) {
    const family = name.replace(/\{.*$/, '');
    const lines = families.get(family) ?? [`# HELP ${family} ${help}`, `# TYPE ${family} ${type}`];
    families.set(family, [...lines, `${name} ${value}`]);
  }
  return [...families.values()].map((lines) => lines.join('\n'));
}

function metric(name: string, type: 'gauge' | 'counter', help: string, samples: Sample[]): string {
  const texts = samples.map(({ labels, value }) => {
    const pairs = Object.entries(labels ?? {}).map(
      ([key, text]) => `${key}="${text.replace(/[\\"\n]/g, (sign) => (sign === '\n' ? '\\n' : `\\${sign}`))}"`,
    );
    return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${Number.isNaN(value) ? 'NaN' : value}`;
  });
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...texts].join('\n');
}

import { liveRuns, runOutcomesSince, runsBetween } from '../../scheduler/store/queries/dag-runs.js';
import { nextRuns } from '../../scheduler/store/queries/dags.js';
import { countEmailsByState } from '../../scheduler/store/queries/emails.js';
import { countFailedSince, failedSince, stateCountsOfRuns } from '../../scheduler/store/queries/task-instances.js';
import { timelineChart } from '../charts/timeline.js';
import type { AppDeps, PlatformStatus } from '../deps.js';
import { formatBytes, formatNumber, formatRelative, type ZonedFormat } from '../format.js';
import type { Page } from '../page.js';

const hourMs = 3_600_000;
const spans = { '6h': 6 * hourMs, '24h': 24 * hourMs, '7d': 7 * 24 * hourMs } as const;
type SpanName = keyof typeof spans;
const listMax = 6;

/** What needs a person, what runs, what comes next, and the day on one axis. */
export const home: Page = {
  path: '/',
  async load(request, deps) {
    const spanName: SpanName =
      (Object.keys(spans) as SpanName[]).find((name) => name === request.query.get('span')) ?? '24h';
    const since = request.now - spans[spanName];
    const [failed, failedCount, live, next, outcomes, emails] = await Promise.all([
      deps.store.read(failedSince(since, listMax)),
      deps.store.read(countFailedSince(since)),
      deps.store.read(liveRuns(listMax)),
      deps.store.read(nextRuns(listMax)),
      deps.store.read(runOutcomesSince(since)),
      deps.store.read(countEmailsByState()),
    ]);
    const counts = await deps.store.read(stateCountsOfRuns(live.map((run) => run.id)));
    return {
      template: 'home',
      title: 'Home',
      section: 'home',
      crumbs: [{ label: 'Home' }],
      concerns: () => true,
      refreshMs: 10_000,
      view: {
        span: spanName,
        spans: Object.keys(spans),
        outcomes: ['success', 'failed', 'running', 'queued'].map((state) => ({
          state,
          total: outcomes.filter((row) => row.state === state).reduce((sum, row) => sum + row.total, 0),
        })),
        parts: partsOf(deps.platform(), emails, request.now),
        failed,
        failedCount: failedCount[0]?.total ?? 0,
        live: live.map((run) => ({ ...run, progress: progressOf(counts.filter((row) => row.dag_run_id === run.id)) })),
        next,
        timeline: await dayChart(deps, request.now, request.format),
      },
    };
  },
};

async function dayChart(deps: AppDeps, now: number, format: ZonedFormat) {
  const day = await deps.store.read(runsBetween(now - 18 * hourMs, now + 1, 1500));
  // While the history is short, the axis is: a day with all its runs in the last minutes would show one blot.
  const first = day.at(-1)?.run_after ?? now - 18 * hourMs;
  const past = Math.min(18 * hourMs, Math.max(hourMs / 2, (now - first) * 1.1));
  const [from, to] = [now - past, now + past / 3];
  const runs = day.filter((run) => run.run_after >= from);
  const planned = (await deps.store.read(nextRuns(50)))
    .filter((dag) => dag.next_run_after !== null && dag.next_run_after < to)
    .map((dag) => ({ dagId: dag.dag_id, at: dag.next_run_after as number }));
  return timelineChart({ runs, planned, from, to, now, format, rowsMax: 10 });
}

export interface Progress {
  done: number;
  total: number;
  failed: number;
}

export function progressOf(counts: { state: string | null; total: number }[]): Progress {
  const ended = new Set(['success', 'failed', 'skipped', 'upstream_failed', 'removed']);
  const sum = (rows: typeof counts) => rows.reduce((total, row) => total + row.total, 0);
  return {
    done: sum(counts.filter((row) => row.state !== null && ended.has(row.state))),
    total: sum(counts),
    failed: sum(counts.filter((row) => row.state === 'failed' || row.state === 'upstream_failed')),
  };
}

interface Part {
  name: string;
  state: 'success' | 'failed' | 'up_for_retry' | 'running' | 'none';
  word: string;
  href: string;
  lines: string[];
}

/** The parts of the system, each with the one or two facts that say how it does. */
function partsOf(platform: PlatformStatus, emails: { state: string; total: number }[], now: number): Part[] {
  return [
    schedulerPart(platform, now),
    ...cdcPart(platform),
    ...warehousePart(platform),
    ...storePart(platform),
    mailPart(platform, emails),
    {
      name: 'Workers',
      state: 'success',
      word: 'Ready',
      href: '/admin/pools',
      lines: [`${platform.executor.busy} of ${platform.executor.slots} slots busy`, 'Warm processes on this machine'],
    },
  ];
}

function schedulerPart({ scheduler }: PlatformStatus, now: number): Part {
  const turn =
    scheduler.turnMs === null
      ? ''
      : `Turn ${scheduler.turnMs < 1 ? scheduler.turnMs.toFixed(2) : formatNumber(scheduler.turnMs, 1)} ms`;
  return {
    name: 'Scheduler',
    state: scheduler.healthy ? 'success' : 'failed',
    word: scheduler.healthy ? 'Healthy' : scheduler.storeError === null ? 'Not answering' : 'Cannot write',
    href: '/admin/settings',
    lines: [
      scheduler.lastTurnAt === null ? 'No turn yet' : `Last turn ${formatRelative(scheduler.lastTurnAt, now)}`,
      scheduler.storeError ?? turn,
    ],
  };
}

function cdcPart({ cdc }: PlatformStatus): Part[] {
  if (!cdc) return [];
  const healthy = cdc.state === 'streaming' || cdc.state === 'snapshot';
  return [
    {
      name: 'Change capture',
      state: healthy
        ? 'success'
        : cdc.state === 'reconnecting'
          ? 'up_for_retry'
          : cdc.state === 'starting'
            ? 'running'
            : 'failed',
      word: cdc.state,
      href: '/data',
      lines: [
        `Lag ${cdc.lagMs < 1000 ? `${cdc.lagMs} ms` : `${(cdc.lagMs / 1000).toFixed(1)} s`} · ${formatNumber(Math.round(cdc.eventsPerSecond * 60))} events/min`,
        cdc.error ?? (cdc.slotBytes === null ? '' : `Slot keeps ${formatBytes(cdc.slotBytes)} of WAL`),
      ],
    },
  ];
}

function warehousePart({ warehouse }: PlatformStatus): Part[] {
  if (!warehouse) return [];
  return [
    {
      name: 'Warehouse',
      state: warehouse.healthy ? 'success' : 'failed',
      word: warehouse.healthy ? 'Healthy' : 'Unreachable',
      href: '/data',
      lines: [
        warehouse.kind === 'embedded' ? 'Embedded PostgreSQL' : 'PostgreSQL',
        warehouse.error ?? warehouse.address,
      ],
    },
  ];
}

function storePart({ objectStore, cdc }: PlatformStatus): Part[] {
  if (!objectStore) return [];
  return [
    {
      name: 'Object store',
      state: objectStore.healthy ? 'success' : 'failed',
      word: objectStore.healthy ? 'Healthy' : 'Unreachable',
      href: '/data/ledger',
      lines: [
        cdc ? `${formatNumber(cdc.objectsTotal)} objects, ${formatBytes(cdc.bytesTotal)} since the start` : '',
        objectStore.error ?? objectStore.url,
      ],
    },
  ];
}

function mailPart({ mail }: PlatformStatus, emails: { state: string; total: number }[]): Part {
  const count = (state: string) => emails.find((row) => row.state === state)?.total ?? 0;
  const waiting = count('waiting') + count('sending');
  return {
    name: 'Mail',
    state: count('failed') > 0 ? 'failed' : waiting > 0 ? 'up_for_retry' : 'success',
    word: count('failed') > 0 ? 'Some failed' : waiting > 0 ? 'Waiting' : 'All out',
    href: '/emails',
    lines: [
      mail.url === null
        ? `${formatNumber(count('kept'))} kept in the outbox`
        : `${formatNumber(waiting)} waiting, ${formatNumber(count('sent'))} sent`,
      mail.url === null ? 'No SMTP_URL: read them here' : mail.url,
    ],
  };
}

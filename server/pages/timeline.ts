import { runsBetween } from '../../scheduler/store/queries/dag-runs.js';
import { nextRuns } from '../../scheduler/store/queries/dags.js';
import { timelineChart } from '../charts/timeline.js';
import type { Page } from '../page.js';

const hourMs = 3_600_000;
const spans = { '1h': hourMs, '6h': 6 * hourMs, '24h': 24 * hourMs, '7d': 7 * 24 * hourMs } as const;
type SpanName = keyof typeof spans;
const runsMax = 4000;
const rowsMax = 100;

/** Every DAG's runs on one axis: what overlaps, what waits, what comes. */
export const timelinePage: Page = {
  path: '/timeline',
  async load(request, deps) {
    const span = (Object.keys(spans) as SpanName[]).find((name) => name === request.query.get('span')) ?? '6h';
    const from = request.now - spans[span];
    const to = request.now + spans[span] / 4;
    const [runs, next] = await Promise.all([
      deps.store.read(runsBetween(from, request.now + 1, runsMax)),
      deps.store.read(nextRuns(500)),
    ]);
    const planned = next.flatMap((dag) =>
      dag.next_run_after !== null && dag.next_run_after < to ? [{ dagId: dag.dag_id, at: dag.next_run_after }] : [],
    );
    return {
      template: 'timeline',
      title: 'Timeline',
      section: 'timeline',
      crumbs: [{ label: 'Timeline' }],
      concerns: (event) => event.kind === 'dag_run',
      refreshMs: 10_000,
      view: {
        span,
        spans: Object.keys(spans),
        runs: runs.length,
        cut: runs.length === runsMax,
        chart: timelineChart({ runs, planned, from, to, now: request.now, format: request.format, rowsMax }),
      },
    };
  },
};

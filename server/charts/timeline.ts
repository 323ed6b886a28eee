import { scaleLinear } from 'd3-scale';
import type { ZonedFormat } from '../format.js';
import { formatDuration } from '../format.js';
import { type Html, html } from '../html.js';
import { stateWord } from '../states.js';
import { urls } from '../urls.js';

export interface TimelineRun {
  dag_id: string;
  run_id: string;
  state: string;
  run_after: number;
  started_at: number | null;
  ended_at: number | null;
}

const label = 176;
const width = 1136;
const row = 30;
const head = 28;
const barWidthMin = 4;

/** Runs of several DAGs as bars on one axis of time, planned ones dashed, a line at the present. */
export function timelineChart(chart: {
  runs: TimelineRun[];
  planned: { dagId: string; at: number }[];
  from: number;
  to: number;
  now: number;
  format: ZonedFormat;
  rowsMax: number;
}): Html {
  const x = scaleLinear()
    .domain([chart.from, chart.to])
    .range([label, width - 8]);
  const dagIds = rowsOf(chart).slice(0, chart.rowsMax);
  const height = head + dagIds.length * row + 8;
  const lines = ticksBetween(chart.from, chart.to);
  return html`<svg class="chart timeline" viewBox="0 0 ${width} ${height}" role="img" aria-label="Runs by DAG from ${chart.format.format(chart.from, 'short')} to ${chart.format.format(chart.to, 'short')}">
${lines.map((at) => html`<path class="grid-line" d="M${round(x(at))} ${head - 6}V${height}"/><text class="tick" x="${round(x(at))}" y="14" text-anchor="middle">${chart.format.format(at, chart.to - chart.from > 3 * 86_400_000 ? 'day' : 'minute')}</text>`)}
${dagIds.map((dagId, index) => timelineRow(chart, dagId, head + index * row, x))}
${nowLine(round(x(chart.now)), height, chart.format.format(chart.now, 'minute'))}
</svg>`;
}

function timelineRow(
  chart: Parameters<typeof timelineChart>[0],
  dagId: string,
  top: number,
  x: (at: number) => number,
): Html {
  const middle = top + row / 2;
  const runs = chart.runs.filter((run) => run.dag_id === dagId);
  const planned = chart.planned.filter((plan) => plan.dagId === dagId);
  return html`<g><path class="grid-line" d="M0 ${top + row}H${width - 8}"/><a href="${urls.dag(dagId)}"><text class="row-label" x="0" y="${middle + 4}">${cut(dagId, 26)}<title>${dagId}</title></text></a>
${runs.map((run) => runBar(chart, run, middle, x))}
${planned.map((plan) => html`<rect class="bar planned" x="${round(x(plan.at))}" y="${middle - 7}" width="5" height="14" rx="2"><title>planned ${chart.format.format(plan.at, 'short')}</title></rect>`)}</g>`;
}

function runBar(
  chart: Parameters<typeof timelineChart>[0],
  run: TimelineRun,
  middle: number,
  x: (at: number) => number,
): Html {
  const start = Math.max(run.started_at ?? run.run_after, chart.from);
  const end = Math.min(run.ended_at ?? (run.state === 'queued' ? start : chart.now), chart.to);
  const left = x(start);
  const size = Math.max(barWidthMin, x(end) - left);
  const loud = run.state === 'failed';
  const words = `${run.dag_id} ${chart.format.format(run.run_after, 'short')}: ${stateWord(run.state)}, ${formatDuration(run.started_at === null ? null : (run.ended_at ?? chart.now) - run.started_at)}`;
  const cross = html`<path class="cross" d="m${round(left + size / 2 - 2.5)} ${middle - 2.5} 5 5m0-5-5 5"/>`;
  return html`<a href="${urls.run(run.dag_id, run.run_id)}" aria-label="${words}"><rect class="bar b-${run.state}" x="${round(left)}" y="${middle - (loud ? 8 : 7)}" width="${round(loud ? Math.max(size, 8) : size)}" height="${loud ? 16 : 14}" rx="2"><title>${words}</title></rect>${loud ? cross : ''}</a>`;
}

function nowLine(x: number, height: number, text: string): Html {
  return html`<path class="now" d="M${x} 20V${height}"/><rect class="now-pill" x="${x - 20}" y="2" width="40" height="18" rx="9"/><text class="now-text" x="${x}" y="15" text-anchor="middle">${text}</text>`;
}

/** DAGs with something to show, those with failures first, then by their latest run. */
function rowsOf(chart: { runs: TimelineRun[]; planned: { dagId: string; at: number }[] }): string[] {
  const order: string[] = [];
  for (const id of [...chart.runs.map((run) => run.dag_id), ...chart.planned.map((plan) => plan.dagId)]) {
    if (!order.includes(id)) order.push(id);
  }
  return order;
}

function ticksBetween(from: number, to: number): number[] {
  const hour = 3_600_000;
  const step =
    [1, 2, 4, 6, 12, 24, 48, 168].map((hours) => hours * hour).find((size) => (to - from) / size <= 13) ?? 168 * hour;
  const ticks: number[] = [];
  for (let at = Math.ceil(from / step) * step; at < to; at += step) ticks.push(at);
  return ticks;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function cut(text: string, charsMax: number): string {
  return text.length <= charsMax ? text : `${text.slice(0, charsMax - 1)}…`;
}

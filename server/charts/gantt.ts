import { scaleLinear } from 'd3-scale';
import { formatDuration, type ZonedFormat } from '../format.js';
import { type Html, html } from '../html.js';
import { stateWord } from '../states.js';

export interface GanttRow {
  label: string;
  title: string;
  href: string;
  depth: number;
  bars: { state: string; queuedAt: number | null; startedAt: number; endedAt: number | null; tryNumber: number }[];
}

const label = 300;
const width = 1136;
const row = 24;
const head = 26;

/** The time of one run: each task's wait in the queue (hatched) and its tries, under one axis. */
export function ganttChart(
  rows: GanttRow[],
  options: { from: number; to: number; now: number; format: ZonedFormat },
): Html {
  const { from, now, format } = options;
  const to = Math.max(options.to, from + 10);
  const x = scaleLinear()
    .domain([from, to])
    .range([label, width - 72]);
  const height = head + rows.length * row + 6;
  return html`<svg class="chart gantt" viewBox="0 0 ${width} ${height}" role="group" aria-label="Gantt">
<defs><pattern id="wait" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="hatch" d="M0 0V5"/></pattern></defs>
${x.ticks(8).map((tick) => html`<path class="grid-line" d="M${round(x(tick))} ${head - 6}V${height}"/><text class="tick" x="${round(x(tick))}" y="14" text-anchor="middle">+${formatDuration(tick - from)}<title>${format.format(tick, 'time')}</title></text>`)}
${rows.map((item, index) => ganttRow(item, head + index * row, x, now, format))}</svg>`;
}

function ganttRow(item: GanttRow, top: number, x: (at: number) => number, now: number, format: ZonedFormat): Html {
  const last = item.bars.at(-1);
  const end = last ? (last.endedAt ?? now) : null;
  return html`<a href="${item.href}"><rect class="row-hover" x="0" y="${top}" width="${width}" height="${row}"/><text class="row-label" x="${item.depth * 12}" y="${top + 16}">${cut(item.label, 44 - item.depth * 2)}<title>${item.title}</title></text>
${item.bars.map((bar) => {
  const start = x(bar.startedAt);
  const size = Math.max(2, x(bar.endedAt ?? now) - start);
  const wait =
    bar.queuedAt !== null && bar.queuedAt < bar.startedAt
      ? html`<rect class="wait" x="${round(x(bar.queuedAt))}" y="${top + 6}" width="${round(Math.max(0, start - x(bar.queuedAt)))}" height="12" fill="url(#wait)"/>`
      : '';
  return html`${wait}<rect class="bar b-${bar.state}" x="${round(start)}" y="${top + 5}" width="${round(size)}" height="14" rx="2"><title>try ${bar.tryNumber}: ${stateWord(bar.state)}, ${format.format(bar.startedAt, 'time')}, ${formatDuration((bar.endedAt ?? now) - bar.startedAt)}</title></rect>`;
})}${last && end !== null ? html`<text class="tick" x="${round(x(end) + 6)}" y="${top + 16}">${formatDuration(end - last.startedAt)}</text>` : ''}</a>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function cut(text: string, charsMax: number): string {
  return text.length <= charsMax ? text : `…${text.slice(text.length - charsMax + 1)}`;
}

import { formatDuration } from '../format.js';
import { type Html, html } from '../html.js';
import type { PageRequest } from '../page.js';
import { stateWord } from '../states.js';
import { durationOf, type Usual } from '../statistics.js';

const width = 336;
const height = 56;
const base = 42;

/** A task's duration in the latest runs, oldest left, with its median dashed. */
export function historyBars(
  rows: { run_after: number; state: string | null; started_at: number | null; ended_at: number | null }[],
  normal: Usual,
  request: PageRequest,
): Html {
  const first = rows[0];
  const last = rows.at(-1);
  if (!first || !last) return html``;
  const durations = rows.map((row) => durationOf(row, request.now) ?? 0);
  const longest = Math.max(1, ...durations, normal.p95 ?? 0);
  const pitch = Math.min(15, width / rows.length);
  const left = width - pitch * rows.length;
  const medianY = normal.median === null ? null : base - (normal.median / longest) * (base - 8);
  return html`<svg class="chart history" viewBox="0 0 ${width} ${height}" role="img" aria-label="Duration in the latest ${rows.length} runs">
${rows.map((row, index) => bar(row, durations[index] ?? 0, left + index * pitch, pitch, longest, request))}
${medianY === null ? '' : html`<path class="dash" d="M${left} ${round(medianY)}H${width}"/>`}
<path class="axis" d="M${left} ${base + 0.5}H${width}"/>
<text class="tick" x="${left}" y="${height - 2}">${request.format.near(first.run_after, request.now)}</text><text class="tick" x="${width}" y="${height - 2}" text-anchor="end">${request.format.near(last.run_after, request.now)}</text></svg>`;
}

function bar(
  row: { run_after: number; state: string | null },
  duration: number,
  x: number,
  pitch: number,
  longest: number,
  request: PageRequest,
): Html {
  const size = Math.max(2, (duration / longest) * (base - 8));
  const y = base - size;
  const cross =
    row.state === 'failed'
      ? html`<path class="cross" d="m${round(x + pitch / 2 - 2.5)} ${round(y - 6)} 4 4m0-4-4 4"/>`
      : '';
  return html`<g><rect class="b-${row.state ?? 'none'}" x="${round(x + 1)}" y="${round(y)}" width="${round(Math.max(1.5, pitch - 4))}" height="${round(size)}" rx="1"><title>${request.format.near(row.run_after, request.now)}: ${stateWord(row.state)}, ${formatDuration(duration)}</title></rect>${cross}</g>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

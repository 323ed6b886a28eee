import type { DagRunRow } from '../../scheduler/store/queries/dag-runs.js';
import type { ZonedFormat } from '../format.js';
import { formatDuration } from '../format.js';
import { type Html, html } from '../html.js';
import { stateWord } from '../states.js';
import { durationOf, type Usual } from '../statistics.js';

const height = 72;
const pitch = 22;
const barWidth = 14;
const top = 10;

/**
 * The bar over one column: its height is the run's duration on the scale of the visible runs, its hatched foot the wait
 * in the queue; the dashed lines are the median and the 95th percentile. Drawn in a box of 22 x 72 that CSS may stretch.
 */
export function gridBar(run: DagRunRow, scaleMs: number, normal: Usual, now: number): Html {
  const duration = durationOf(run, now);
  const wait = run.queued_at !== null && run.started_at !== null ? Math.max(0, run.started_at - run.queued_at) : 0;
  const full = (duration ?? 0) + wait;
  const room = height - top;
  const size = full === 0 ? 2 : Math.max(2, (full / scaleMs) * room);
  const foot = full === 0 ? 0 : Math.min(size, (wait / scaleMs) * room);
  const y = height - size;
  const slow = duration !== null && normal.slowFrom !== null && duration > normal.slowFrom;
  const marks =
    run.state === 'failed'
      ? html`<path class="cross" d="m8.4 ${y - 7.5} 5.2 5.2m0-5.2-5.2 5.2"/>`
      : slow
        ? html`<path class="slow" d="m11 ${y - 8} 4 6H7z"/>`
        : '';
  return html`<svg viewBox="0 0 ${pitch} ${height}" preserveAspectRatio="none" aria-hidden="true">${line(normal.p95, scaleMs)}${line(normal.median, scaleMs)}<rect class="b-${run.state}" x="4" y="${round(y)}" width="${barWidth}" height="${round(size)}" rx="1.5"/>${foot >= 1 ? html`<rect class="foot" x="4" y="${round(height - foot)}" width="${barWidth}" height="${round(foot)}"/>` : ''}${marks}</svg>`;
}

/** The duration at the top of the bars: the longest of the visible runs, or what is usual when that is more. */
export function barScale(runs: DagRunRow[], normal: Usual, now: number): number {
  const longest = Math.max(
    0,
    ...runs.map(
      (run) =>
        (durationOf(run, now) ?? 0) + Math.max(0, (run.started_at ?? 0) - (run.queued_at ?? run.started_at ?? 0)),
    ),
  );
  return Math.max(longest, normal.p95 ?? 0, 1);
}

/** What the bar says in words, for its title. */
export function barTitle(run: DagRunRow, format: ZonedFormat, now: number): string {
  return `${format.near(run.run_after, now)} · ${stateWord(run.state)} · ${formatDuration(durationOf(run, now))} · v${run.version_number}`;
}

function line(value: number | null, scaleMs: number): Html | '' {
  if (value === null) return '';
  const y = round(height - (value / scaleMs) * (height - top));
  return html`<path class="dash" d="M0 ${y}H${pitch}"/>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

import { scaleLinear } from 'd3-scale';
import { utcDate } from '../../kernel/time.js';
import { formatDuration, type ZonedFormat } from '../format.js';
import { type Html, html } from '../html.js';

export interface CalendarDay {
  /** Midnight UTC. */
  at: number;
  success: number;
  failed: number;
  live: number;
  /** Planned, not yet run. */
  planned: number;
}

const dayMs = 86_400_000;
const cell = 14;
const pitch = 17;
const left = 34;
const top = 22;

/** A year of days as squares, weeks as columns: green as many runs as succeeded, red where one failed. */
export function calendarChart(
  days: CalendarDay[],
  options: { from: number; to: number; format: ZonedFormat; href(at: number): string },
): Html {
  const byDay = new Map(days.map((day) => [day.at, day]));
  const start = options.from - ((weekdayOf(options.from) + 6) % 7) * dayMs;
  const weeks = Math.ceil((options.to - start) / (7 * dayMs));
  const most = Math.max(1, ...days.map((day) => day.success));
  const strength = scaleLinear().domain([1, most]).range([0.35, 1]).clamp(true);
  const columns = Array.from({ length: weeks }, (_, week) => start + week * 7 * dayMs);
  return html`<svg class="chart calendar" width="${left + weeks * pitch}" height="${top + 7 * pitch}" viewBox="0 0 ${left + weeks * pitch} ${top + 7 * pitch}" role="group" aria-label="Runs by day">
${['Mon', 'Wed', 'Fri'].map((name, index) => html`<text class="tick" x="0" y="${top + index * 2 * pitch + 11}">${name}</text>`)}
${columns.map((at, week) => (dayOfMonth(at) <= 7 ? html`<text class="tick" x="${left + week * pitch}" y="12">${options.format.format(at, 'day').replace(/^\d+ /, '')}</text>` : ''))}
${columns.flatMap((weekAt, week) => Array.from({ length: 7 }, (_, day) => square(byDay.get(weekAt + day * dayMs), weekAt + day * dayMs, left + week * pitch, top + day * pitch)))}</svg>`;

  function square(day: CalendarDay | undefined, at: number, x: number, y: number): Html | '' {
    if (at < options.from || at >= options.to) return '';
    const parts = day
      ? [
          day.success && `${day.success} succeeded`,
          day.failed && `${day.failed} failed`,
          day.live && `${day.live} under way`,
          day.planned && `${day.planned} planned`,
        ].filter(Boolean)
      : [];
    const words = `${options.format.format(at + dayMs / 2, 'date')}: ${parts.join(', ') || 'no run'}`;
    const kind = day?.failed
      ? 'b-failed'
      : day?.success
        ? 'b-success'
        : day?.live
          ? 'b-running'
          : day?.planned
            ? 'planned'
            : 'no-run';
    const faint = kind === 'b-success' ? html` opacity="${strength(day?.success ?? 1).toFixed(2)}"` : '';
    return html`<a href="${options.href(at)}" aria-label="${words}"><rect class="${kind}" x="${x}" y="${y}" width="${cell}" height="${cell}" rx="2.5"${faint}><title>${words}</title></rect></a>`;
  }
}

/** 0 = Sunday. The epoch was a Thursday. */
function weekdayOf(at: number): number {
  return (Math.floor(at / dayMs) + 4) % 7;
}

function dayOfMonth(at: number): number {
  return Number(utcDate(at).slice(8));
}

/** How long runs took, the newest right, as bars: the same drawing for a DAG and for one of its tasks. */
export function durationBars(
  runs: { at: number; tookMs: number; waitMs: number; state: string; href: string }[],
  options: { format: ZonedFormat; median: number | null; height: number },
): Html {
  const width = 1100;
  const base = options.height - 22;
  const y = scaleLinear()
    .domain([0, Math.max(1, ...runs.map((run) => run.tookMs + run.waitMs), options.median ?? 0)])
    .nice(4)
    .range([base, 12]);
  const step = Math.min(40, (width - 70) / Math.max(1, runs.length));
  const every = Math.max(1, Math.ceil(runs.length / 12));
  return html`<svg class="chart" viewBox="0 0 ${width} ${options.height}" role="group" aria-label="Durations">
${y.ticks(4).map((tick) => html`<path class="${tick === 0 ? 'axis' : 'grid-line'}" d="M64 ${Math.round(y(tick)) + 0.5}H${width}"/><text class="tick" x="56" y="${Math.round(y(tick)) + 4}" text-anchor="end">${formatDuration(tick)}</text>`)}
${runs.map((run, index) => {
  const x = 66 + index * step;
  const top = y(run.tookMs + run.waitMs);
  return html`<a href="${run.href}"><rect class="b-${run.state}" x="${x.toFixed(1)}" y="${top.toFixed(1)}" width="${Math.max(1.5, step - 4).toFixed(1)}" height="${Math.max(1, base - top).toFixed(1)}" rx="1.5"><title>${options.format.format(run.at, 'short')}: ${formatDuration(run.tookMs)}${run.waitMs > 0 ? `, waited ${formatDuration(run.waitMs)}` : ''}</title></rect></a>${index % every === 0 ? html`<text class="tick" x="${x.toFixed(1)}" y="${options.height - 6}">${options.format.format(run.at, 'minute')}</text>` : ''}`;
})}
${options.median === null ? '' : html`<path class="dash" d="M64 ${y(options.median).toFixed(1)}H${width}"/>`}</svg>`;
}

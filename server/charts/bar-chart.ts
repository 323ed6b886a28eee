import { max } from 'd3-array';
import { scaleBand, scaleLinear } from 'd3-scale';
import type { NumberFormat } from '../dashboards/number-format.js';
import { type Html, html } from '../html.js';

export interface Bar {
  label: string;
  value: number | null;
}

const barsMax = 60;

/** Bars from zero, each with its value. Horizontal ones take names of any length. */
export function barChart(bars: Bar[], options: { numbers: NumberFormat; horizontal: boolean; width: number }): Html {
  const shown = bars.slice(0, barsMax);
  return options.horizontal ? lying(shown, options) : standing(shown, options);
}

function standing(bars: Bar[], { numbers, width }: { numbers: NumberFormat; width: number }): Html {
  const height = 240;
  const x = scaleBand(
    bars.map((_, index) => index),
    [48, width - 8],
  ).padding(0.42);
  const y = scaleLinear()
    .domain([Math.min(0, ...bars.map((bar) => bar.value ?? 0)), max(bars, (bar) => bar.value ?? 0) || 1])
    .nice(4)
    .range([height - 26, 22]);
  const zero = y(0);
  return html`<svg class="chart" viewBox="0 0 ${width} ${height}" role="img" aria-label="${bars.map((bar) => bar.label).join(', ')}">
${y.ticks(4).map((tick) => html`<path class="${tick === 0 ? 'axis' : 'grid-line'}" d="M48 ${Math.round(y(tick)) + 0.5}H${width - 8}"/><text class="tick" x="40" y="${Math.round(y(tick)) + 4}" text-anchor="end">${numbers.short(tick)}</text>`)}
${bars.map((bar, index) => {
  const left = x(index) ?? 0;
  const value = bar.value ?? 0;
  const top = Math.min(zero, y(value));
  const middle = (left + x.bandwidth() / 2).toFixed(1);
  return html`<rect class="mark series-3" x="${left.toFixed(1)}" y="${top.toFixed(1)}" width="${x.bandwidth().toFixed(1)}" height="${Math.abs(zero - y(value)).toFixed(1)}" rx="2"><title>${bar.label}: ${numbers.full(value)}</title></rect><text class="strong" x="${middle}" y="${(top - 6).toFixed(1)}" text-anchor="middle">${bar.value === null ? '—' : numbers.short(value)}</text><text x="${middle}" y="${height - 8}" text-anchor="middle">${cut(bar.label, Math.max(4, Math.floor(x.step() / 6.2)))}</text>`;
})}</svg>`;
}

function lying(bars: Bar[], { numbers, width }: { numbers: NumberFormat; width: number }): Html {
  const pitch = 24;
  const label = 118;
  const height = Math.max(pitch, bars.length * pitch) + 4;
  const x = scaleLinear()
    .domain([0, max(bars, (bar) => bar.value ?? 0) || 1])
    .range([0, width - label - 72]);
  return html`<svg class="chart" viewBox="0 0 ${width} ${height}" role="img" aria-label="${bars.map((bar) => bar.label).join(', ')}">
${bars.map((bar, index) => {
  const top = index * pitch + 4;
  const value = Math.max(0, bar.value ?? 0);
  return html`<text x="0" y="${top + 12}">${cut(bar.label, 18)}<title>${bar.label}</title></text><rect class="track" x="${label}" y="${top}" width="${width - label - 72}" height="16" rx="2"/><rect class="mark series-1" x="${label}" y="${top}" width="${Math.max(1, x(value)).toFixed(1)}" height="16" rx="2"><title>${bar.label}: ${numbers.full(bar.value ?? 0)}</title></rect><text class="strong" x="${width}" y="${top + 12}" text-anchor="end">${bar.value === null ? '—' : numbers.short(bar.value)}</text>`;
})}<path class="axis" d="M${label - 0.5} 0V${height}"/></svg>`;
}

function cut(text: string, charsMax: number): string {
  return text.length <= charsMax ? text : `${text.slice(0, charsMax - 1)}…`;
}

import { extent, max, median } from 'd3-array';
import { type ScaleLinear, scaleLinear, scaleUtc } from 'd3-scale';
import { area, line } from 'd3-shape';
import type { NumberFormat } from '../dashboards/number-format.js';
import type { ZonedFormat } from '../format.js';
import { type Html, html } from '../html.js';

export interface Series {
  name: string;
  points: { x: number; y: number | null; label: string }[];
}

interface LineOptions {
  numbers: NumberFormat;
  format: ZonedFormat;
  /** x is an instant. */
  time: boolean;
  area: boolean;
  /** Pixels that the drawing is made for. */
  width: number;
}

const height = 240;
const margin = { left: 52, right: 84, top: 22, bottom: 26 };

/** Lines over time or over a number, from zero, the last and the highest value labelled, gaps left open. */
export function lineChart(series: Series[], options: LineOptions): Html {
  const { width } = options;
  const all = series.flatMap((item) => item.points);
  const [first, last] = extent(all, (point) => point.x);
  if (first === undefined || last === undefined) return html``;
  const domain = first === last ? [first - 1_800_000, last + 1_800_000] : [first, last];
  const range = [margin.left, width - margin.right];
  const x = options.time ? scaleUtc(domain, range) : scaleLinear(domain, range);
  const y = scaleLinear()
    .domain([Math.min(0, ...all.map((point) => point.y ?? 0)), max(all, (point) => point.y ?? 0) || 1])
    .nice(4)
    .range([height - margin.bottom, margin.top]);
  const at = (value: number) => Number(x(value));
  return html`<svg class="chart" viewBox="0 0 ${width} ${height}" role="img" aria-label="${series.map((item) => item.name).join(', ')}">
${gridLines(y, width, options.numbers)}
${xTicks(x, first, last, width, options)}
${series.length === 1 ? medianLine(series[0] as Series, y, width, options.numbers) : ''}
${series.map((item, index) => drawSeries(item, index, { at, y, area: options.area, numbers: options.numbers, named: series.length > 1, width }))}</svg>`;
}

function gridLines(y: ScaleLinear<number, number>, width: number, numbers: NumberFormat): Html[] {
  return y.ticks(4).map((tick) => {
    const place = Math.round(y(tick)) + 0.5;
    return html`<path class="${tick === 0 ? 'axis' : 'grid-line'}" d="M${margin.left} ${place}H${width - margin.right}"/><text class="tick" x="${margin.left - 8}" y="${place + 3.5}" text-anchor="end">${numbers.short(tick)}</text>`;
  });
}

function xTicks(
  x: { ticks(count: number): (Date | number)[]; (value: number): unknown },
  first: number,
  last: number,
  width: number,
  { time, format, numbers }: LineOptions,
): Html[] {
  const day = 86_400_000;
  const style = last - first > 3 * day ? 'day' : last - first > day ? 'short' : 'minute';
  return x.ticks(Math.max(2, Math.floor((width - margin.left - margin.right) / 74))).map((tick) => {
    const value = Number(tick);
    return html`<text class="tick" x="${Number(x(value)).toFixed(1)}" y="${height - 6}" text-anchor="middle">${time ? format.format(value, style) : numbers.short(value)}</text>`;
  });
}

function medianLine(series: Series, y: ScaleLinear<number, number>, width: number, numbers: NumberFormat): Html | '' {
  const middle = median(series.points, (point) => point.y ?? undefined);
  if (middle === undefined || series.points.length < 5) return '';
  const place = y(middle).toFixed(1);
  const last = series.points.at(-1)?.y ?? 0;
  const near = Math.abs(y(middle) - y(last ?? 0)) < 13;
  const words = near
    ? ''
    : html`<text class="tick" x="${width - margin.right + 8}" y="${Number(place) + 3.5}">median ${numbers.short(middle)}</text>`;
  return html`<path class="dash" d="M${margin.left} ${place}H${width - margin.right}"/>${words}`;
}

interface Drawing {
  at(x: number): number;
  y: ScaleLinear<number, number>;
  area: boolean;
  numbers: NumberFormat;
  named: boolean;
  width: number;
}

function drawSeries(
  { name, points }: Series,
  index: number,
  { at, y, area: filled, numbers, named, width }: Drawing,
): Html {
  type Point = Series['points'][number];
  const drawn = (point: Point) => point.y !== null;
  const path = line<Point>()
    .defined(drawn)
    .x((point) => at(point.x))
    .y((point) => y(point.y ?? 0))
    .digits(1)(points);
  const under = area<Point>()
    .defined(drawn)
    .x((point) => at(point.x))
    .y0(y(0))
    .y1((point) => y(point.y ?? 0))
    .digits(1)(points);
  const known = points.filter(drawn);
  const last = known.at(-1);
  const peak = known.reduce<Point | undefined>(
    (top, point) => ((point.y ?? 0) > (top?.y ?? Number.NEGATIVE_INFINITY) ? point : top),
    undefined,
  );
  const colour = `series-${(index % 6) + 1}`;
  const dot = (point: Point | undefined) =>
    point
      ? html`<circle class="${colour}" cx="${at(point.x).toFixed(1)}" cy="${y(point.y ?? 0).toFixed(1)}" r="3"/>`
      : '';
  return html`<g>${filled ? html`<path class="area ${colour}" d="${under}"/>` : ''}<path class="line ${colour}" d="${path}"/>${dot(last)}
${last ? html`<text class="strong" x="${Math.min(width - margin.right + 8, at(last.x) + 8)}" y="${(y(last.y ?? 0) + 4).toFixed(1)}">${named ? `${name} ` : ''}${numbers.short(last.y ?? 0)}</text>` : ''}
${!named && peak && peak !== last ? html`${dot(peak)}<text class="strong" x="${at(peak.x).toFixed(1)}" y="${(y(peak.y ?? 0) - 8).toFixed(1)}" text-anchor="middle">${numbers.short(peak.y ?? 0)}</text>` : ''}
${points.length <= 400 ? known.map((point) => html`<circle class="hover" cx="${at(point.x).toFixed(1)}" cy="${y(point.y ?? 0).toFixed(1)}" r="7"><title>${point.label}: ${numbers.full(point.y ?? 0)}</title></circle>`) : ''}</g>`;
}

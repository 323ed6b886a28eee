import { extent } from 'd3-array';
import { scaleLinear } from 'd3-scale';
import { area, line } from 'd3-shape';
import { type Html, html } from '../html.js';

const width = 84;
const height = 28;

/** The course of a number in a few pixels: its shape, not its size. */
export function sparkline(values: (number | null)[]): Html | '' {
  const points = values
    .map((value, index) => ({ value, index }))
    .filter((point): point is { value: number; index: number } => point.value !== null);
  const [low, high] = extent(points, (point) => point.value);
  const last = points.at(-1);
  if (points.length < 2 || low === undefined || high === undefined || !last) return '';
  const x = scaleLinear()
    .domain([0, values.length - 1])
    .range([2, width - 4]);
  const y = scaleLinear()
    .domain(low === high ? [low - 1, high + 1] : [low, high])
    .range([height - 4, 4]);
  const place = { x: (point: { index: number }) => x(point.index), y: (point: { value: number }) => y(point.value) };
  const path = line<(typeof points)[number]>().x(place.x).y(place.y).digits(1)(points);
  const under = area<(typeof points)[number]>().x(place.x).y0(height).y1(place.y).digits(1)(points);
  return html`<svg class="spark" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" aria-hidden="true"><path class="area" d="${under}"/><path class="line" d="${path}"/><circle cx="${x(last.index).toFixed(1)}" cy="${y(last.value).toFixed(1)}" r="2"/></svg>`;
}

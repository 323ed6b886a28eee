import { barChart } from '../charts/bar-chart.js';
import { lineChart } from '../charts/line-chart.js';
import { sparkline } from '../charts/sparkline.js';
import type { ColumnType, QueryResult } from '../deps.js';
import type { ZonedFormat } from '../format.js';
import { formatNumber } from '../format.js';
import { type Html, html } from '../html.js';
import { numberFormat } from './number-format.js';
import type { ComponentName } from './parse-dashboard.js';

export interface DrawnPart {
  kind: 'big-value' | 'chart' | 'table' | 'message';
  title: string;
  subtitle: string;
  /** What is drawn. */
  body: Html;
  /** Columns of 12 that it takes. */
  width: number;
  /** At the right of the head: a total. */
  aside: string;
}

/** Draws one component from the result of its query. What does not fit is said in place of the drawing. */
export function drawPart(
  component: ComponentName,
  options: Record<string, string>,
  result: QueryResult,
  place: { format: ZonedFormat; columns: number },
): DrawnPart {
  const { format } = place;
  const title = options['title'] ?? '';
  const frame = { title, subtitle: options['subtitle'] ?? '', aside: '', width: place.columns };
  const missing = ['x', 'y', 'value', 'series', 'sparkline', 'comparison']
    .map((name) => options[name])
    .flatMap((names) => names?.split(',').map((name) => name.trim()) ?? [])
    .filter((name) => !result.columns.some((column) => column.name === name));
  if (missing.length > 0) {
    return {
      ...frame,
      kind: 'message',
      body: html`<p class="error-text">The query has no column ${missing.join(', ')}.</p>`,
    };
  }
  if (component === 'BigValue') return { ...frame, kind: 'big-value', body: bigValue(options, result, format) };
  if (component === 'DataTable') return { ...frame, kind: 'table', body: html`` };
  if (result.rows.length === 0) return { ...frame, kind: 'message', body: html`<p class="quiet">No rows yet.</p>` };
  return { ...frame, kind: 'chart', ...drawChart(component, options, result, place) };
}

function drawChart(
  component: ComponentName,
  options: Record<string, string>,
  result: QueryResult,
  { format, columns }: { format: ZonedFormat; columns: number },
) {
  const x = columnOf(result, options['x'] ?? '') ?? 0;
  const ys = (options['y'] ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
  const numbers = numberFormat(options['fmt']);
  const series = ys.map((name) => ({ name, values: valuesOf(result, name) }));
  if (component === 'BarChart') {
    const items = result.rows.map((row, index) => ({
      label: labelOf(row[x], result.columns[x]?.type, format),
      value: series[0]?.values[index] ?? null,
    }));
    const horizontal = options['swapXY'] === 'true';
    return { body: bothWidths(columns, (width) => barChart(items, { numbers, horizontal, width })), aside: '' };
  }
  const points = splitSeries(options, result, x, series);
  const time = result.columns[x]?.type === 'time';
  const area = component === 'AreaChart' || points.length === 1;
  const body = bothWidths(columns, (width) => lineChart(points, { numbers, format, time, area, width }));
  const total = points.length === 1 ? points[0]?.points.reduce((sum, point) => sum + (point.y ?? 0), 0) : undefined;
  return { body, aside: total === undefined ? '' : `Total ${numbers.full(total)}` };
}

/** One line a value column, or one a value of the `series` column. */
function splitSeries(
  options: Record<string, string>,
  result: QueryResult,
  x: number,
  series: { name: string; values: (number | null)[] }[],
) {
  const by = options['series'] === undefined ? undefined : columnOf(result, options['series']);
  const time = result.columns[x]?.type === 'time';
  const position = (row: QueryResult['rows'][number], index: number) => {
    const at = time ? Date.parse(isoOf(String(row[x]))) : Number(row[x]);
    return Number.isNaN(at) ? index : at;
  };
  if (by === undefined) {
    return series.map(({ name, values }) => ({
      name: name.replaceAll('_', ' '),
      points: result.rows.map((row, index) => ({
        x: position(row, index),
        y: values[index] ?? null,
        label: String(row[x]),
      })),
    }));
  }
  const names = [...new Set(result.rows.map((row) => String(row[by])))].slice(0, 6);
  return names.map((name) => ({
    name,
    points: result.rows.flatMap((row, index) =>
      String(row[by]) === name
        ? [{ x: position(row, index), y: series[0]?.values[index] ?? null, label: String(row[x]) }]
        : [],
    ),
  }));
}

function bigValue(options: Record<string, string>, result: QueryResult, format: ZonedFormat): Html {
  const numbers = numberFormat(options['fmt']);
  const last = result.rows.at(options['sparkline'] ? -1 : 0);
  const column = columnOf(result, options['value'] ?? '') ?? 0;
  const raw = last?.[column];
  const number = toNumber(raw);
  const value =
    raw === undefined || raw === null
      ? '—'
      : number === null
        ? labelOf(raw, result.columns[column]?.type, format)
        : numbers.full(number);
  const spark = options['sparkline'] ? sparkline(valuesOf(result, options['value'] ?? '')) : '';
  const change = options['comparison']
    ? changeWords(number, toNumber(last?.[columnOf(result, options['comparison']) ?? 0]), numbers.full)
    : '';
  return html`<div class="row"><span class="value" title="${number === null ? value : formatNumber(number)}">${value}</span>${spark}</div>${change}`;
}

function changeWords(value: number | null, before: number | null, words: (value: number) => string): Html | '' {
  if (value === null || before === null || before === 0) return '';
  const change = (value - before) / Math.abs(before);
  const arrow = change > 0 ? '↑' : change < 0 ? '↓' : '–';
  return html`<p class="change"><span class="${change > 0 ? 'up' : change < 0 ? 'downward' : ''}">${arrow} ${Math.abs(change * 100).toFixed(1)} %</span> from ${words(before)}</p>`;
}

/** What a cell says in an axis, a card or a table. */
export function labelOf(value: unknown, type: ColumnType | undefined, format: ZonedFormat): string {
  if (value === null || value === undefined) return '—';
  if (type !== 'time') return String(value);
  const text = String(value);
  const at = Date.parse(isoOf(text));
  if (Number.isNaN(at)) return text;
  return /^\d{4}-\d{2}-\d{2}$/.test(text) ? format.format(at, 'date') : format.format(at, 'full');
}

/** `2026-11-21 14:00:00+00` and `2026-11-21`, as PostgreSQL writes them, in ISO 8601. */
function isoOf(text: string): string {
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return `${text}T00:00:00Z`;
  const iso = text.replace(' ', 'T').replace(/([+-]\d{2})$/, '$1:00');
  return /(Z|[+-]\d{2}:\d{2})$/.test(iso) ? iso : `${iso}Z`;
}

function valuesOf(result: QueryResult, name: string): (number | null)[] {
  const column = columnOf(result, name);
  return result.rows.map((row) => (column === undefined ? null : toNumber(row[column])));
}

export function toNumber(value: unknown): number | null {
  if (value === null || value === undefined || value === '' || typeof value === 'boolean') return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

function columnOf(result: QueryResult, name: string): number | undefined {
  const index = result.columns.findIndex((column) => column.name === name);
  return index < 0 ? undefined : index;
}

/** Inner pixels of a card of so many of the 12 columns, on a screen of 1440. */
const cardPixels: Record<number, number> = { 2: 150, 3: 250, 4: 349, 6: 548, 8: 747, 12: 1144 };
const phonePixels = 340;

/** A wide drawing would be unreadable on a phone, so it comes in a second, narrow one; CSS shows the one that fits. */
function bothWidths(columns: number, draw: (width: number) => Html): Html {
  const width = cardPixels[columns] ?? 747;
  if (width <= 400) return draw(width);
  return html`<div class="on-wide">${draw(width)}</div><div class="on-phone">${draw(phonePixels)}</div>`;
}

/** Columns of 12 that a component asks for. */
export function widthOf(component: ComponentName, options: Record<string, string>): number {
  const asked = Number(options['width']);
  if ([2, 3, 4, 6, 8, 12].includes(asked)) return asked;
  return component === 'LineChart' || component === 'AreaChart' ? 8 : component === 'DataTable' ? 12 : 4;
}

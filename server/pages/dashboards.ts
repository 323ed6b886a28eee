import MarkdownIt from 'markdown-it';
import { describeError, MillraceError } from '../../kernel/errors.js';
import { gridRuns } from '../../scheduler/store/queries/dag-runs.js';
import { sql as highlightSql } from '../code/highlight.js';
import { listDashboards, readDashboard } from '../dashboards/dashboard-files.js';
import { type DrawnPart, drawPart, labelOf, toNumber, widthOf } from '../dashboards/draw.js';
import type { Dashboard } from '../dashboards/parse-dashboard.js';
import type { AppDeps, QueryResult } from '../deps.js';
import type { ZonedFormat } from '../format.js';
import { Html } from '../html.js';
import type { Page, PageRequest } from '../page.js';

const rowsShownMax = 500;
// Markdown comes from files of the project, still nothing in it is taken as HTML.
const markdown = new MarkdownIt({ html: false, linkify: false });

export const dashboardList: Page = {
  path: '/dashboards',
  async load(_request, deps) {
    return {
      template: 'dashboards',
      title: 'Dashboards',
      section: 'dashboards',
      crumbs: [{ label: 'Dashboards' }],
      view: { dashboards: await listDashboards(deps.settings.dashboardFolders) },
    };
  },
};

/** One dashboard, its queries asked of the warehouse now. A query that fails says so in its own place. */
export const dashboardPage: Page = {
  path: '/dashboards/:name',
  async load(request, deps) {
    const { dashboard } = await readDashboard(deps.settings.dashboardFolders, request.params['name'] as string);
    const answers = await askAll(deps, dashboard);
    return {
      template: 'dashboard',
      title: dashboard.title,
      section: 'dashboards',
      crumbs: [{ label: 'Dashboards', href: '/dashboards' }, { label: dashboard.title }],
      concerns: (event) =>
        event.kind === 'dag_run' && event.to === 'success' && event.dagId === dashboard.refreshesWith,
      view: {
        dashboard,
        refreshed: dashboard.refreshesWith === null ? undefined : await lastSuccess(deps, dashboard.refreshesWith),
        blocks: blocksOf(dashboard, answers, request),
      },
    };
  },
};

type Answer = { result: QueryResult; ms: number } | { error: string; missing: boolean };

async function askAll(deps: AppDeps, dashboard: Dashboard): Promise<Map<string, Answer>> {
  const warehouse = await deps.warehouse();
  const answers = await Promise.all(
    dashboard.queries.map(async ({ name, sql }): Promise<[string, Answer]> => {
      if (!warehouse) return [name, { error: 'There is no warehouse.', missing: true }];
      const begun = deps.clock.monotonic();
      try {
        const result = await warehouse.query(sql);
        return [name, { result, ms: deps.clock.monotonic() - begun }];
      } catch (error) {
        // One broken query must not take the page with it: its place on the page shows the error.
        return [name, { error: describeError(error), missing: isMissing(error) }];
      }
    }),
  );
  return new Map(answers);
}

/** undefined_table, invalid_schema_name: in the first minutes the models have not been built yet. */
function isMissing(error: unknown): boolean {
  const code =
    (error as { code?: unknown; cause?: { code?: unknown } } | null)?.code ??
    (error as { cause?: { code?: unknown } } | null)?.cause?.code;
  return code === '42P01' || code === '3F000';
}

type Block =
  | { kind: 'cards'; cards: DrawnCard[] }
  | { kind: 'chart'; card: DrawnCard }
  | { kind: 'markdown'; html: Html };

interface DrawnCard extends DrawnPart {
  query: string;
  ms: number | null;
  error: string | null;
  missing: boolean;
  table: { columns: QueryResult['columns']; rows: { text: string; numeric: boolean }[][]; total: number } | null;
  sql: Html;
}

/** Big values that follow each other share a row; everything else stands for itself. */
function blocksOf(dashboard: Dashboard, answers: Map<string, Answer>, request: PageRequest): Block[] {
  const blocks: Block[] = [];
  const widths = widthsOf(dashboard.parts);
  for (const [index, part] of dashboard.parts.entries()) {
    if (part.kind === 'markdown') {
      blocks.push({ kind: 'markdown', html: new Html(markdown.render(part.text)) });
      continue;
    }
    const sql = dashboard.queries.find((query) => query.name === part.query)?.sql ?? '';
    const card = cardOf(part, {
      answer: answers.get(part.query),
      sql,
      columns: widths[index] ?? 12,
      format: request.format,
    });
    const last = blocks.at(-1);
    if (part.component !== 'BigValue') blocks.push({ kind: 'chart', card });
    else if (last?.kind === 'cards') last.cards.push(card);
    else blocks.push({ kind: 'cards', cards: [card] });
  }
  return blocks;
}

/** Charts that follow each other share the 12 columns of a row; a row that is not full is stretched. */
function widthsOf(parts: Dashboard['parts']): number[] {
  const widths = parts.map((part) => (part.kind === 'component' ? widthOf(part.component, part.options) : 12));
  let row: number[] = [];
  const used = () => row.reduce((sum, index) => sum + (widths[index] ?? 0), 0);
  const close = () => {
    if (used() < 12) for (const index of row) widths[index] = 12 / row.length;
    row = [];
  };
  for (const [index, part] of parts.entries()) {
    const isChart = part.kind === 'component' && part.component !== 'BigValue';
    if (!isChart || used() + (widths[index] ?? 12) > 12) close();
    if (isChart) row.push(index);
  }
  close();
  return widths;
}

function cardOf(
  part: Extract<Dashboard['parts'][number], { kind: 'component' }>,
  { answer, sql, columns, format }: { answer: Answer | undefined; sql: string; columns: number; format: ZonedFormat },
): DrawnCard {
  const shared = { query: part.query, sql: highlightSql(sql) };
  if (!answer || 'error' in answer) {
    const drawn = drawPart(
      part.component,
      { title: part.options['title'] ?? '', subtitle: part.options['subtitle'] ?? '' },
      { columns: [], rows: [] },
      { format, columns },
    );
    return {
      ...drawn,
      ...shared,
      kind: part.component === 'BigValue' ? 'big-value' : 'message',
      ms: null,
      error: answer?.error ?? 'not asked',
      missing: answer?.missing ?? false,
      table: null,
    };
  }
  const { result, ms } = answer;
  const rows = result.rows.slice(0, rowsShownMax).map((row) =>
    row.map((value, index) => ({
      text: labelOf(value, result.columns[index]?.type, format),
      numeric: result.columns[index]?.type === 'number' && toNumber(value) !== null,
    })),
  );
  return {
    ...drawPart(part.component, part.options, result, { format, columns }),
    ...shared,
    ms,
    error: null,
    missing: false,
    table: { columns: result.columns, rows, total: result.rows.length },
  };
}

async function lastSuccess(deps: AppDeps, dagId: string) {
  return (await deps.store.read(gridRuns(dagId, { states: ['success'] }, 1)))[0];
}

/** The rows of one query as CSV. Cells that a spreadsheet would take for a formula are quoted out. */
export async function dashboardCsv(deps: AppDeps, dashboardName: string, queryName: string): Promise<string> {
  const { dashboard } = await readDashboard(deps.settings.dashboardFolders, dashboardName);
  const query = dashboard.queries.find((candidate) => candidate.name === queryName);
  if (!query) throw new MillraceError('NOT_FOUND', `${dashboardName} has no query ${queryName}`);
  const warehouse = await deps.warehouse();
  if (!warehouse) throw new MillraceError('NOT_FOUND', 'there is no warehouse');
  const { columns, rows } = await warehouse.query(query.sql);
  const lines = [
    columns.map((column) => csvCell(column.name, false)),
    ...rows.map((row) => row.map((value, index) => csvCell(value, columns[index]?.type === 'number'))),
  ];
  return `${lines.map((line) => line.join(',')).join('\r\n')}\r\n`;
}

export function csvCell(value: unknown, numeric: boolean): string {
  const text = value === null || value === undefined ? '' : String(value);
  const safe = !numeric && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

import { sql as highlightSql } from '../code/highlight.js';
import type { Html } from '../html.js';

/** One node of a SQL project as its task's page shows it. */
export interface SqlResult {
  /** `dim_customers`, or a test's name. */
  name: string;
  /** dbt's word: success, pass, fail, warn, error … */
  status: string;
  /** The state whose glyph stands for it. */
  state: 'success' | 'failed' | 'up_for_retry' | 'skipped';
  message: string;
  relation: string | null;
  rowsAffected: number | null;
  failures: number | null;
  /** Milliseconds. */
  tookMs: number;
  compiled: SqlText | null;
  /** The SELECT that shows all failing rows. */
  failingRows: SqlText | null;
  sample: { columns: string[]; rows: unknown[][] } | null;
}

export interface SqlText {
  text: string;
  code: Html;
}

/** The results of the nodes that a task ran; empty for a task that is of no SQL project. */
export function sqlResults(details: Record<string, unknown> | undefined): SqlResult[] {
  const nodes = Array.isArray(details?.['nodes']) ? details['nodes'] : [details];
  return nodes.filter(isNodeResult).map(toResult);
}

type NodeDetails = Record<string, unknown> & { uniqueId: string };

function isNodeResult(value: unknown): value is NodeDetails {
  return typeof value === 'object' && value !== null && typeof (value as NodeDetails).uniqueId === 'string';
}

function toResult(node: NodeDetails): SqlResult {
  const status = String(node['status'] ?? '');
  return {
    name: nameOf(node.uniqueId),
    status,
    state: states[status] ?? 'failed',
    message: String(node['message'] ?? ''),
    relation: textOrNull(node['relation']),
    rowsAffected: numberOrNull(node['rowsAffected']),
    failures: numberOrNull(node['failures']),
    tookMs: Number(node['compileMs'] ?? 0) + Number(node['executeMs'] ?? 0),
    compiled: sqlText(node['compiledSql']),
    failingRows: sqlText(node['failingRowsSql']),
    sample: sampleOf(node['sample']),
  };
}

const states: Record<string, SqlResult['state']> = {
  success: 'success',
  pass: 'success',
  'no-op': 'success',
  warn: 'up_for_retry',
  skipped: 'skipped',
};

/** `test.bank.unique_dim.0123456789` is called by its third part; the parts of a model may have a version behind. */
function nameOf(uniqueId: string): string {
  const [type, , ...rest] = uniqueId.split('.');
  const isHashed = type === 'test' && rest.length > 1 && /^[0-9a-f]{10}$/.test(rest.at(-1) ?? '');
  return (isHashed ? rest.slice(0, -1) : rest).join('.') || uniqueId;
}

function sqlText(value: unknown): SqlText | null {
  return typeof value === 'string' && value.trim() !== '' ? { text: value, code: highlightSql(value.trim()) } : null;
}

function sampleOf(value: unknown): SqlResult['sample'] {
  const sample = value as { columns?: unknown; rows?: unknown } | null | undefined;
  if (!Array.isArray(sample?.columns) || !Array.isArray(sample.rows) || sample.rows.length === 0) return null;
  return { columns: sample.columns.map(String), rows: sample.rows.filter(Array.isArray) };
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

import { parse as parseYaml } from 'yaml';
import { describeError, MillraceError } from '../../kernel/errors.js';

/** A dashboard: Markdown with named SQL queries and components that draw them, in the order of the file. */
export interface Dashboard {
  title: string;
  description: string;
  /** The DAG whose success makes the numbers new; null when none is named. */
  refreshesWith: string | null;
  queries: { name: string; sql: string }[];
  parts: DashboardPart[];
}

export type DashboardPart =
  | { kind: 'markdown'; text: string }
  | { kind: 'component'; component: ComponentName; query: string; options: Record<string, string>; line: number };

export const componentNames = ['BigValue', 'LineChart', 'AreaChart', 'BarChart', 'DataTable'] as const;
export type ComponentName = (typeof componentNames)[number];

const bytesMax = 256 * 1024;
const queriesMax = 40;

/** Reads the source of a dashboard. Throws DASHBOARD_INVALID with the line of the fault. */
export function parseDashboard(source: string): Dashboard {
  if (source.length > bytesMax)
    throw new MillraceError('DASHBOARD_INVALID', `the file is longer than ${bytesMax} characters`);
  const { front, body, firstLine } = splitFrontMatter(source);
  const queries: Dashboard['queries'] = [];
  const parts: DashboardPart[] = [];
  let text: string[] = [];
  const flush = () => {
    if (text.join('').trim() !== '') parts.push({ kind: 'markdown', text: text.join('\n') });
    text = [];
  };
  const lines = body.split('\n');
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] as string;
    const fence = /^```sql\s+([A-Za-z_]\w*)\s*$/.exec(line);
    if (fence) {
      const end = lines.findIndex((other, at) => at > index && /^```\s*$/.test(other));
      if (end < 0) throw fault(firstLine + index, `the query ${fence[1]} has no end`);
      queries.push({ name: fence[1] as string, sql: lines.slice(index + 1, end).join('\n') });
      index = end;
    } else if (/^<[A-Z]/.test(line.trim())) {
      flush();
      let tag = line.trim();
      const at = firstLine + index;
      while (!tag.endsWith('/>') && index + 1 < lines.length) tag += ` ${(lines[++index] as string).trim()}`;
      parts.push(parseComponent(tag, at));
    } else text.push(line);
  }
  flush();
  return check({ ...front, queries, parts }, firstLine);
}

function check(dashboard: Dashboard, firstLine: number): Dashboard {
  if (dashboard.queries.length > queriesMax) throw fault(firstLine, `there are more than ${queriesMax} queries`);
  const names = new Set(dashboard.queries.map((query) => query.name));
  for (const part of dashboard.parts) {
    if (part.kind === 'component' && !names.has(part.query)) throw fault(part.line, `no query is called ${part.query}`);
  }
  return dashboard;
}

function splitFrontMatter(source: string) {
  const match = /^---\n([\s\S]*?)\n---\n/.exec(source);
  let given: unknown;
  try {
    given = match ? parseYaml(match[1] as string) : {};
  } catch (error) {
    throw fault(1, `the front matter is not YAML: ${describeError(error)}`);
  }
  const fields = (given ?? {}) as Record<string, unknown>;
  const text = (name: string) => (typeof fields[name] === 'string' ? (fields[name] as string) : '');
  return {
    front: {
      title: text('title') || 'Dashboard',
      description: text('description'),
      refreshesWith: text('refreshes_with') || null,
    },
    body: match ? source.slice(match[0].length) : source,
    firstLine: match ? match[0].split('\n').length : 1,
  };
}

/** `<BigValue data={totals} value=total_balance title="Total balance" />`: quotes and braces are optional. */
function parseComponent(tag: string, line: number): DashboardPart {
  const match = /^<([A-Z]\w*)\s*([\s\S]*?)\/>$/.exec(tag);
  if (!match) throw fault(line, `${tag.slice(0, 60)} does not end with />`);
  const component = componentNames.find((name) => name === match[1]);
  if (!component) throw fault(line, `there is no component ${match[1]}; there are ${componentNames.join(', ')}`);
  const options: Record<string, string> = {};
  for (const [, name, quoted, single, braced, plain] of (match[2] as string).matchAll(
    /([A-Za-z_]\w*)\s*=\s*(?:"([^"]*)"|'([^']*)'|\{([^}]*)\}|([^\s"'{}]+))/g,
  )) {
    options[name as string] = (quoted ?? single ?? braced ?? plain ?? '').trim();
  }
  const { data, ...rest } = options;
  if (!data) throw fault(line, `${component} names no data`);
  return { kind: 'component', component, query: data, options: rest, line };
}

function fault(line: number, message: string): MillraceError {
  return new MillraceError('DASHBOARD_INVALID', `line ${line}: ${message}`);
}

import type { Project, ProjectNode } from '../../transform/index.js';
import type { TimedResult } from '../../transform/run/run-project.js';
import type { SqlOptions } from './options.js';

const lineWidth = 80;
const colors = { red: 31, green: 32, yellow: 33 } as const;

/** Prints what a run does, in dbt's form: a line for the start and one for the end of each node, then the counts. */
export class Printer {
  readonly #json: boolean;
  readonly #quiet: boolean;
  readonly #colored: boolean;

  constructor(options: Pick<SqlOptions, 'logFormat' | 'quiet' | 'useColors'>) {
    this.#json = options.logFormat === 'json';
    this.#quiet = options.quiet === true;
    this.#colored = options.useColors && process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined;
  }

  info(text: string, data: object = {}): void {
    if (!this.#quiet) this.#write('info', text, data);
  }

  warn(text: string): void {
    this.#write('warn', this.#paint(text, 'yellow'), {});
  }

  error(text: string): void {
    this.#write('error', this.#paint(text, 'red'), {});
  }

  found(project: Project): void {
    const counts = new Map<string, number>();
    for (const node of project.nodes.values()) counts.set(node.resourceType, (counts.get(node.resourceType) ?? 0) + 1);
    const shown = [...counts]
      .filter(([type]) => type !== 'operation')
      .map(([type, count]) => plural(count, names[type] ?? type));
    this.info(`Found ${[...shown, plural(project.manifest.macros.size, 'macro')].join(', ')}`);
    for (const warning of project.warnings) this.warn(`[WARNING] ${warning}`);
  }

  start(node: ProjectNode, index: number, total: number): void {
    this.info(dotted(`${index} of ${total} START ${describe(node)}`, '[RUN]'), {
      node: node.uniqueId,
      status: 'started',
    });
  }

  result(node: ProjectNode, result: TimedResult, index: number, total: number): void {
    const seconds = ((result.completedAt - result.startedAt) / 1000).toFixed(2);
    const { word, tail, color } = outcome(result);
    const bracket = result.status === 'skipped' ? '[SKIP]' : `[${this.#paint(tail, color)} in ${seconds}s]`;
    const line = dotted(`${index} of ${total} ${word} ${describe(node)}`, bracket);
    if (result.status === 'error' || result.status === 'fail')
      this.#write('error', line, { node: node.uniqueId, status: result.status, message: result.message });
    else this.info(line, { node: node.uniqueId, status: result.status, message: result.message });
  }

  /** The faults in full, then the counts. */
  summary(project: Project, results: TimedResult[], elapsedMs: number): void {
    this.info(`Finished running ${plural(results.length, 'node')} in ${(elapsedMs / 1000).toFixed(2)}s.`);
    const bad = results.filter(({ status }) => ['error', 'fail', 'warn', 'partial success'].includes(status));
    const failed = bad.filter(({ status }) => status !== 'warn').length;
    if (failed === 0)
      this.info(
        this.#paint(
          bad.length === 0 ? 'Completed successfully' : `Completed with ${plural(bad.length, 'warning')}`,
          bad.length === 0 ? 'green' : 'yellow',
        ),
      );
    else this.error(`Completed with ${plural(failed, 'error')}, and ${plural(bad.length - failed, 'warning')}:`);
    for (const result of bad) this.#fault(project, result);
    const count = (...statuses: string[]) => results.filter(({ status }) => statuses.includes(status)).length;
    this.info(
      `Done. PASS=${count('success', 'pass', 'no-op')} WARN=${count('warn')} ERROR=${count('error', 'fail', 'partial success')} SKIP=${count('skipped')} TOTAL=${results.length}`,
    );
  }

  #fault(project: Project, result: TimedResult): void {
    const node = project.nodes.get(result.uniqueId);
    const title =
      result.status === 'error'
        ? ''
        : `${result.status === 'fail' ? 'Failure' : 'Warning'} in ${node?.resourceType} ${node?.name} (${node?.originalFilePath})\n  `;
    const write = result.status === 'warn' ? (text: string) => this.warn(text) : (text: string) => this.error(text);
    write(`${title}${result.message.replaceAll('\n', '\n  ')}`);
    if (result.sample && result.sample.rows.length > 0) this.info(table(result.sample.columns, result.sample.rows));
  }

  #write(level: string, text: string, data: object): void {
    const out = level === 'error' ? process.stderr : process.stdout;
    if (this.#json) out.write(`${JSON.stringify({ ts: new Date().toISOString(), level, msg: text, ...data })}\n`);
    else out.write(`${new Date().toTimeString().slice(0, 8)}  ${text.replaceAll('\n', '\n          ')}\n`);
  }

  #paint(text: string, color: keyof typeof colors): string {
    return this.#colored && !this.#json ? `\x1b[${colors[color]}m${text}\x1b[0m` : text;
  }
}

/** Rows as a table of text, columns as wide as their longest value. */
export function table(columns: string[], rows: unknown[][]): string {
  const texts = [columns, ...rows.map((row) => row.map((value) => (value === null ? '' : String(value))))];
  const widths = columns.map((_, index) => Math.max(...texts.map((row) => (row[index] ?? '').length)));
  const line = (row: string[]) => `| ${row.map((value, index) => value.padEnd(widths[index] ?? 0)).join(' | ')} |`;
  return [
    line(columns),
    `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`,
    ...texts.slice(1).map(line),
  ].join('\n');
}

const names: Record<string, string> = { test: 'data test', unit_test: 'unit test' };

function describe(node: ProjectNode): string {
  const kind =
    node.resourceType === 'model'
      ? `sql ${node.materialized} model`
      : node.resourceType === 'seed'
        ? 'seed file'
        : node.resourceType === 'test'
          ? 'test'
          : node.resourceType.replace('_', ' ');
  const place =
    node.resourceType === 'test' || node.resourceType === 'unit_test' ? node.name : `${node.schema}.${node.alias}`;
  return `${kind} ${place}`;
}

function outcome(result: TimedResult): { word: string; tail: string; color: keyof typeof colors } {
  switch (result.status) {
    case 'pass':
      return { word: 'PASS', tail: 'PASS', color: 'green' };
    case 'fail':
      return { word: `FAIL ${result.failures}`, tail: `FAIL ${result.failures}`, color: 'red' };
    case 'warn':
      return { word: `WARN ${result.failures}`, tail: `WARN ${result.failures}`, color: 'yellow' };
    case 'error':
      return { word: 'ERROR', tail: 'ERROR', color: 'red' };
    case 'partial success':
      return { word: 'PARTIAL SUCCESS', tail: result.message, color: 'yellow' };
    case 'skipped':
      return { word: 'SKIP', tail: 'SKIP', color: 'yellow' };
    default:
      return { word: 'OK', tail: result.message, color: 'green' };
  }
}

function dotted(text: string, end: string): string {
  return `${text} ${'.'.repeat(Math.max(3, lineWidth - text.length))} ${end}`;
}

function plural(count: number, word: string): string {
  return `${count} ${count === 1 ? word : word.endsWith('s') ? `${word}es` : word.endsWith('y') ? `${word.slice(0, -1)}ies` : `${word}s`}`;
}

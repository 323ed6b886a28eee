import { textTable } from '../table.js';
import type { DemoResult, DemoRun } from './run-demo.js';

/** The result of a pass as text: tasks with states and times, rows per table, key figures, e-mails. */
export function demoReport(result: DemoResult): string {
  return [
    ...result.runs.map(runSection),
    section(
      'Rows per table',
      textTable(
        ['table', 'rows'],
        result.tables.map((table) => [`${table.schema}.${table.table}`, table.rows]),
      ),
    ),
    section('Key figures', kpiTable(result)),
    section(
      'E-mails in the outbox',
      textTable(
        ['subject', 'to', 'state'],
        result.emails.map((email) => [email.subject, email.to.join(', '), email.state]),
      ),
    ),
  ].join('\n');
}

function runSection(run: DemoRun): string {
  const rows = taskLines(run).map(({ name, state, seconds, note }) => [name, state, `${seconds.toFixed(2)} s`, note]);
  return section(
    `${run.dagId}: ${run.state} in ${run.seconds.toFixed(2)} s`,
    textTable(['task', 'state', 'took', ''], rows),
  );
}

interface TaskLine {
  name: string;
  state: string;
  seconds: number;
  note: string;
}

/** A line per task; tests that passed share one line per group, and so do the parts of a mapped task. */
function taskLines(run: DemoRun): TaskLine[] {
  const lines = new Map<string, TaskLine & { times: number }>();
  for (const task of run.tasks) {
    const test = /^(.*\.tests)\.[^.]+$/.exec(task.taskId);
    const name = test && task.state === 'success' ? (test[1] as string) : task.taskId;
    const line = lines.get(`${name} ${task.state}`);
    if (line) {
      line.times += 1;
      line.seconds += task.seconds;
    } else {
      lines.set(`${name} ${task.state}`, {
        name,
        state: task.state,
        seconds: task.seconds,
        note: task.error ?? '',
        times: 1,
      });
    }
  }
  return [...lines.values()].map(({ times, ...line }) =>
    times === 1 ? line : { ...line, name: `${line.name} × ${times}` },
  );
}

function kpiTable({ kpis }: DemoResult): string {
  const rows = kpis.rows.map((row) =>
    row.map((value) =>
      typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : String(value ?? ''),
    ),
  );
  return textTable(
    kpis.columns.map((name) => name.replaceAll('_', ' ')),
    rows,
  );
}

function section(title: string, body: string): string {
  return `${title}\n\n${body}`;
}

import type { AppDeps } from '../deps.js';
import type { ZonedFormat } from '../format.js';
import { type Html, html } from '../html.js';
import type { PageRequest } from '../page.js';
import { ansiToHtml } from './ansi.js';
import { LogFiles } from './log-file.js';
import { type LogLine, levelOf } from './log-line.js';

/** Lines that a page brings along; the rest comes while one scrolls. */
const linesWithPage = 500;
const linesBeforeError = 12;

const openLogs = new WeakMap<AppDeps, LogFiles>();

export function logFilesOf(deps: AppDeps): LogFiles {
  const files = openLogs.get(deps) ?? new LogFiles((text) => deps.masker.mask(text));
  openLogs.set(deps, files);
  return files;
}

/** The log of one try as its page begins: at the first error when there is one, else at the end. */
export async function loadLogView(
  request: PageRequest,
  deps: AppDeps,
  {
    run,
    instance,
  }: {
    run: { id: number; dag_id: string };
    instance: { task_id: string; map_index: number; try_number: number; state: string | null };
  },
) {
  const asked = Number.parseInt(request.query.get('try') ?? '', 10);
  const tryNumber = Number.isNaN(asked) ? Math.max(1, instance.try_number) : asked;
  const path = deps.logPath({
    dagId: run.dag_id,
    dagRunId: run.id,
    taskId: instance.task_id,
    mapIndex: instance.map_index,
    tryNumber,
  });
  const log = await logFilesOf(deps).open(path);
  if (!log) return { log: undefined, shownTry: tryNumber, running: instance.state === 'running' };
  const running = instance.state === 'running' && tryNumber === instance.try_number;
  const firstError = log.errorLines[0];
  const line = Number.parseInt(request.query.get('line') ?? '', 10);
  const level = levelOf(request.query.get('level'));
  const from = level && Number.isNaN(line) ? 1 : firstLine({ asked: line, firstError, running, total: log.lineCount });
  const lines = level ? await log.readFromLevel(from, linesWithPage, level) : await log.read(from, linesWithPage);
  const last = lines.at(-1)?.number ?? from - 1;
  return {
    shownTry: tryNumber,
    running,
    log: {
      lines: lines.map((item) => logLineHtml(item, request.format, item.number === firstError)),
      from,
      to: last,
      level: level ?? null,
      total: log.lineCount,
      bytes: log.bytes,
      errors: log.errorLines,
      warnings: log.warningCount,
      firstError,
      firstErrorText: firstError === undefined ? '' : ((await log.read(firstError, 1))[0]?.text ?? ''),
      before: from > 1,
      after: level ? lines.length === linesWithPage : last < log.lineCount,
      step: linesWithPage,
    },
  };
}

function firstLine(place: { asked: number; firstError: number | undefined; running: boolean; total: number }): number {
  if (!Number.isNaN(place.asked)) return Math.max(1, Math.min(place.asked, place.total));
  if (place.total <= linesWithPage) return 1;
  if (place.firstError !== undefined && !place.running) return Math.max(1, place.firstError - linesBeforeError);
  return Math.max(1, place.total - linesWithPage + 1);
}

/** One line as its row. The same for the page, the scrolling and the stream. */
export function logLineHtml(line: LogLine, format: ZonedFormat, isFirstError = false): Html {
  const classes = [
    'log-line',
    line.level ? `l-${line.level}` : '',
    line.group === 'open' ? 'group' : line.group === 'close' ? 'close' : '',
    isFirstError ? 'first-error' : '',
  ];
  const level = line.level === null ? '' : line.level === 'warning' ? 'WARN' : line.level.toUpperCase();
  return html`<div class="${classes.filter(Boolean).join(' ')}" id="l${line.number}"><a class="no" href="#l${line.number}">${line.number}</a><span class="at-time">${line.at === null ? '' : format.format(line.at, 'millis')}</span><span class="lv">${level}</span><span class="tx">${ansiToHtml(line.text)}</span></div>`;
}

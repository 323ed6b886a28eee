import { join } from 'node:path';
import ejs from 'ejs';
import { MillraceError } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import { packageRoot } from '../../kernel/paths.js';
import type { AttemptScope } from '../dag/runtime.js';
import type { EmailDraft } from '../model/attempt.js';
import type { Operator } from './operator.js';

/** Bytes of all attachments of one message. */
const attachmentsBytesMax = 10 * 1024 * 1024;

/** Writes an e-mail into the report of the attempt: it is in the outbox exactly when the task is a success. */
export const emailOperator: Operator = {
  templateFields: ['to', 'cc', 'subject', 'text', 'html'],
  async perform({ scope, options }) {
    if (options['when'] === false) {
      scope.log('INFO', 'Nothing to report: no e-mail');
      return false;
    }
    const html = htmlOf(scope, options);
    const draft: EmailDraft = {
      to: addresses('to', options['to']),
      ...(options['cc'] === undefined ? {} : { cc: addresses('cc', options['cc']) }),
      subject: oneLine(String(options['subject'])),
      text: writtenText(scope, options) ?? textOf(html ?? ''),
      html,
      attachments: attachments(options['attachments']),
    };
    scope.effects.emails.push(draft);
    Object.assign(scope.effects.details, { to: draft.to, subject: draft.subject });
    scope.log('INFO', `E-mail "${draft.subject}" to ${draft.to.join(', ')}`);
    return true;
  },
};

function htmlOf(scope: AttemptScope, options: JsonObject): string | null {
  const source = options['templateSource'];
  if (typeof source === 'string') return rendered(scope, options, source);
  return typeof options['html'] === 'string' ? options['html'] : null;
}

/** The text as the author wrote it; undefined when it has to be taken from the HTML. */
function writtenText(scope: AttemptScope, options: JsonObject): string | undefined {
  if (typeof options['text'] === 'string') return options['text'];
  const source = options['textTemplateSource'];
  return typeof source === 'string' ? rendered(scope, options, source) : undefined;
}

/** What templates see: see the `email` task in the guide. They may include those of `views/emails`. */
function rendered({ attempt }: AttemptScope, options: JsonObject, source: string): string {
  const { dagId, runId, taskId, context } = attempt;
  const folder = join(packageRoot, 'views', 'emails');
  const baseUrl = process.env['MILLRACE_BASE_URL'] ?? null;
  const runUrl = baseUrl && `${baseUrl}/dags/${encodeURIComponent(dagId)}/runs/${encodeURIComponent(runId)}`;
  return ejs.render(
    source,
    { data: options['data'] ?? null, subject: options['subject'], dagId, runId, taskId, context, baseUrl, runUrl },
    { views: [folder], filename: join(folder, `${options['template']}.ejs`) },
  );
}

function addresses(field: string, value: Json | undefined): string[] {
  const list = [value ?? []].flat().flatMap((entry) => String(entry).split(','));
  const clean = list.map((address) => address.trim()).filter((address) => address !== '');
  const wrong = clean.find((address) => !/^[^\s@<>]+@[^\s@<>]+$|^[^\r\n<>]*<[^\s@<>]+@[^\s@<>]+>$/.test(address));
  if (clean.length === 0 || wrong !== undefined) {
    throw new MillraceError('TASK_FAILED', `${field} is ${JSON.stringify(value)}, which is no e-mail address`);
  }
  return clean;
}

function attachments(value: Json | undefined): EmailDraft['attachments'] {
  const list = (value ?? []) as { filename: string; content: string; contentType?: string }[];
  const bytes = list.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0);
  if (bytes > attachmentsBytesMax) {
    throw new MillraceError('TASK_FAILED', `the attachments are ${bytes} bytes, more than ${attachmentsBytesMax}`);
  }
  return list.map(({ filename, content, contentType = 'text/plain' }) => ({
    filename: oneLine(filename),
    content,
    contentType: oneLine(contentType),
  }));
}

/** A header holds one line: what follows a line break could be read as another header. */
function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, ' ').trim();
}

/** The words of an HTML message, for readers without HTML. */
function textOf(html: string): string {
  return html
    .replace(/<(style|script|head)\b[\s\S]*?<\/\1>/gi, '')
    .replace(/<(br|\/p|\/div|\/tr|\/h[1-6]|\/li)\b[^>]*>/gi, '\n')
    .replace(/<\/(td|th)>/gi, '\t')
    .replace(/<[^>]+>/g, '')
    .replace(/&nbsp;/g, ' ')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;|&#34;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&amp;/g, '&')
    .split('\n')
    .map((line) => line.trim())
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}

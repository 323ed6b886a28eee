import { MillraceError } from '../../kernel/errors.js';
import { countEmails, countEmailsByState, emailById, listEmails } from '../../scheduler/store/queries/emails.js';
import type { EmailState } from '../../scheduler/store/schema.js';
import type { Page } from '../page.js';
import { readOne } from './load-dag.js';

const pageSize = 50;
const states: EmailState[] = ['waiting', 'sending', 'sent', 'failed', 'kept'];

/** The outbox, newest first. */
export const emailList: Page = {
  path: '/emails',
  async load(request, deps) {
    const offset = Math.max(0, Math.floor(Number(request.query.get('offset')) || 0));
    const state = states.find((name) => name === request.query.get('state'));
    const filter = {
      state,
      dagId: request.query.get('dag') ?? undefined,
      runId: request.query.get('run') ?? undefined,
    };
    const [emails, total, byState] = await Promise.all([
      deps.store.read(listEmails(filter, { limit: pageSize, offset })),
      readOne(deps, countEmails(filter)),
      deps.store.read(countEmailsByState()),
    ]);
    return {
      template: 'emails',
      title: 'E-mails',
      section: 'emails',
      crumbs: [{ label: 'E-mails' }],
      concerns: (event) => event.kind === 'email',
      view: {
        emails: emails.map((email) => ({
          ...email,
          subject: deps.masker.mask(email.subject),
          to: JSON.parse(email.to_json) as string[],
        })),
        offset,
        pageSize,
        total: total?.total ?? 0,
        state: state ?? 'all',
        filtered: filter.dagId !== undefined,
        filter,
        tabs: [
          { name: 'all', total: byState.reduce((sum, row) => sum + row.total, 0) },
          ...states
            .map((name) => ({ name, total: byState.find((row) => row.state === name)?.total ?? 0 }))
            .filter((tab) => tab.total > 0),
        ],
        smtp: deps.platform().mail.url,
      },
    };
  },
};

export const emailPage: Page = {
  path: '/emails/:id',
  async load(request, deps) {
    const id = Number(request.params['id']);
    const found = Number.isSafeInteger(id) ? await readOne(deps, emailById(id)) : undefined;
    if (!found) throw new MillraceError('NOT_FOUND', `no e-mail has the number ${request.params['id']}`);
    const email = { ...found, subject: deps.masker.mask(found.subject), text: deps.masker.mask(found.text) };
    const attachments = JSON.parse(email.attachments_json) as {
      filename: string;
      content: string;
      contentType: string;
    }[];
    return {
      template: 'email',
      title: email.subject,
      section: 'emails',
      crumbs: [{ label: 'E-mails', href: '/emails' }, { label: email.subject }],
      concerns: (event) => event.kind === 'email' && event.emailId === id,
      view: {
        email,
        to: JSON.parse(email.to_json) as string[],
        cc: JSON.parse(email.cc_json) as string[],
        attachments: attachments.map(({ filename, contentType, content }) => ({
          filename,
          contentType,
          chars: content.length,
        })),
        asText: request.query.get('as') === 'text' || email.html === null,
      },
    };
  },
};

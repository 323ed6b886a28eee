import type { Selectable } from 'kysely';
import { type OutgoingMessage, SmtpFailure, type SmtpTransport } from '../../connectors/smtp.js';
import { describeError } from '../../kernel/errors.js';
import type { Log } from '../../kernel/log.js';
import type { Clock } from '../../kernel/time.js';
import type { SchedulerEvents } from '../model/events.js';
import { applyOne, type StoreDriver } from '../store/driver.js';
import { dueEmails, nextEmailAt } from '../store/queries/due-emails.js';
import type { EmailTable } from '../store/schema.js';
import { claimEmail } from '../store/transitions/claim-email.js';
import { keepEmails } from '../store/transitions/keep-emails.js';
import { releaseEmails } from '../store/transitions/release-emails.js';
import { type EmailOutcome, settleEmail } from '../store/transitions/settle-email.js';

export interface EmailSenderDeps {
  store: StoreDriver;
  /** null: no server is configured, e-mails are kept. */
  smtp: SmtpTransport | null;
  from: string;
  events: Pick<SchedulerEvents, 'listen'>;
  clock: Clock;
  log: Log;
}

/** Sends what is in the outbox: at once, and again after failures. */
export interface EmailSender {
  /** Takes up what a server that died left half sent. */
  start(): Promise<void>;
  /** Lets the e-mail that is being sent finish. */
  stop(): Promise<void>;
}

/** Waiting time after the first, second … failed try; after the last, the e-mail has failed. About 15 hours in all. */
export const retryDelaysMs = [15, 60, 300, 900, 3_600, 7_200, 14_400, 28_800].map((seconds) => seconds * 1_000);

const emailsPerTurnMax = 20;

export function createEmailSender(deps: EmailSenderDeps): EmailSender {
  const { store, smtp, clock, log } = deps;
  let stopped = false;
  let wanted = false;
  let working: Promise<void> | undefined;
  let cancelTimer = () => {};
  let stopListening = () => {};

  /** One turn at a time; who wakes us in the middle of one gets another. */
  function wake(): void {
    wanted = true;
    if (stopped || working) return;
    cancelTimer();
    working = workOff().finally(() => {
      working = undefined;
      if (wanted) wake();
    });
  }

  async function workOff(): Promise<void> {
    wanted = false;
    try {
      if (smtp === null) await applyOne(store, keepEmails());
      else await sendDue(smtp);
    } catch (thrown) {
      log.error('The outbox cannot be worked off and is tried again', { error: describeError(thrown) });
      sleepUntil(clock.now() + (retryDelaysMs[0] as number));
    }
  }

  async function sendDue(transport: SmtpTransport): Promise<void> {
    for (;;) {
      const due = await store.read(dueEmails(clock.now(), emailsPerTurnMax));
      for (const email of due) {
        if (stopped) return;
        await sendOne(transport, email);
      }
      if (due.length < emailsPerTurnMax) break;
    }
    const [next] = await store.read(nextEmailAt());
    if (next?.at != null) sleepUntil(next.at);
  }

  async function sendOne(transport: SmtpTransport, email: Selectable<EmailTable>): Promise<void> {
    if (!(await applyOne(store, claimEmail(email)))) return;
    const claimed = { id: email.id, tries: email.tries + 1 };
    const outcome = await perform(transport, email, claimed.tries);
    await applyOne(store, settleEmail(claimed, outcome));
    const fields = { messageId: email.message_id, try: claimed.tries, ...(outcome.error && { error: outcome.error }) };
    if (outcome.state === 'sent') log.info(`E-mail sent: ${email.subject}`, fields);
    else
      log.warn(`E-mail ${outcome.state === 'failed' ? 'failed' : 'waits for another try'}: ${email.subject}`, fields);
  }

  async function perform(
    transport: SmtpTransport,
    email: Selectable<EmailTable>,
    tries: number,
  ): Promise<EmailOutcome> {
    try {
      const { refused } = await transport.send(messageOf(email, deps.from));
      const error = refused.length === 0 ? null : `refused for ${refused.join(', ')}`;
      return { state: 'sent', at: clock.now(), error };
    } catch (thrown) {
      const delayMs = retryDelaysMs[tries - 1];
      const permanent = thrown instanceof SmtpFailure && thrown.permanent;
      if (permanent || delayMs === undefined) return { state: 'failed', error: describeError(thrown) };
      return { state: 'waiting', sendAfter: clock.now() + delayMs, error: describeError(thrown) };
    }
  }

  function sleepUntil(at: number): void {
    cancelTimer();
    if (!stopped) cancelTimer = clock.after(at - clock.now(), wake);
  }

  return {
    async start() {
      await applyOne(store, releaseEmails(clock.now()));
      stopListening = deps.events.listen((event) => {
        if (event.kind === 'email') wake();
      });
      wake();
    },
    async stop() {
      stopped = true;
      stopListening();
      cancelTimer();
      await working;
      smtp?.close();
    },
  };
}

function messageOf(email: Selectable<EmailTable>, from: string): OutgoingMessage {
  return {
    messageId: email.message_id,
    from,
    to: JSON.parse(email.to_json) as string[],
    cc: JSON.parse(email.cc_json) as string[],
    subject: email.subject,
    text: email.text,
    html: email.html,
    attachments: JSON.parse(email.attachments_json) as OutgoingMessage['attachments'],
    date: new Date(email.created_at),
  };
}

import { afterEach, beforeEach, expect, it } from 'vitest';
import { openSmtp } from '../../../connectors/smtp.js';
import { silentLog } from '../../../kernel/log.js';
import { ManualClock } from '../../../kernel/time.js';
import type { SchedulerEvent } from '../../../scheduler/model/events.js';
import { createEmailSender, type EmailSender, retryDelaysMs } from '../../../scheduler/notifications/email-sender.js';
import { database } from '../../../scheduler/store/database.js';
import { applyOne, run } from '../../../scheduler/store/driver.js';
import type { EmailState } from '../../../scheduler/store/schema.js';
import { openSqliteStore, type SqliteStore } from '../../../scheduler/store/sqlite-driver.js';
import { type SmtpWitness, startSmtpWitness } from '../../support/smtp-witness.js';

let store: SqliteStore;
let clock: ManualClock;
let witness: SmtpWitness;
let listeners: Set<(event: SchedulerEvent) => void>;
let sender: EmailSender;

beforeEach(async () => {
  store = openSqliteStore(':memory:');
  clock = new ManualClock(1_700_000_000_000);
  witness = await startSmtpWitness();
  listeners = new Set();
});

afterEach(async () => {
  await sender.stop();
  await witness.close();
  await store.close();
});

async function start(options: { url?: string | null } = {}): Promise<void> {
  const url = options.url === undefined ? witness.url : options.url;
  sender = createEmailSender({
    store,
    smtp: url === null ? null : openSmtp(url, { connectMs: 1_000, silenceMs: 250 }),
    from: 'Millrace <millrace@localhost>',
    events: {
      listen(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    clock,
    log: silentLog,
  });
  await sender.start();
}

/** As the scheduler does it: a row, and the event after the commit. */
async function write(name: string, state: EmailState = 'waiting'): Promise<void> {
  function* insert() {
    yield* run(
      database
        .insertInto('email')
        .values({
          message_id: `<${name}@millrace>`,
          state,
          to_json: '["data-team@example.com"]',
          cc_json: '["boss@example.com"]',
          subject: `Warehouse Load Report ${name}`,
          text: '- customers: 1 files, 5 rows',
          html: null,
          attachments_json: '[]',
          dag_id: null,
          run_id: null,
          task_id: null,
          map_index: null,
          created_at: clock.now(),
          send_after: null,
          sent_at: null,
          error: null,
        })
        .compile(),
    );
  }
  await applyOne(store, insert());
  for (const listener of listeners) listener({ kind: 'email', at: clock.now(), emailId: 1 });
}

async function emails() {
  return store.read(database.selectFrom('email').selectAll().orderBy('id').compile());
}

/** Waits until no e-mail is on its way. Real sockets are at work, so this watches instead of counting turns. */
async function settled(states: EmailState[]): Promise<void> {
  await expect
    .poll(async () => (await emails()).map(({ state }) => state), { interval: 5, timeout: 5_000 })
    .toEqual(states);
}

it('sends an e-mail as soon as it is written, to everyone it names', async () => {
  await start();
  await write('one');
  await settled(['sent']);
  expect(witness.messages).toMatchObject([
    { messageId: '<one@millrace>', to: ['data-team@example.com', 'boss@example.com'] },
  ]);
  expect(witness.messages[0]?.raw).toMatch(/Subject: Warehouse Load Report one/);
  expect(await emails()).toMatchObject([{ tries: 1, sent_at: clock.now(), error: null }]);
});

it('sends what was written while no server ran, once each', async () => {
  for (let number = 0; number < 23; number++) await write(`m${number}`);
  await start();
  await settled(Array.from({ length: 23 }, () => 'sent'));
  expect(new Set(witness.messages.map(({ messageId }) => messageId)).size).toBe(23);
  expect(witness.messages).toHaveLength(23);
});

it.each([
  ['cuts the line after the message and before its answer', 'drop'],
  ['answers that it is busy (4xx)', { code: 451, message: 'try later' }],
  ['never answers', 'hang'],
] as const)('tries again with the same Message-ID when the server %s', async (_what, behaviour) => {
  witness.behave(behaviour, 'take');
  await start();
  await write('one');
  await expect.poll(async () => (await emails())[0]?.error, { interval: 5, timeout: 5_000 }).not.toBeNull();
  expect(await emails()).toMatchObject([{ state: 'waiting', tries: 1, send_after: clock.now() + 15_000 }]);
  clock.advanceBy(14_999);
  expect((await emails())[0]?.state).toBe('waiting');
  await expect.poll(() => clock.nextTimerAt()).toBeDefined();
  clock.advanceBy(1);
  await settled(['sent']);
  expect(witness.messages.map(({ messageId }) => messageId)).toEqual(['<one@millrace>', '<one@millrace>']);
});

it('gives up at once on what the server will never take (5xx), and goes on with the next', async () => {
  witness.behave({ code: 550, message: 'no such user' }, 'take');
  await write('one');
  await write('two');
  await start();
  await settled(['failed', 'sent']);
  expect((await emails())[0]?.error).toMatch(/no such user/);
});

it('gives up after the last delay', async () => {
  witness.behave({ code: 451, message: 'try later' });
  await start();
  await write('one');
  for (const delayMs of retryDelaysMs) {
    await expect.poll(() => clock.nextTimerAt(), { interval: 2 }).toBe(clock.now() + delayMs);
    clock.advanceBy(delayMs);
  }
  await settled(['failed']);
  expect(witness.messages).toHaveLength(retryDelaysMs.length + 1);
  expect(new Set(witness.messages.map(({ messageId }) => messageId)).size).toBe(1);
});

it('tries again when nothing listens at the address', async () => {
  const { url } = witness;
  await witness.close();
  await start({ url });
  await write('one');
  await expect.poll(async () => (await emails())[0]?.error, { interval: 5 }).toMatch(/ECONNREFUSED/);
  expect(await emails()).toMatchObject([{ state: 'waiting', tries: 1 }]);
  witness = await startSmtpWitness();
});

it('sends again what a killed server left half sent, under the same Message-ID', async () => {
  await write('one', 'sending');
  await start();
  await settled(['sent']);
  expect(witness.messages.map(({ messageId }) => messageId)).toEqual(['<one@millrace>']);
});

it('keeps e-mails in the outbox when no server is configured', async () => {
  await start({ url: null });
  await write('one');
  await settled(['kept']);
  expect(witness.messages).toEqual([]);
});

import { MillraceError } from '../../../kernel/errors.js';
import type { Requester } from '../../model/commands.js';
import { requeueEmail } from '../../store/transitions/requeue-email.js';
import { audit, type CommandDeps } from './commands.js';

/** Sends an e-mail of the outbox again at once. */
export async function resendEmail(deps: CommandDeps, emailId: number, by: Requester): Promise<void> {
  let changed = 0;
  await deps.request((turn) => {
    turn.script(function* () {
      changed = yield* requeueEmail(emailId, turn.now);
      if (changed > 0) turn.events.push({ kind: 'email', at: turn.now, emailId });
    });
    audit(turn, by, 'resend_email', { extra: { email_id: emailId } });
  });
  if (changed === 0) throw new MillraceError('EMAIL_NOT_FOUND', `there is no e-mail ${emailId} in the outbox`);
}

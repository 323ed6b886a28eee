import type { SecretMasker } from '../../kernel/secret-masker.js';
import type { AttemptEffects, AttemptError, AttemptOutcome } from '../model/attempt.js';
import type { AttemptReport } from './run-task.js';

/**
 * A report without the secrets that the attempt was given. XComs, triggers and asset events are data that others work
 * with and stay as they are; what shows them masks them.
 */
export function maskReport(masker: SecretMasker, { outcome, effects }: AttemptReport): AttemptReport {
  if (masker.forms.length === 0) return { outcome, effects };
  return { outcome: maskOutcome(masker, outcome), effects: maskEffects(masker, effects) };
}

export function maskError(masker: SecretMasker, { type, message, stack }: AttemptError): AttemptError {
  return { type, message: masker.mask(message), stack: stack === null ? null : masker.mask(stack) };
}

function maskOutcome(masker: SecretMasker, outcome: AttemptOutcome): AttemptOutcome {
  if (outcome.state === 'failed') return { ...outcome, error: maskError(masker, outcome.error) };
  if (outcome.state === 'skipped') return { ...outcome, reason: masker.mask(outcome.reason) };
  return outcome;
}

function maskEffects(masker: SecretMasker, effects: AttemptEffects): AttemptEffects {
  const { rendered, details, emails, renderedMapIndex } = effects;
  return {
    ...effects,
    rendered: masker.redact(rendered),
    details: masker.maskJson(details),
    emails: emails.map((email) => ({
      ...email,
      subject: masker.mask(email.subject),
      text: masker.mask(email.text),
      html: email.html === null ? null : masker.mask(email.html),
      attachments: email.attachments.map((one) => ({ ...one, content: masker.mask(one.content) })),
    })),
    ...(renderedMapIndex === undefined ? {} : { renderedMapIndex: masker.mask(renderedMapIndex) }),
  };
}

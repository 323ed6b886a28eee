import type { LiveTaskInstance } from '../decide/live-run.js';

/** An RFC 5322 Message-ID made of what the e-mail is about: the same e-mail has the same one, however often it is sent. */
export function messageId(instance: LiveTaskInstance, what: string, index: number): string {
  return `<${what}.${index}.${instance.tryNumber}.${instance.mapIndex}.${instance.id}.${instance.run.row.id}@millrace>`;
}

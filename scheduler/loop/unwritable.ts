import { MillraceError } from '../../kernel/errors.js';
import type { Input } from './inbox.js';

/** Nothing can be written at the moment, and nothing of what was asked for has been. */
export class Unwritable extends MillraceError {
  constructor(why: string) {
    super('STORE_UNWRITABLE', `nothing can be written at the moment: ${why}`, {
      hint: 'Make room on the disk of the data folder, then ask again; Millrace goes on by itself.',
    });
  }
}

/** Refuses the commands among the inputs; returns those that nobody waits for. */
export function refuseCommands(inputs: Input[], refusal: Unwritable): Input[] {
  for (const { isCommand, onRejected } of inputs) if (isCommand) onRejected(refusal);
  return inputs.filter(({ isCommand }) => !isCommand);
}

import { describeError } from '../../kernel/errors.js';
import { sleep, systemClock } from '../../kernel/time.js';
import { runChild } from '../child-process.js';
import { type GeneratorOptions, runGenerator } from './bank/generator.js';
import type { RoundResult } from './bank/round.js';

/** What the parent sends as `settings` of its `start` message. */
export type GeneratorSettings = Omit<GeneratorOptions, 'clock'>;

/** Sent after each round. */
export interface GeneratorRoundMessage {
  type: 'round';
  result: RoundResult;
  /** Epoch milliseconds. */
  at: number;
}

/** Restarts the loop when the source goes away for a while: a database restart must not end the generator. */
runChild<GeneratorSettings, GeneratorRoundMessage>(async (settings, signal, send) => {
  const onRound = (result: RoundResult) => send({ type: 'round', result, at: systemClock.now() });
  for (let delayMs = 500; !signal.aborted; delayMs = Math.min(delayMs * 2, 10_000)) {
    try {
      await runGenerator({ ...settings, clock: systemClock }, { signal, onRound });
      return;
    } catch (error) {
      if (settings.once) throw error;
      send({ type: 'warning', message: `the generator starts again: ${describeError(error)}` });
      await sleep(systemClock, delayMs, signal).catch(() => {});
    }
  }
}, 10_000);

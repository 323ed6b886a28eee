import { type AttemptSettings, onInstanceDue } from './attempt-events.js';
import { onRunDue } from './run-due.js';
import type { Turn } from './turn.js';

/** Takes the timers that are due and touches what they are about. */
export function takeDue(turn: Turn, settings: AttemptSettings): void {
  const { timers } = turn.live;
  for (let timer = timers.peek(); timer && timer.at <= turn.now; timer = timers.peek()) {
    timers.pop();
    if (timer.due.kind === 'dag') turn.touchedDags.add(timer.due.dagId);
    else if (timer.due.kind === 'run') onRunDue(turn, timer.due.run);
    else onInstanceDue(turn, timer.due.instance, settings);
  }
}

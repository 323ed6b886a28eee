import { type AttemptSettings, onInstanceDue } from './attempt-events.js';
import { onRunDue } from './run-due.js';
import type { Turn } from './turn.js';

/** Takes the timers that are due and touches what they are about. */
export function takeDue(turn: Turn, settings: AttemptSettings): void {
  const { timers } = turn.live;
  for (let timer = timers.peek(); timer && timer.at <= turn.now; timer = timers.peek()) {
    timers.pop();
    if (timer.due.kind === 'dag') onDagDue(turn, timer.due.dagId);
    else if (timer.due.kind === 'run') onRunDue(turn, timer.due.run);
    else onInstanceDue(turn, timer.due.instance, settings);
  }
}

/** Its timers are set anew where that is still wanted: the clock may be set back before all that is due is done. */
function onDagDue(turn: Turn, dagId: string): void {
  turn.touchedDags.add(dagId);
  const dag = turn.live.dags.get(dagId);
  if (!dag) return;
  dag.armedFor = null;
  dag.wakesAt = null;
}

import type { JsonObject } from '../kernel/json.js';
import { askServer } from './control-socket.js';
import { homeAt } from './home.js';
import { readEnvironment } from './read-environment.js';

/** Asks the server of this data folder, and takes its answer for what the method of that name returns. */
export async function ask<Answer>(method: string, params: JsonObject = {}): Promise<Answer> {
  const home = homeAt(readEnvironment().MILLRACE_HOME);
  return (await askServer(home.controlSocketPath, method, params)) as Answer;
}

export function print(text: string): void {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
}

/** Time as `2026-01-01 12:00:00` in UTC. */
export function timeText(instant: number | null): string {
  return instant === null ? '' : new Date(instant).toISOString().slice(0, 19).replace('T', ' ');
}

export function secondsBetween(startedAt: number | null, endedAt: number | null): string {
  return startedAt === null || endedAt === null ? '' : `${((endedAt - startedAt) / 1_000).toFixed(2)} s`;
}

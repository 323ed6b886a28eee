import { ask, print, timeText } from '../ask.js';
import type { PartStatus } from '../supervisor.js';
import { textTable } from '../table.js';

/** `millrace status`: the parts that the running server supervises. */
export async function status(options: { json?: boolean }): Promise<void> {
  const parts = await ask<PartStatus[]>('parts');
  if (options.json) return print(JSON.stringify(parts, null, 2));
  const rows = parts.map(({ name, state, pid, restarts, since, lastEnd }) => [
    name,
    state,
    pid === null ? '' : String(pid),
    restarts,
    timeText(since),
    lastEnd ?? '',
  ]);
  print(textTable(['part', 'state', 'process', 'restarts', 'since (UTC)', 'why it ended last'], rows, ''));
}

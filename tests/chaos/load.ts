import type { Random } from '../support/random.js';
import { type Client, NoAnswer } from './client.js';
import { pause } from './system.js';

/** Requests under way, of a team's scripts: runs, notes, runs cleared. */
export interface Load {
  /** Resolves when the last request has its answer, or has none because the server is gone. */
  stop(): Promise<void>;
}

const betweenMs = { least: 5, most: 60 };
/** Runs that one load asks for; more would only wait. */
const runsMax = 8;

let serial = 0;

/** Begins to ask, at random moments. */
export function startLoad(client: Client, random: Random): Load {
  let isOver = false;
  const ended = (async () => {
    let runs = 0;
    while (!isOver) {
      try {
        const dice = random.next();
        if (dice < 0.7 && runs < runsMax) {
          runs += 1;
          await client.trigger('work', `r${++serial}`);
        } else if (dice < 0.85) await noteSome(client, random);
        else if (dice < 0.95) await clearSome(client, random);
        else await client.trigger('mail', `m${++serial}`);
      } catch (thrown) {
        if (!(thrown instanceof NoAnswer)) throw thrown;
        return;
      }
      await pause(random.int(betweenMs.least, betweenMs.most));
    }
  })();
  return {
    async stop() {
      isOver = true;
      await ended;
    },
  };
}

async function noteSome(client: Client, random: Random): Promise<void> {
  const runId = pickRun(client, random, ({ ledger }, id) => !ledger.notes.has(id));
  if (runId !== undefined) await client.note('work', runId, `note ${++serial}`);
}

async function clearSome(client: Client, random: Random): Promise<void> {
  const runId = pickRun(client, random, ({ ledger }, id) => !ledger.clears.has(id));
  if (runId !== undefined && (await client.run('work', runId)).state === 'success') await client.clear('work', runId);
}

function pickRun(client: Client, random: Random, fits: (client: Client, runId: string) => boolean) {
  const all = [...client.ledger.runs].filter(
    ([runId, { dagId, acknowledged }]) => dagId === 'work' && acknowledged && fits(client, runId),
  );
  return all.length === 0 ? undefined : random.pick(all)[0];
}

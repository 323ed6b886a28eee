import { z } from 'zod';
import type { Json, JsonObject } from '../kernel/json.js';
import type { Scheduler } from '../scheduler/loop.js';
import type { StoreDriver } from '../scheduler/store/driver.js';
import { backfillStates, listBackfills } from '../scheduler/store/queries/backfills.js';
import type { ControlMethods } from './control-socket.js';

const by = { user: 'cli', via: 'cli' } as const;
const backfillsMax = 100;
const wish = z.object({
  dagId: z.string().min(1),
  from: z.number(),
  to: z.number(),
  conf: z.record(z.string(), z.json()).default({}),
  runBackwards: z.boolean().default(false),
  reprocess: z.enum(['none', 'failed', 'completed']).default('none'),
  maxActiveRuns: z.number().int().default(10),
  dryRun: z.boolean().default(false),
});
const one = z.object({ id: z.number().int() });

/** What the commands may ask about backfills. */
export function backfillMethods({ commands }: Scheduler, store: StoreDriver): ControlMethods {
  return {
    async backfills(params) {
      const { dagId } = z.object({ dagId: z.string().nullish() }).parse(params);
      const filter = dagId == null ? {} : { dagId };
      const rows = await store.read(listBackfills(filter, { limit: backfillsMax, offset: 0 }));
      const states = rows.length === 0 ? [] : await store.read(backfillStates(rows.map((row) => row.id)));
      return rows.map((row) => ({
        ...row,
        states: states
          .filter((state) => state.backfill_id === row.id)
          .map(({ state, total }) => ({ state, total: Number(total) })),
      })) as unknown as Json;
    },
    async createBackfill(params) {
      const { conf, ...rest } = wish.parse(params);
      return (await commands.createBackfill({ ...rest, conf: conf as JsonObject }, by)) as unknown as Json;
    },
    async setBackfillPaused(params) {
      const { id, paused } = one.extend({ paused: z.boolean() }).parse(params);
      await commands.setBackfillPaused(id, paused, by);
      return null;
    },
    async cancelBackfill(params) {
      await commands.cancelBackfill(one.parse(params).id, by);
      return null;
    },
  };
}

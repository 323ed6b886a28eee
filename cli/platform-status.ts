import { statSync } from 'node:fs';
import { withoutPassword } from '../connectors/postgres.js';
import type { PlatformStatus } from '../server/deps.js';
import type { WebAppOptions } from './web-app.js';

/** Answers what runs where and how it is, from what the parts have said of themselves. Asks nobody. */
export function createPlatformStatus(options: Omit<WebAppOptions, 'log'>): () => PlatformStatus {
  const { settings, home, scheduling, databases, objectStore, sources, supervisor, clock } = options;
  const startedAt = clock.now();
  return () => {
    const { isHealthy, lastTurnAt, turnMs, storeError, executing } = scheduling.scheduler.status();
    const postgres = supervisor.statuses().find(({ name }) => name === 'postgres');
    const cdc = sources?.cdc() ?? null;
    const isEmbedded = settings.WAREHOUSE_URL === undefined;
    const postgresFault =
      isEmbedded && postgres && postgres.state !== 'running' ? (postgres.lastEnd ?? 'starting') : null;
    return {
      startedAt,
      scheduler: { healthy: isHealthy, storeError, lastTurnAt, turnMs },
      executor: { slots: settings.MILLRACE_PARALLELISM, busy: Math.min(executing, settings.MILLRACE_PARALLELISM) },
      cdc,
      generator: sources?.generator() ?? null,
      warehouse:
        databases.warehouseUrl === null
          ? null
          : {
              kind: isEmbedded ? 'embedded' : 'external',
              address: withoutPassword(databases.warehouseUrl),
              healthy: postgresFault === null,
              error: postgresFault,
            },
      objectStore: { url: objectStore.url, healthy: cdc?.state !== 'reconnecting', error: cdc?.error ?? null },
      mail: { url: settings.SMTP_URL === undefined ? null : withoutPassword(settings.SMTP_URL) },
      storeBytes: fileBytes(home.storePath) + fileBytes(`${home.storePath}-wal`),
      metrics: supervisor.statuses().map(({ name, restarts }) => ({
        name: `millrace_part_restarts_total{part="${name}"}`,
        help: 'How often a part was started again since the server started.',
        type: 'counter' as const,
        value: restarts,
      })),
    };
  };
}

function fileBytes(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

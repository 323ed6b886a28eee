import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

const shared = {
  extends: true as const,
};

/** `*.test.ts` needs nothing; `*.pg.test.ts` gets a real PostgreSQL that is started once for all of them. */
export default defineConfig({
  resolve: {
    alias: [
      { find: /^millrace\/hitl$/, replacement: path('./scheduler/hitl.ts') },
      { find: /^millrace$/, replacement: path('./scheduler/index.ts') },
    ],
  },
  test: {
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 120_000,
    projects: [
      { ...shared, test: { name: 'unit', include: ['tests/**/*.test.ts'], exclude: ['tests/**/*.pg.test.ts'] } },
      {
        ...shared,
        test: {
          name: 'postgres',
          include: ['tests/**/*.pg.test.ts'],
          globalSetup: ['tests/support/global-postgres.ts'],
        },
      },
    ],
  },
});

import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const withRedis = {
  globalSetup: ['test/support/global-redis.ts'],
  setupFiles: ['test/support/nothing-left.ts'],
};

export default defineConfig({
  resolve: {
    // Example jobs and tests import the library as its users do; here they get the source.
    alias: [
      { find: /^slackwater\/testing$/, replacement: here('./src/testing.ts') },
      { find: /^slackwater$/, replacement: here('./src/index.ts') },
    ],
  },
  test: {
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts', 'test/simulation/**/*.test.ts', 'test/*.test.ts'],
          exclude: ['test/package.test.ts'],
          setupFiles: withRedis.setupFiles,
        },
      },
      {
        extends: true,
        test: {
          name: 'redis',
          include: ['test/redis/**/*.test.ts', 'test/examples/**/*.test.ts'],
          ...withRedis,
        },
      },
      {
        extends: true,
        test: {
          // Real processes and real signals want the machine for themselves: one file at a time, after all others.
          name: 'process',
          include: ['test/process/**/*.test.ts', 'test/package.test.ts'],
          ...withRedis,
          maxWorkers: 1,
          testTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});

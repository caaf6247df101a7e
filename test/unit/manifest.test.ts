import { expect, test } from 'vitest';
import { manifestOf, parseManifest } from '../../src/model/manifest.js';
import { manifestDigest } from '../../src/model/release.js';

/** As a version that knew no workflows wrote it. */
const EARLIER = {
  format: 1,
  app: 'a',
  entry: 'index.mjs',
  files: [{ path: 'index.mjs', sha256: '0'.repeat(64), bytes: 1 }],
  jobs: [
    {
      name: 'j',
      queue: 'default',
      payloadSchema: {},
      checkpointVersion: null,
      checkpointSchema: null,
      reads: [],
      writes: [],
      onRollback: 'repeat',
      attempts: 1,
      backoff: { type: 'exponential', delayMs: 1_000 },
      timeoutMs: null,
      concurrency: null,
    },
  ],
  workflows: [],
  schedules: [],
};
const DIGEST = '689f7745afdf2fde97a8a77af9d4f9b6b67652f3bd37eaa3dec86caafef64ece';

test('a release of an earlier version keeps its digest, pushed again or read from where it is stored', () => {
  const manifest = parseManifest(EARLIER);
  expect(manifestDigest(manifest)).toBe(DIGEST);
  const stored = { ...manifest, id: DIGEST.slice(0, 12), digest: DIGEST, createdAt: '', bytes: 1 };
  expect(manifestDigest(manifestOf(stored))).toBe(DIGEST);
});

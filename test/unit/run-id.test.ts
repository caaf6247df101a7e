import { expect, test } from 'vitest';
import { parseRunId, runIdOf } from '../../src/queue/run-id.js';

test.each([
  ['run-01j8', 'run-01j8'],
  ['17', 'reports~17'],
  ['a~b', 'reports~a~b'],
  ['~a', 'reports~~a'],
  ['a~', 'reports~a~'],
  ['other~17', 'reports~other~17'],
])('job %s of the queue reports is run %s, and is found by it', (jobId, runId) => {
  expect(runIdOf('reports', jobId)).toBe(runId);
  const parsed = parseRunId(runId);
  expect(parsed.jobId).toBe(jobId);
  expect(parsed.queue ?? 'reports').toBe('reports');
});

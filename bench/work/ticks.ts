import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const QUEUE = 'ticks';
/** A release has as many jobs at most. */
export const MOST = 1_000;

export const jobName = (i: number): string => `tick.${i}`;

/**
 * Writes a folder of jobs that do nothing, each with a schedule of its own.
 * @param due the pattern of each; `null`: it has no schedule
 */
export function writeJobs(
  dir: string,
  count: number,
  due: (i: number) => string | null,
  queue: string,
): string {
  const folder = join(dir, 'jobs');
  mkdirSync(folder, { recursive: true });
  const jobs = Array.from(
    { length: count },
    (_, i) => `export const t${i} = tick(${JSON.stringify(jobName(i))}, ${JSON.stringify(due(i))});`,
  );
  const head = [
    `import { defineJob } from 'slackwater';`,
    `const tick = (name, cron) => defineJob({ name, queue: '${queue}', ...(cron && { schedule: { cron, jitter: '0s' } }), run: () => null });`,
  ];
  writeFileSync(join(folder, 'ticks.js'), [...head, ...jobs, ''].join('\n'));
  return folder;
}

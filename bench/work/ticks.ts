import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const QUEUE = 'ticks';
/** A release has as many jobs at most. */
export const MOST = 1_000;

/** Under which name our runs note that they were started. */
export const BY = 'slackwater';
const LEDGER = fileURLToPath(new URL('../support/ledger.ts', import.meta.url));

export const jobName = (i: number): string => `tick.${i}`;

/**
 * Writes a folder of jobs that do nothing, each with a schedule of its own.
 * @param due the pattern of each; `null`: it has no schedule
 * @param ledger a folder in which each run notes that it was started; `null`: they do nothing at all
 */
export function writeJobs(
  dir: string,
  count: number,
  due: (i: number) => string | null,
  queue: string,
  ledger: string | null,
): string {
  const folder = join(dir, 'jobs');
  mkdirSync(folder, { recursive: true });
  const jobs = Array.from(
    { length: count },
    (_, i) => `export const t${i} = tick(${JSON.stringify(jobName(i))}, ${JSON.stringify(due(i))});`,
  );
  const head = [
    `import { defineJob } from 'slackwater';`,
    ...(ledger === null
      ? ['const run = () => null;']
      : [
          `import { ledgerOf } from ${JSON.stringify(LEDGER)};`,
          `const run = ctx => ledgerOf(${JSON.stringify(ledger)}, '${BY}').once(ctx.runId);`,
        ]),
    `const tick = (name, cron) => defineJob({ name, queue: '${queue}', ...(cron && { schedule: { cron, jitter: '0s' } }), run });`,
  ];
  writeFileSync(join(folder, 'ticks.js'), [...head, ...jobs, ''].join('\n'));
  return folder;
}

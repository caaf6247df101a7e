import type { Answer, Context, Figures } from './support/bench.js';

export function firesTables(
  { sizes, rounds }: Context,
  axis: string,
  figures: Figures,
  { fires, idleSizes }: { fires: number; idleSizes: number[] },
): Answer {
  return {
    sections: [
      {
        title: 'From the second in which all are due until the last',
        unit: 'ms',
        chart: 'fires',
        axis,
        sizes,
        series: [
          figures.series('enqueued', 'Slackwater, is handed to its queue', sizes),
          figures.series('begun', 'Slackwater, is claimed by a host', sizes),
          figures.series('begun:bullmq', 'BullMQ job schedulers, is claimed by a worker', sizes),
        ],
        ratios: [
          { label: 'Slackwater, handed to its queue, ms', over: 'enqueued', target: { most: 1_000 } },
          { label: 'Slackwater ÷ BullMQ, claimed', over: 'begun', under: 'begun:bullmq' },
        ],
      },
      {
        title: 'A core, at rest: what schedules add to it',
        unit: '%',
        axis,
        sizes: idleSizes,
        series: [
          figures.series('cpu', 'Slackwater server', idleSizes),
          figures.series('cpu:bullmq', 'BullMQ worker', idleSizes),
          figures.series('cpu:all', 'Slackwater server, all that it takes', idleSizes),
        ],
        ratios: [{ label: 'Slackwater server, %', over: 'cpu', target: { most: 1, size: 10_000 } }],
      },
      {
        title: 'Memory for each schedule',
        unit: 'B',
        axis,
        sizes: idleSizes,
        series: [
          figures.series('redis', 'Slackwater, in Redis', idleSizes),
          figures.series('redis:bullmq', 'BullMQ job schedulers, in Redis', idleSizes),
          figures.series('server', 'Slackwater, beyond that in the server', idleSizes),
        ],
        ratios: [
          {
            label: 'Slackwater ÷ BullMQ, in Redis',
            over: 'redis',
            under: 'redis:bullmq',
            target: { most: 1 },
          },
        ],
      },
    ],
    checks: [
      `${fires.toLocaleString('en-US')} fires on either side: each is there under the ID of its instant, was started once, as its queue and the runs themselves count, and none failed`,
    ],
    notes: [
      `both are due every fifteen seconds, seven seconds apart, ${rounds} times; jobs that do nothing but note that they were started, as many places on both sides as the product chooses, a worker process on each core`,
      'BullMQ stores the next job of a scheduler ahead, delayed, so there is no moment at which it is enqueued; a worker has to be there for it to fire',
      'at rest: samples of ten seconds, both at the same time; what it took with a single schedule is taken off. Slackwater has a thousand schedules in an app',
      'memory in the server is the growth of its resident memory since a release of a thousand jobs without schedules, garbage included: the releases with all their jobs were read meanwhile',
    ],
  };
}

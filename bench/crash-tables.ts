import type { Answer, Context, Figures } from './support/bench.js';

/** The product's own, for a job that does not say. */
const SAVE_EVERY_MS = 250;

export function crashTables(
  { sizes, rounds }: Context,
  axis: string,
  figures: Figures,
  { lockMs, stepMs }: { lockMs: number; stepMs: number },
): Answer {
  const labels = {
    worker: 'Slackwater, SIGKILL of a worker',
    host: `Slackwater, SIGKILL of a host, lock ${lockMs / 1_000} s`,
    stalled: `BullMQ, SIGKILL, stalled check, lock ${lockMs / 1_000} s`,
  };
  const all = (kind: string) =>
    Object.entries(labels).map(([id, label]) => figures.series(`${kind}:${id}`, label, sizes));
  return {
    sections: [
      {
        title: 'From the SIGKILL until the last run goes on',
        unit: 'ms',
        chart: 'crash',
        axis,
        sizes,
        series: all('last'),
        ratios: [
          { label: 'worker, ms', over: 'last:worker', target: { most: 250, size: 100 } },
          { label: 'host, ms: lock time + 1 s', over: 'last:host', target: { most: lockMs + 1_000 } },
          { label: 'BullMQ ÷ worker', over: 'last:stalled', under: 'last:worker' },
          { label: 'BullMQ ÷ host', over: 'last:stalled', under: 'last:host' },
        ],
      },
      { title: 'The same, for the median run', unit: 'ms', axis, sizes, series: all('median'), ratios: [] },
      {
        title: 'Work done again: the most of any run',
        unit: 'ms',
        axis,
        sizes,
        series: all('repeated'),
        ratios: [
          {
            label: 'worker, ms: one save interval',
            over: 'repeated:worker',
            target: { most: SAVE_EVERY_MS + stepMs },
          },
          {
            label: 'host, ms: one save interval',
            over: 'repeated:host',
            target: { most: SAVE_EVERY_MS + stepMs },
          },
        ],
      },
    ],
    checks: [
      `${rounds * sizes.length} workers and as many hosts killed: every run went on from a state that is that of its steps, left none out, in attempt 1`,
      'no run computed in two places at once: each took its first step again after the last one before the kill',
    ],
    notes: [
      `steps of ${stepMs} ms, each written at once to a ledger that outlives SIGKILL; states are saved every ${SAVE_EVERY_MS} ms, so a run repeats up to that and the step it was in`,
      "Slackwater's default lock time is 10 s, BullMQ's 30 s: waits that follow the lock grow with it",
    ],
  };
}

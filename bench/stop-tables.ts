import type { Answer, Context, Figures, Section } from './support/bench.js';

const LABELS = {
  slackwater: 'Slackwater, a window',
  bound: 'bound: bare IPC, nothing saved',
  'give-back': 'BullMQ, give-back by hand, restart',
  close: 'BullMQ close(), 5 s jobs, restart',
  stalled: 'BullMQ SIGKILL, stalled after 5 s',
  'stalled-defaults': 'BullMQ SIGKILL, defaults',
};

/** @param middle the size at which one slow run was put among the others. */
export function stopTables(
  { sizes, rounds }: Context,
  axis: string,
  figures: Figures,
  middle: number,
): Answer {
  const all = (kind: string) =>
    Object.entries(LABELS).map(([id, label]) => figures.series(`${kind}:${id}`, label, sizes));
  const sections: Section[] = [
    {
      title: 'From the first run that stops until all run again',
      unit: 'ms',
      chart: 'stop',
      axis,
      sizes,
      series: all('all'),
      ratios: [
        { label: 'Slackwater ÷ bound', over: 'all:slackwater', under: 'all:bound', target: { most: 3 } },
        {
          label: 'SIGKILL, stalled after 5 s ÷ Slackwater',
          over: 'all:stalled',
          under: 'all:slackwater',
          target: { least: 100 },
        },
        {
          label: 'SIGKILL, defaults ÷ Slackwater',
          over: 'all:stalled-defaults',
          under: 'all:slackwater',
          target: { least: 100 },
        },
        { label: 'close() ÷ Slackwater', over: 'all:close', under: 'all:slackwater', target: { least: 20 } },
        { label: 'give-back by hand ÷ Slackwater', over: 'all:give-back', under: 'all:slackwater' },
      ],
    },
    { title: 'Nothing computes', unit: 'ms', axis, sizes, series: all('nothing'), ratios: [] },
    {
      title: "A run's own pause: median of all runs",
      unit: 'ms',
      axis,
      sizes,
      series: [
        ...all('pause'),
        figures.series('pause:mixed', 'Slackwater, one run with 5 s steps among them', sizes),
      ],
      ratios: [
        {
          label: 'mixed ÷ unmixed',
          over: 'pause:mixed',
          under: 'pause:slackwater',
          target: { most: 3, size: middle },
        },
      ],
    },
    {
      title: "Slackwater's report beside the ledger outside Redis",
      unit: 'ms',
      axis,
      sizes,
      series: [
        figures.series('report:downtime', 'downtimeMs, report', sizes),
        figures.series('ledger:downtime', '… from the ledger', sizes),
        figures.series('report:stopped', 'stoppedMs, report', sizes),
        figures.series('ledger:stopped', '… from the ledger', sizes),
        figures.series('report:pause', 'pause.p50Ms, report', sizes),
        figures.series('pause:slackwater', '… from the ledger, with the next step', sizes),
        figures.series('report:longest', 'pause.maxMs, report', sizes),
        figures.series('ledger:longest', '… from the ledger, with the next step', sizes),
      ],
      ratios: [],
    },
    {
      title: 'Phases of the window; the work is stopped from within draining until within resuming',
      unit: 'ms',
      axis,
      sizes,
      series: ['preparing', 'draining', 'swapping', 'resuming'].map(phase =>
        figures.series(`phase:${phase}`, phase, sizes),
      ),
      ratios: [],
    },
  ];
  const windows = rounds * (sizes.length + 1);
  return {
    sections,
    checks: [
      `${windows} windows, each over all its runs: every run went on with the very next step, with the state it had, in attempt 1; none started twice`,
      'the same for the bound and for the give-back by hand; every state that a peer went on from is that of its steps',
    ],
    notes: [
      'all of it on one machine: host, workers, server and Redis of the product share the cores with nothing else, as each peer does in its turn',
      'BullMQ renews the locks of its jobs in the process that runs them; where that is so busy that locks are lost, runs are started twice, and a round in which not all went on within 30 s has no figure',
      'SIGKILL with defaults takes a minute, so it was taken once, for the smallest size, while other long waits went on',
      'the slow run is somewhere in its first step of 5 s when the window opens: the others compute on until it has come in. Its own pause is left out',
    ],
  };
}

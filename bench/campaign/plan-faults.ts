import type { Random } from '../../test/simulation/random.js';

/** What is done to a process. `machine`: a host and its workers at once, as when a virtual machine is suspended. */
const PROCESS = {
  'worker SIGKILL': 12,
  'worker SIGSTOP': 6,
  'host SIGKILL': 8,
  'host SIGSTOP': 6,
  'machine SIGSTOP': 4,
  'server SIGKILL': 12,
  'server SIGSTOP': 8,
} as const;
const LINK = { 'link cut': 9, 'link reset': 7, 'link slow': 8 } as const;
const CLOCK = { 'clock set': 10 } as const;
const REDIS = { 'Redis SIGKILL': 5, 'Redis SIGSTOP': 4, 'memory full': 5 } as const;
const WEIGHTS = { ...PROCESS, ...LINK, ...CLOCK, ...REDIS };

export type FaultKind = keyof typeof WEIGHTS;
export const FAULT_KINDS = Object.keys(WEIGHTS) as FaultKind[];

/** How long each lasts, ms: until the process is started or goes on, the link is whole, the clock right. */
const LASTS: Record<FaultKind, [least: number, most: number]> = {
  'worker SIGKILL': [0, 0],
  'worker SIGSTOP': [300, 6_000],
  'host SIGKILL': [200, 4_000],
  'host SIGSTOP': [300, 9_000],
  'machine SIGSTOP': [300, 9_000],
  'server SIGKILL': [100, 4_000],
  'server SIGSTOP': [300, 8_000],
  'link cut': [300, 9_000],
  'link reset': [0, 0],
  'link slow': [1_000, 8_000],
  'clock set': [2_000, 20_000],
  'Redis SIGKILL': [0, 2_000],
  'Redis SIGSTOP': [200, 5_000],
  'memory full': [500, 5_000],
};

export interface PlannedFault {
  /** ms after the faults begin. */
  at: number;
  kind: FaultKind;
  lastsMs: number;
  /** 0 to 1: which of those that it may strike, and which of its workers. */
  draw: number;
  drawWorker: number;
  /** How strong, where that is a question: the delay of a slow link, the offset of a clock, ms. */
  size: number;
}

const GAP_MS: [least: number, most: number] = [700, 6_000];

/** The same seed, the same faults at the same times; what they meet differs from run to run. */
export function planFaults(random: Random, forMs: number): PlannedFault[] {
  const faults: PlannedFault[] = [];
  for (let at = random.between(...GAP_MS); at < forMs; at += random.between(...GAP_MS)) {
    const kind = random.weighted<FaultKind>(WEIGHTS);
    const lastsMs = random.between(...LASTS[kind]);
    faults.push({
      at,
      kind,
      lastsMs,
      draw: random.next(),
      drawWorker: random.next(),
      size: sizeOf(kind, random),
    });
  }
  return faults;
}

function sizeOf(kind: FaultKind, random: Random): number {
  const size = kind === 'link slow' ? random.between(20, 400) : random.between(-3_600_000, 3_600_000);
  return kind === 'link slow' || kind === 'clock set' ? size : 0;
}

import type { Freeze } from '../model/freeze.js';
import type {
  Blocker,
  HostAppStatus,
  HostStatus,
  Intent,
  LastWord,
  ProofStatus,
  Refusal,
  RunRecord,
  WindowTally,
} from '../model/intent.js';
import type { TaskSign } from '../model/task.js';
import { isThere, type Phase, type Window } from '../model/window.js';
import { NO_RECORD } from '../model/window-defaults.js';
import { DAY_MS, targetOf } from './direction.js';

/** What the engine sees at one look. */
export interface Observation {
  intent: Intent | null;
  /** All whose record has not expired, those that leave included. */
  hosts: HostStatus[];
  /** Of a window that is to begin: the queues of the release that runs by then. */
  queues?: string[];
  /** Another window of this app that has begun and is not over. */
  busy: string | null;
  /** What each host said last in this window, by its ID, also of those that are gone; absent where that is not known. */
  lastWords?: Record<string, LastWord>;
  /** Of the tasks that run, by `taskKey`; `null` or absent: no sign. */
  signs?: Record<string, TaskSign | null>;
  /** How runs have ended on the window's release and on the former one. */
  records?: { new: RunRecord; old: RunRecord };
  /** In force now for this app. */
  freeze?: Freeze | null;
}

/** How long the engine waits where nobody said how long, ms. */
export interface Limits {
  /** For all hosts to have the release ready and proven. */
  prepareMs: number;
  /** For a first host to show up. */
  noHostMs: number;
  /** For force to stop what had not reached a checkpoint at the drain deadline. */
  forceMs: number;
  /** For hosts to go over to the new workers, before the others go on without the late ones. */
  swapMs: number;
  /** For runs to be seen running again, before the window ends without that. */
  resumeMs: number;
  /** For the first progress on the new release: intake is open meanwhile, only the report waits for the figure. */
  measureMs: number;
  /** For a first sign of a hook or probe that was begun, before it is taken for lost. */
  signMs: number;
  /** Between two tries of a hook. */
  retryMs: number;
  /** How long a window that waits for a person keeps what it holds, from each look of a living server on. */
  heldMs: number;
}

export const LIMITS: Limits = {
  prepareMs: 120_000,
  noHostMs: 10_000,
  forceMs: 60_000,
  swapMs: 30_000,
  resumeMs: 20_000,
  measureMs: 3_000,
  signMs: 5_000,
  retryMs: 1_000,
  heldMs: DAY_MS,
};

/** A host that has said nothing for so long, ms, has probably died: it says something every second. Its record may live on for a while. */
export const SILENT_MS = 5_000;

/** One host, seen from one window. */
export interface HostView {
  id: string;
  leaving: boolean;
  /** Its report describes the intent that stands now, so what it says is an answer. */
  answered: boolean;
  app: HostAppStatus | null;
  /** Since its last word. */
  silentMs: number;
}

/** The observation in the words of the table of transitions. */
export interface Facts {
  window: Window;
  now: number;
  limits: Limits;
  current: string | null;
  /** Where it goes to now: its release, or on the way back the former one. */
  target: string | null;
  busy: string | null;
  /** All that it is about: those of its own release and of the one that it replaces. */
  queues: string[];
  signs: Record<string, TaskSign | null>;
  records: { new: RunRecord; old: RunRecord };
  freeze: Freeze | null;
  /** Those that serve a queue of this window. */
  hosts: HostView[];
  /** Of those, the ones that stay. */
  staying: HostView[];
  /** Seen at the last step, and silent or gone now. */
  vanished: string[];
  /** The same, and those for which that is known already; but none that left in good order. */
  gone: string[];
  /** Runs that were held by hosts that are gone, or whose claims were lost: their locks end, and they go on elsewhere from their last checkpoint. */
  interrupted: number;
  running: number;
  blockers: Blocker[];
  /** Final states that the new release cannot read. */
  finalRefusals: Refusal[];
  proof: { done: boolean; refused: number; refusals: Refusal[]; status: ProofStatus | null };
  /** Of every host: of those that are gone as they were at their last word. */
  tallies: WindowTally[];
  /** ms since the present phase was entered. */
  inPhaseMs: number;
}

export function factsOf(window: Window, observation: Observation, now: number, limits: Limits): Facts {
  const { intent, busy } = observation;
  const hosts = observation.hosts
    .filter(host => serves(host, window))
    .map(host => view(host, window, intent, now));
  const apps = hosts.flatMap(host => host.app ?? []);
  const alive = new Set(hosts.map(host => host.id));
  const known = new Set(observation.hosts.map(host => host.id));
  const lastWords = Object.entries(observation.lastWords ?? {}).flatMap(([id, word]) =>
    known.has(id) ? [] : word,
  );
  const tallies = [
    ...apps.flatMap(app => (app.tally?.window === window.id ? app.tally : [])),
    ...lastWords.map(frozen),
  ];
  const gone = window.hosts.filter(host => !alive.has(host.id));
  const vanished = gone.filter(isThere).map(host => host.id);
  return {
    window,
    now,
    limits,
    current: intent?.release ?? null,
    target: targetOf(window),
    busy,
    queues: [...new Set([...window.queues, ...(observation.queues ?? [])])].sort(),
    signs: observation.signs ?? {},
    records: observation.records ?? { new: NO_RECORD, old: NO_RECORD },
    freeze: observation.freeze ?? null,
    hosts,
    staying: hosts.filter(host => !host.leaving),
    vanished,
    gone: gone.filter(host => host.phase !== 'leaving').map(host => host.id),
    interrupted: sum(lastWords, word => word.held) + sum(tallies, tally => tally.lost ?? 0),
    running: sum(apps, app => app.running),
    blockers: apps.flatMap(app => app.blockers).slice(0, 100),
    finalRefusals: apps.flatMap(app => app.refusals).slice(0, 100),
    proof: proofOf(hosts, window.proofRound),
    tallies,
    inPhaseMs: now - Date.parse(enteredAt(window, window.phase) ?? window.createdAt),
  };
}

export const enteredAt = (window: Window, phase: Phase): string | null =>
  window.phases.findLast(entry => entry.phase === phase)?.at ?? null;

export const hasPassed = (time: string | null, now: number): boolean =>
  time !== null && Date.parse(time) <= now;

export const sum = <Item>(items: Item[], of: (item: Item) => number): number =>
  items.reduce((total, item) => total + of(item), 0);

/** A host that was killed as it computed came to its stop then, as far as anybody knows. */
function frozen({ at, tally }: LastWord): WindowTally {
  if (tally.inFlight === 0) return tally;
  const lastProgressOld = tally.lastProgressOld ?? Date.parse(at);
  return { ...tally, lastProgressOld, lastEndOld: tally.lastEndOld ?? Date.parse(at) };
}

const serves = (host: HostStatus, window: Window): boolean =>
  host.queues === null || window.queues.some(queue => host.queues!.includes(queue));

function view(host: HostStatus, window: Window, intent: Intent | null, now: number): HostView {
  const app = host.apps[window.app] ?? null;
  const answered = app !== null && intent !== null && app.revision >= intent.revision;
  const silentMs = now - Date.parse(host.seenAt);
  return { id: host.id, leaving: host.leaving, answered, app, silentMs };
}

/** A proof counts from any host: every live checkpoint is in Redis, so one proves for all. */
function proofOf(hosts: HostView[], round: number): Facts['proof'] {
  const proofs = hosts
    .filter(host => host.answered && host.app?.proof?.round === round)
    .map(host => host.app!.proof!);
  const refusing = proofs.find(proof => proof.done && proof.refused > 0);
  return {
    done: proofs.some(proof => proof.done),
    refused: refusing?.refused ?? 0,
    refusals: refusing?.refusals ?? [],
    status: refusing ?? proofs.find(proof => proof.done) ?? null,
  };
}

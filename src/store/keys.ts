/**
 * Every key in Redis, in one place.
 *
 * Two families. The control plane (apps, releases, windows, holds, lease, hosts, events) shares one hash tag, so that one Lua script may
 * touch several of them in a Cluster. What belongs to a run stands beside its BullMQ job under the queue's own prefix, so that one script
 * can check the job's lock and write its checkpoint.
 */
export interface Keys {
  /** BullMQ's `prefix`. */
  readonly queuePrefix: string;
  readonly apps: string;
  readonly queues: string;
  readonly holds: string;
  readonly freezes: string;
  readonly pausedByUs: string;
  readonly lease: string;
  readonly hosts: string;
  /** Hash: of each host that has not left in good order its last sign of life. Who is here and not in `hosts` fell silent. */
  readonly hostSigns: string;
  readonly windows: string;
  readonly openWindows: string;
  readonly windowSchedules: string;
  /** Hash: of each recurring window the latest fire that has a fate. */
  readonly lastFires: string;
  /** Hash: of each app the release whose schedules apply. */
  readonly appliedSchedules: string;
  /** Hash: of each app how often persons did something to its schedules. */
  readonly schedulesVersions: string;
  /** Hash of the fires that run and are not yet known to be in their queue. */
  readonly unsentFires: string;
  /** Sorted set of backfills by when they began; hash of those under way by app and schedule. */
  readonly backfills: string;
  readonly openBackfills: string;
  readonly events: string;
  /** Pub/sub channel: something of the control plane changed, look again. */
  readonly wake: string;
  /** Two that are never there, one with each family: what Redis answers to a write there, it would answer to any (`try-write.ts`). */
  readonly neverThere: readonly string[];
  intent(app: string): string;
  /** Set of the queues that a release of this app ever used while it ran: runs may still wait in them. */
  served(app: string): string;
  releases(app: string): string;
  release(id: string): string;
  blob(sha256: string): string;
  window(id: string): string;
  report(id: string): string;
  /** Sorted set of an app's ended windows, by when they ended: the oldest go. */
  endedWindows(app: string): string;
  /** List of the fires of a recurring window, newest first. */
  windowFires(schedule: string): string;
  /** Hashes of the schedules of an app, by their names: as they apply, what is known of them, who lets them rest, the last run by hand. */
  schedules(app: string): string;
  scheduleStates(app: string): string;
  schedulePauses(app: string): string;
  runsByHand(app: string): string;
  /** Sorted set: the fires of a schedule, by their instant. */
  fires(app: string, schedule: string): string;
  /** Hash of the fires of schedules that a window held. */
  heldFires(window: string): string;
  backfill(id: string): string;
  /** List of the instants that a backfill has still to run. */
  backfillFires(id: string): string;
  /** Sorted sets of the instants of a schedule whose runs it has started itself, and that backfills have run. */
  started(app: string, schedule: string): string;
  backfilled(app: string, schedule: string): string;
  host(id: string): string;
  /** Learned times of an app's jobs: weights of `job|kind|bucket`. */
  paces(app: string): string;
  /** How the runs of a release ended: counts. */
  record(app: string, release: string): string;
  /** The sign of life of a try of a hook or probe, and then its result. */
  taskSign(window: string, task: string, attempt: number): string;
  idempotency(key: string): string;
  /** Fields of a run that are ours: fence, checkpoint, failures, crashes, progress … */
  run(queue: string, jobId: string): string;
  steps(queue: string, jobId: string): string;
  lock(queue: string, jobId: string): string;
  job(queue: string, jobId: string): string;
  logs(queue: string, jobId: string): string;
  /** Set of job IDs in this queue that have a checkpoint and have not ended: what a window must prove. */
  live(queue: string): string;
  /** What is kept of a workflow run beside its job: graph, and how each step stands. */
  workflow(queue: string, jobId: string): string;
  /** What became of each run of a workflow run, by step, or by step and place: `score/17`. */
  workflowResults(queue: string, jobId: string): string;
  /** List of the payloads of a step's runs; `part` is also the name of a try to store them. */
  workflowPayloads(queue: string, jobId: string, part: string): string;
  /** Set of job IDs in this queue that are workflow runs which have begun and not ended. */
  liveWorkflows(queue: string): string;
  /** Set of job IDs in this queue that are workflow runs which had ended, are to go on, and were not claimed since. */
  reopenedWorkflows(queue: string): string;
  /** Sorted set of an app's workflow runs, by when there is something to do for them. With the queues, since scripts that write to these write to it. */
  agenda(app: string): string;
  /** The beginning of the keys of everything in a queue. */
  queue(queue: string): string;
  /** The beginning of the keys of a job's seats and lines. */
  seats(queue: string, job: string): string;
  /** Sorted set of ended runs that are to be removed before the queue does it, by when. */
  expiring(queue: string): string;
  /** Hash of the runs that are parked because the release lacked their job: job IDs, and the names of those jobs. */
  withoutJob(queue: string): string;
  /** Set of the jobs of this queue of which runs are in line for a seat. */
  lines(queue: string): string;
}

/**
 * @param namespace of the control plane; default `sw`. Two Slackwaters on one Redis need different ones.
 * @param queuePrefix of BullMQ; default `bull`, its own default, so that a plain producer needs the queue's name and nothing else.
 */
export function createKeys(namespace = 'sw', queuePrefix = 'bull'): Keys {
  const base = `{${namespace}}`;
  const ofJob = (queue: string, jobId: string) => `${queuePrefix}:${queue}:${jobId}`;
  return {
    queuePrefix,
    apps: `${base}:apps`,
    queues: `${base}:queues`,
    holds: `${base}:holds`,
    freezes: `${base}:freezes`,
    pausedByUs: `${base}:paused`,
    lease: `${base}:lease`,
    hosts: `${base}:hosts`,
    hostSigns: `${base}:hosts:signs`,
    windows: `${base}:windows`,
    openWindows: `${base}:windows:open`,
    windowSchedules: `${base}:window-schedules`,
    lastFires: `${base}:window-schedules:last`,
    appliedSchedules: `${base}:schedules-applied`,
    schedulesVersions: `${base}:schedules-versions`,
    unsentFires: `${base}:fires-unsent`,
    backfills: `${base}:backfills`,
    openBackfills: `${base}:backfills:open`,
    events: `${base}:events`,
    wake: `${base}:wake`,
    neverThere: [`${base}:never-there`, `${queuePrefix}:sw:never-there`],
    served: app => `${base}:served:${app}`,
    intent: app => `${base}:intent:${app}`,
    releases: app => `${base}:releases:${app}`,
    release: id => `${base}:release:${id}`,
    blob: sha256 => `${base}:blob:${sha256}`,
    window: id => `${base}:window:${id}`,
    report: id => `${base}:report:${id}`,
    endedWindows: app => `${base}:windows:ended:${app}`,
    windowFires: schedule => `${base}:window-schedule:${schedule}:fires`,
    schedules: app => `${base}:schedules:${app}`,
    scheduleStates: app => `${base}:schedule-states:${app}`,
    schedulePauses: app => `${base}:schedule-pauses:${app}`,
    runsByHand: app => `${base}:runs-by-hand:${app}`,
    fires: (app, schedule) => `${base}:fires:${app}:${schedule}`,
    heldFires: window => `${base}:held-fires:${window}`,
    backfill: id => `${base}:backfill:${id}`,
    backfillFires: id => `${base}:backfill:${id}:fires`,
    started: (app, schedule) => `${base}:started:${app}:${schedule}`,
    backfilled: (app, schedule) => `${base}:backfilled:${app}:${schedule}`,
    host: id => `${base}:host:${id}`,
    paces: app => `${base}:paces:${app}`,
    record: (app, release) => `${base}:record:${app}:${release}`,
    taskSign: (window, task, attempt) => `${base}:task:${window}:${task}:${attempt}`,
    idempotency: key => `${base}:idempotency:${key}`,
    run: (queue, jobId) => `${ofJob(queue, jobId)}:sw`,
    steps: (queue, jobId) => `${ofJob(queue, jobId)}:sw:steps`,
    lock: (queue, jobId) => `${ofJob(queue, jobId)}:lock`,
    job: ofJob,
    logs: (queue, jobId) => `${ofJob(queue, jobId)}:logs`,
    live: queue => `${queuePrefix}:${queue}:sw:live`,
    workflow: (queue, jobId) => `${ofJob(queue, jobId)}:sw:wf`,
    workflowResults: (queue, jobId) => `${ofJob(queue, jobId)}:sw:wf:results`,
    workflowPayloads: (queue, jobId, part) => `${ofJob(queue, jobId)}:sw:wf:payloads:${part}`,
    liveWorkflows: queue => `${queuePrefix}:${queue}:sw:workflows`,
    reopenedWorkflows: queue => `${queuePrefix}:${queue}:sw:reopened`,
    agenda: app => `${queuePrefix}:sw:agenda:${namespace}:${app}`,
    queue: queue => `${queuePrefix}:${queue}:`,
    seats: (queue, job) => `${queuePrefix}:${queue}:sw:seats:${job}`,
    expiring: queue => `${queuePrefix}:${queue}:sw:expiring`,
    withoutJob: queue => `${queuePrefix}:${queue}:sw:without-job`,
    lines: queue => `${queuePrefix}:${queue}:sw:lines`,
  };
}

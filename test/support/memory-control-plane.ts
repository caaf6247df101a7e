import type { Hold } from '../../src/model/hold.js';
import { taskKey } from '../../src/model/task.js';
import type { Request, Window } from '../../src/model/window.js';
import { extended, whyNot } from '../../src/model/window-requests.js';
import { SlackwaterError } from '../../src/platform/errors.js';
import { followHolds, type PauseFlags } from '../../src/queue/pause-flags.js';
import type { LeaseRecord } from '../../src/store/lease.js';
import type { ControlPlane } from '../../src/window/control-plane.js';
import type { MemoryRedis } from './memory-redis.js';

/** Brings an act to the store and its answer back: what lies between is the caller's (the simulation has a network there). */
export type Send = <Answer>(act: () => Answer, name: string) => Promise<Answer>;

const atOnce: Send = async act => act();

/**
 * The control plane in memory, made of the same acts in the same order as the real one: what is one script there is one act here, and what takes
 * several commands there may be interrupted here between any two.
 */
export function memoryControlPlane(redis: MemoryRedis, send: Send = atOnce): ControlPlane {
  const applyPauseFlags = (queues?: string[]) => followHolds(flagsOf(redis, send), queues);
  const signsOf = async (window: Window) => {
    const running = window.tasks.filter(task => task.state === 'running');
    const signs = await Promise.all(
      running.map(task =>
        send(() => redis.sign(signKey(window.id, taskKey(task), task.attempt)), 'look: sign'),
      ),
    );
    return Object.fromEntries(running.map((task, i) => [taskKey(task), signs[i]!]));
  };
  return {
    async openWindows() {
      const ids = await send(() => redis.openIds(), 'open windows');
      const windows = await Promise.all(ids.map(id => send(() => redis.window(id), `window ${id}`)));
      return windows
        .filter(window => window !== null)
        .sort((a, b) => (a.startsAt + a.id < b.startsAt + b.id ? -1 : 1));
    },
    async look(of) {
      const [[window, signs], intent, { hosts, lastWords }, holds, now, fresh, old] = await Promise.all([
        send(() => found(redis.window(of.id), of.id), 'look: window').then(
          async window => [window, await signsOf(window)] as const,
        ),
        send(() => redis.intent(of.app), 'look: intent'),
        send(() => ({ hosts: redis.hosts(), lastWords: redis.lastWords(of.id) }), 'look: hosts'),
        send(() => redis.holds(), 'look: holds'),
        send(() => redis.now(), 'look: time'),
        send(() => redis.record(of.release), 'look: record'),
        send(() => redis.record(of.previousRelease), 'look: record'),
      ]);
      return { window, intent, hosts, lastWords, holds, now, records: { new: fresh, old }, signs };
    },
    advance: (holder, change) =>
      send(() => redis.advance(holder, change), `advance ${change.window.id} to ${change.window.phase}`),
    notes: id => send(() => redis.notes(id), 'notes'),
    prune: () => send(() => redis.prune(KEPT), 'prune'),
    tell: (type, data) => send(() => redis.tell(type, data), `tell ${type}`),
    async intakeCounters(queues) {
      const counts = await Promise.all(queues.map(queue => send(() => redis.added(queue), 'intake counter')));
      return Object.fromEntries(queues.map((queue, i) => [queue, counts[i]!]));
    },
    applyPauseFlags,
    async claimIntents(holder) {
      const apps = await send(() => redis.apps(), 'claim: apps');
      const intents = await Promise.all(apps.map(app => send(() => redis.intent(app), 'claim: intent')));
      const former = intents.filter(intent => intent !== null).filter(intent => intent.term < holder.term);
      await Promise.all(
        former.map(intent => send(() => redis.claimIntent(holder, intent), `claim intent of ${intent.app}`)),
      );
    },
    sweep: () => sweepOf(redis, send, applyPauseFlags),
    watch(onWake) {
      const listener = () => onWake();
      return {
        async start() {
          redis.listeners.add(listener);
          onWake();
        },
        async stop() {
          redis.listeners.delete(listener);
        },
      };
    },
  };
}

const KEPT = 1_000;

/** Names a try of a hook or probe. @param task `taskKey` */
export const signKey = (windowId: string, task: string, attempt: number): string =>
  `${windowId}:${task}:${attempt}`;

export function memoryLease(redis: MemoryRedis, send: Send = atOnce): LeaseRecord {
  return {
    acquire: (owner, ttlMs, held) => send(() => redis.acquireLease(owner, ttlMs, held), 'lease: acquire'),
    release: (owner, term) => send(() => redis.releaseLease(owner, term), 'lease: release'),
  };
}

/** What operators do. Errors as in `src/store/windows.ts` and `holds.ts`. */
export function memoryOperator(redis: MemoryRedis, send: Send = atOnce) {
  async function update(
    id: string,
    kind: Request['kind'] | 'extend',
    expected: number | undefined,
    change: (window: Window, at: string) => Window,
  ): Promise<Window> {
    for (;;) {
      const window = await send(() => found(redis.window(id), id), `request ${kind}: read`);
      if (expected !== undefined && expected !== window.version)
        throw new SlackwaterError('conflict', `window ${id} is at version ${window.version}`);
      const refusal = whyNot(window, kind);
      if (refusal) throw new SlackwaterError('conflict', refusal);
      const at = new Date(await send(() => redis.now(), `request ${kind}: time`)).toISOString();
      const next = { ...change(window, at), version: window.version + 1 };
      const event = { app: window.app, window: id, request: kind };
      const write = () => redis.updateWindow(window.version, next, event);
      if (await send(write, `request ${kind}: write`)) return next;
    }
  }
  return {
    async createWindow(window: Window): Promise<Window> {
      const other = await send(() => redis.createWindow(window), 'create window');
      if (other === '') return window;
      throw new SlackwaterError('conflict', `window ${other} takes this time`);
    },
    requestWindow: (id: string, request: Omit<Request, 'at'>, expected?: number) =>
      update(id, request.kind, expected, (window, at) => ({ ...window, request: { ...request, at } })),
    extendWindow: (id: string, { byMs }: { byMs: number }, expected?: number) =>
      update(id, 'extend', expected, window => extended(window, byMs)),
    placeHold: (hold: Hold) => send(() => redis.placeHold(hold), 'place hold'),
  };
}

/** The acts of `src/queue/intake.ts`; their order is that of the real one. */
const flagsOf = (redis: MemoryRedis, send: Send): PauseFlags => ({
  held: async () => (await send(() => redis.holds(), 'flags: holds')).flatMap(hold => hold.queues),
  noted: () => send(() => redis.pausedByUs(), 'flags: ours'),
  note: queue => send(() => redis.noteFlag(queue), 'flags: note'),
  forget: queue => send(() => redis.dropFlag(queue), 'flags: drop note'),
  isPaused: queue => send(() => redis.isPaused(queue), 'flags: paused?'),
  pause: queue => send(() => redis.pause(queue), 'flags: pause'),
  resume: queue => send(() => redis.resume(queue), 'flags: resume'),
});

/** As `sweep` of `src/store/holds.ts`, step for step. */
async function sweepOf(redis: MemoryRedis, send: Send, applyFlags: () => Promise<void>): Promise<void> {
  const now = await send(() => redis.now(), 'sweep: time');
  const isOver = (until: string | null) => until !== null && Date.parse(until) <= now;
  const holds = await send(() => redis.holds(), 'sweep: holds');
  const expired = holds.filter(hold => isOver(hold.until));
  await Promise.all(expired.map(hold => send(() => redis.liftHold(hold, 'expired'), 'sweep: lift')));
  const apps = await send(() => redis.apps(), 'sweep: apps');
  const intents = await Promise.all(apps.map(app => send(() => redis.intent(app), 'sweep: intent')));
  const overdue = intents.filter(intent => intent && isOver(intent.until));
  await Promise.all(overdue.map(intent => send(() => redis.openGate(intent!), 'sweep: open gate')));
  await applyFlags();
}

function found(window: Window | null, id: string): Window {
  if (!window) throw new SlackwaterError('not-found', `there is no window ${id}`);
  return window;
}

import { randomBytes } from 'node:crypto';
import type { Hold } from '../model/hold.js';
import type { Intent } from '../model/intent.js';
import type { Asking, Choice, Report, Request, Window } from '../model/window.js';
import { isOver, readWindow } from '../model/window-defaults.js';
import { type Ask, type Asked, extended, whyNot } from '../model/window-requests.js';
import type { WindowFire } from '../model/window-schedule.js';
import { type FieldError, SlackwaterError } from '../platform/errors.js';
import { frozen, readFreeze, refuseInFreeze } from './freezes.js';
import type { Holder } from './lease.js';
import { notThere } from './not-there.js';
import { redisNow, type Store, script } from './redis.js';
import type { WindowScheduleState } from './window-schedules.js';
import { spanOf } from './window-spans.js';

const createScript =
  script<[answer: '' | 'freeze' | 'window' | 'not-the-holder' | 'stale', what?: string]>('create-window');
const advanceScript = script<Advance>('advance-window', 10);
const updateScript = script<number>('update-window', 4);

const NOTE = 'note:';
const ASKINGS_KEPT = 50;

/** What became of a write by the engine. All but `written` mean: someone else was here, look again. */
export type Advance = 'written' | 'not-the-holder' | 'stale-window' | 'stale-intent';

/** One step of the engine, written whole or not at all. */
export interface WindowChange {
  /** As it shall be, with the `version` that was read: the script writes it as `version + 1`. */
  window: Window;
  /** What hosts shall do from now on. Its `revision` is given by the script, its `term` by the lease. */
  intent?: Omit<Intent, 'revision' | 'term'>;
  /** The revision on which the decision rests (`null`: no intent yet). With another one stored, nothing is written. */
  seenRevision: number | null;
  place?: Hold[];
  /** IDs of holds. */
  lift?: string[];
  event?: { type: string; data: Record<string, unknown> };
  report?: Report;
  /** What the report will need and nobody else keeps: stored beside the window, field by field. */
  notes?: Record<string, unknown>;
}

/**
 * Stores a new window, unless it starts within a freeze, or another one of its app that is not over takes any of its time.
 * @throws SlackwaterError `conflict`, naming the freeze or the other.
 */
export async function createWindow(store: Store, window: Window): Promise<Window> {
  const created = await create<never>(store, window, [], []);
  if (created === 'created') return window;
  throw created;
}

/**
 * Stores the window of a fire, and with it that the fire has its fate.
 * @returns `stale`: somebody else gave this fire its fate, or the schedule is gone. A `conflict`, as `createWindow` throws it: nothing is stored.
 */
export function createWindowOfFire(
  store: Store,
  holder: Holder,
  { schedule, lastFire }: WindowScheduleState,
  fire: WindowFire,
  window: Window,
): Promise<'created' | 'not-the-holder' | 'stale' | SlackwaterError> {
  const { keys } = store;
  const at = Date.parse(fire.at);
  return create(
    store,
    window,
    [keys.lease, keys.lastFires, keys.windowFires(schedule.id)],
    [holder.owner, holder.term, schedule.id, lastFire, at, JSON.stringify(fire)],
  );
}

async function create<Stale extends 'not-the-holder' | 'stale'>(
  store: Store,
  window: Window,
  keysOfFire: string[],
  fire: (string | number)[],
): Promise<'created' | Stale | SlackwaterError> {
  const { keys, redis } = store;
  const own = [keys.window(window.id), keys.windows, keys.openWindows, keys.apps, keys.events, keys.freezes];
  const places = [...own, ...keysOfFire];
  const event = { app: window.app, window: window.id, phase: window.phase, because: window.reason };
  const texts = [window, spanOf(window), event].map(each => JSON.stringify(each));
  const [answer, what] = await createScript(redis, places.length, ...places, ...texts, keys.wake, ...fire);
  if (answer === '') return 'created';
  if (answer === 'window') return overlapping(window.app, what!, await findWindow(store, what!));
  return answer === 'freeze' ? frozen(readFreeze(what!)) : (answer as Stale);
}

const overlapping = (app: string, other: string, window: Window | null): SlackwaterError =>
  new SlackwaterError('conflict', `window ${other} of app ${app} takes this time: ${wayOut(window)}`, [
    { pointer: '/startsAt', detail: `overlaps with window ${other}` },
  ]);

/** What its phase allows. */
function wayOut(window: Window | null): string {
  const wait = 'wait for it, choose another time';
  const may = (kind: Asked) => window !== null && whyNot(window, kind) === null;
  if (window?.held)
    return `it is held: end it with one of its choices (\`slackwater window show ${window.id}\`)`;
  if (may('cancel')) return `${wait}, or cancel it`;
  if (may('end')) return `${wait}, end its watch (\`slackwater window end\`), or abort it`;
  return may('abort') ? `${wait}, or abort it` : 'wait for it, or choose another time';
}

/** Names that are like one that is not there are looked for among so many, the newest. */
const LIKE_AMONG = 1_000;

/** @throws SlackwaterError `not-found` */
export async function getWindow(store: Store, id: string): Promise<Window> {
  const window = await findWindow(store, id);
  if (window) return window;
  const known = await store.redis.zrange(
    store.keys.windows,
    '+',
    '-',
    'BYLEX',
    'REV',
    'LIMIT',
    0,
    LIKE_AMONG,
  );
  throw notThere('window', id, known, 'see `slackwater window ls`');
}

/** `null`: it is not known (any more). */
export async function findWindow(store: Store, id: string): Promise<Window | null> {
  const text = await store.redis.hget(store.keys.window(id), 'json');
  return text === null ? null : readWindow(JSON.parse(text) as Window);
}

/** Newest first. `before`: the ID of the last one of the page before. */
export async function listWindows(
  store: Store,
  options: { app?: string; limit?: number; before?: string } = {},
): Promise<{ items: Window[]; nextCursor: string | null }> {
  const limit = options.limit ?? 50;
  const items: Window[] = [];
  let before = options.before;
  for (;;) {
    // All have score 0: the set is ordered by ID, and IDs by the time of their making.
    const max = before === undefined ? '+' : `(${before}`;
    const ids = await store.redis.zrange(store.keys.windows, max, '-', 'BYLEX', 'REV', 'LIMIT', 0, limit + 1);
    const page = await Promise.all(ids.map(id => findWindow(store, id)));
    items.push(
      ...page
        .filter(window => window !== null)
        .filter(w => options.app === undefined || w.app === options.app),
    );
    before = ids.at(-1);
    if (ids.length <= limit || items.length > limit) break;
  }
  const cut = items.slice(0, limit);
  return { items: cut, nextCursor: items.length > limit ? cut.at(-1)!.id : null };
}

/** Those that are not over, in the order in which they begin. */
export async function openWindows(store: Store): Promise<Window[]> {
  const ids = await store.redis.hkeys(store.keys.openWindows);
  const windows = await Promise.all(ids.map(id => findWindow(store, id)));
  return windows
    .filter(window => window !== null)
    .sort((a, b) => (a.startsAt + a.id < b.startsAt + b.id ? -1 : 1));
}

export async function readReport(store: Store, id: string): Promise<Report | null> {
  const text = await store.redis.get(store.keys.report(id));
  return text === null ? null : (JSON.parse(text) as Report);
}

/** What was noted beside the window on the way. */
export async function readNotes(store: Store, id: string): Promise<Record<string, unknown>> {
  const fields = Object.entries(await store.redis.hgetall(store.keys.window(id)));
  return Object.fromEntries(
    fields.flatMap(([name, text]) =>
      name.startsWith(NOTE) ? [[name.slice(NOTE.length), JSON.parse(text)]] : [],
    ),
  );
}

/** The engine's only way to write: one script that compares lease, window and intent before it touches anything. */
export async function advance(store: Store, lease: Holder, change: WindowChange): Promise<Advance> {
  const { keys, redis } = store;
  const { window } = change;
  const next: Window = { ...window, version: window.version + 1 };
  const text = (value: unknown) => (value === undefined ? undefined : JSON.stringify(value));
  return advanceScript(
    redis,
    keys.lease,
    keys.window(window.id),
    keys.openWindows,
    keys.intent(window.app),
    keys.holds,
    keys.events,
    keys.report(window.id),
    keys.apps,
    keys.windows,
    keys.endedWindows(window.app),
    lease.owner,
    lease.term,
    keys.wake,
    JSON.stringify({
      id: window.id,
      app: window.app,
      seenVersion: window.version,
      version: next.version,
      window: text(next),
      span: isOver(window) ? undefined : text(spanOf(next)),
      seenRevision: change.seenRevision ?? 0,
      intent: text(change.intent),
      place: (change.place ?? []).map(hold => [hold.id, JSON.stringify(hold)]),
      lift: change.lift ?? [],
      eventType: change.event?.type,
      eventData: text(change.event?.data),
      report: text(change.report),
      notes: Object.entries(change.notes ?? {}).map(([name, note]) => [NOTE + name, JSON.stringify(note)]),
    }),
  );
}

/**
 * An operator asks; the engine acts on it with its next look, at once.
 * @param expectedVersion as in `If-Match`; without it, the request goes to whatever version is there.
 * @throws SlackwaterError `not-found`; `conflict` where the phase does not allow it, the version is another, or it shall start within a freeze.
 */
export async function requestWindow(
  store: Store,
  id: string,
  { kind, by, choice }: { kind: Request['kind']; by: string; choice?: Choice | undefined },
  expectedVersion?: number,
): Promise<Window> {
  if (kind === 'start')
    await refuseInFreeze(store, (await getWindow(store, id)).app, await redisNow(store.redis));
  const request = { kind, by, ...(choice === undefined ? {} : { choice }) };
  return update(store, id, request, expectedVersion, (window, at) => ({
    ...window,
    request: { ...request, at },
  }));
}

/** Gives a window `byMs` more time to drain and to end. Errors as with `requestWindow`. */
export function extendWindow(
  store: Store,
  id: string,
  { byMs, by }: { byMs: number; by: string },
  expectedVersion?: number,
): Promise<Window> {
  return update(store, id, { kind: 'extend', by, byMs }, expectedVersion, window => extended(window, byMs));
}

/** A second person agrees: from here on the window may begin. Errors as with `requestWindow`. */
export function approveWindow(
  store: Store,
  id: string,
  { by }: { by: string },
  expectedVersion?: number,
): Promise<Window> {
  return update(store, id, { kind: 'approve', by }, expectedVersion, window => ({
    ...window,
    approvedBy: by,
  }));
}

async function update(
  store: Store,
  id: string,
  ask: Ask & { kind: Asked; by: string; byMs?: number },
  expectedVersion: number | undefined,
  change: (window: Window, at: string) => Window,
): Promise<Window> {
  const { keys, redis } = store;
  const request = randomBytes(6).toString('hex');
  for (;;) {
    const window = await getWindow(store, id);
    if (expectedVersion !== undefined && window.version !== expectedVersion) {
      throw new SlackwaterError(
        'precondition-failed',
        `window ${id} is at version ${window.version}, not ${expectedVersion}: read it again and decide anew`,
      );
    }
    const refusal = whyNot(window, ask.kind, ask);
    if (refusal) throw new SlackwaterError('conflict', refusal, choiceFault(window, ask.kind));
    const at = new Date(await redisNow(redis)).toISOString();
    const askings = [...window.askings, { ...ask, at } as Asking].slice(-ASKINGS_KEPT);
    const next = { ...change(window, at), askings, version: window.version + 1 };
    const event = { app: window.app, window: id, request: ask.kind, by: ask.by };
    const written = await updateScript(
      redis,
      keys.window(id),
      keys.openWindows,
      keys.events,
      keys.windows,
      id,
      window.version,
      next.version,
      JSON.stringify(next),
      JSON.stringify(spanOf(next)),
      JSON.stringify(event),
      keys.wake,
      request,
    );
    if (written === 1) return next;
  }
}

/** Points at the choice where a window that is held was asked without one that it offers. */
function choiceFault({ held }: Window, kind: Asked): FieldError[] {
  if (kind !== 'end' || !held) return [];
  const choices = held.choices.map(({ choice }) => choice).join(', ');
  return [{ pointer: '/choice', detail: `must be one of ${choices}` }];
}

import type { Hold } from '../../src/model/hold.js';
import type { HostStatus, Intent, LastWord, RunRecord } from '../../src/model/intent.js';
import type { TaskSign } from '../../src/model/task.js';
import type { Report, Window } from '../../src/model/window.js';
import { isOver, NO_RECORD } from '../../src/model/window-defaults.js';
import { lastWordsOf } from '../../src/store/hosts.js';
import type { Holder } from '../../src/store/lease.js';
import type { Advance, WindowChange } from '../../src/store/windows.js';
import { copyOf, type Data, emptyData, frozen, kept, type MemoryEvent, spanOf } from './memory-data.js';

/** Errors put in on purpose, to show that they are found. */
export type StoreBug =
  | 'lease ignored'
  | 'version ignored'
  | 'hold without an end'
  | 'lost try taken for a failed one'
  | 'fence ignored';

/**
 * What Redis keeps of the control plane, in memory: each method is one atomic act and answers as the script or command of `src/store` that it stands for.
 * Documents are frozen copies, so whoever writes into one is found out.
 */
export class MemoryRedis {
  #data = emptyData();
  readonly listeners = new Set<() => void>();

  constructor(
    /** The clock that all machines agree on, ms. */
    readonly now: () => number,
    readonly bugs: ReadonlySet<StoreBug> = new Set(),
  ) {}

  /** All there is, to go back to: a Redis that dies comes back with what it had written to disk. */
  remember(): () => void {
    const kept = copyOf(this.#data);
    return () => {
      this.#data = copyOf(kept);
    };
  }

  get events(): readonly MemoryEvent[] {
    return this.#data.events;
  }

  // The lease.

  get lease(): Readonly<Data['lease']> {
    return this.#data.lease;
  }

  acquireLease(owner: string, ttlMs: number, held: number): { won: boolean; term: number } {
    const { lease } = this.#data;
    const now = this.now();
    const rest = lease.until - now;
    const live = lease.owner !== '' && rest > 0 && rest <= ttlMs;
    if (live && lease.owner !== owner) return { won: false, term: lease.term };
    const term = live && lease.term === held ? lease.term : Math.max(lease.term + 1, now);
    this.#data.lease = { owner, term, until: now + ttlMs };
    return { won: true, term };
  }

  releaseLease(owner: string, term: number): void {
    const { lease } = this.#data;
    if (lease.owner === owner && lease.term === term) this.#data.lease = { ...lease, until: 0 };
  }

  // Windows.

  openIds = (): string[] => [...this.#data.open];
  window = (id: string): Window | null => this.#data.windows.get(id) ?? null;
  notes = (id: string): Record<string, unknown> => ({ ...this.#data.notes.get(id) });
  report = (id: string): Report | null => this.#data.reports.get(id) ?? null;

  /** @returns the ID of another one that takes this time, or ''. */
  createWindow(window: Window): string {
    const [from, to] = spanOf(window);
    for (const id of this.#data.open) {
      const other = this.#data.windows.get(id)!;
      const [otherFrom, otherTo] = spanOf(other);
      if (other.app === window.app && from < otherTo && otherFrom < to) return id;
    }
    this.#data.windows.set(window.id, kept(window));
    this.#data.open.add(window.id);
    this.#data.apps.add(window.app);
    this.tell('window.phase', { app: window.app, window: window.id, phase: window.phase });
    this.#wake();
    return '';
  }

  updateWindow(seenVersion: number, next: Window, event: Record<string, unknown>): boolean {
    if (this.window(next.id)?.version !== seenVersion) return false;
    this.#data.windows.set(next.id, kept(next));
    this.#data.open.add(next.id);
    this.tell('window.request', event);
    this.#wake();
    return true;
  }

  advance({ owner, term }: Holder, change: WindowChange): Advance {
    const data = this.#data;
    const { lease } = data;
    const now = this.now();
    const holds = lease.owner === owner && lease.term === term && lease.until > now;
    if (!holds && !this.bugs.has('lease ignored')) return 'not-the-holder';
    const { window } = change;
    if (this.window(window.id)?.version !== window.version && !this.bugs.has('version ignored'))
      return 'stale-window';
    const current = data.intents.get(window.app);
    if ((current?.revision ?? 0) !== (change.seenRevision ?? 0)) return 'stale-intent';
    if (change.intent) {
      if (current && current.term > term && !this.bugs.has('lease ignored')) return 'not-the-holder';
      const revision = Math.max((current?.revision ?? 0) + 1, now);
      data.intents.set(window.app, kept({ revision, term, ...this.#endless(change.intent) }));
      data.apps.add(window.app);
    }
    data.windows.set(window.id, kept({ ...window, version: window.version + 1 }));
    if (isOver(window)) this.#end(window.id);
    else data.open.add(window.id);
    if (change.notes && Object.keys(change.notes).length > 0)
      data.notes.set(window.id, { ...data.notes.get(window.id), ...change.notes });
    if (change.report) data.reports.set(window.id, kept(change.report));
    for (const hold of change.place ?? []) {
      if (!data.holds.has(hold.id)) this.tell('hold.placed', { hold });
      data.holds.set(hold.id, kept(this.#endless(hold)));
    }
    for (const id of change.lift ?? []) {
      const hold = data.holds.get(id);
      if (data.holds.delete(id)) this.tell('hold.lifted', { why: 'window', hold });
    }
    if (change.event) this.tell(change.event.type, change.event.data);
    this.#wake();
    return 'written';
  }

  #endless<Document extends { until: string | null }>(document: Document): Document {
    return this.bugs.has('hold without an end') ? { ...document, until: null } : document;
  }

  #end(id: string): void {
    this.#data.open.delete(id);
    this.#data.ended = [...this.#data.ended.filter(each => each !== id), id];
  }

  prune(keep: number): void {
    for (const id of this.#data.ended.splice(0, Math.max(0, this.#data.ended.length - keep))) {
      this.#data.windows.delete(id);
      this.#data.reports.delete(id);
      this.#data.lastWords.delete(id);
    }
  }

  // Intents.

  apps = (): string[] => [...this.#data.apps].sort();
  intent = (app: string): Intent | null => this.#data.intents.get(app) ?? null;

  /** As a release that was deployed before the story begins. */
  putIntent(intent: Intent): void {
    this.#data.intents.set(intent.app, kept(intent));
    this.#data.apps.add(intent.app);
  }

  claimIntent({ owner, term }: Holder, seen: Intent): boolean {
    const { lease } = this.#data;
    if (lease.owner !== owner || lease.term !== term || lease.until <= this.now()) return false;
    const intent = this.intent(seen.app);
    if (intent?.revision !== seen.revision || intent.term >= term) return false;
    const revision = Math.max(intent.revision + 1, this.now());
    this.#data.intents.set(seen.app, kept({ ...seen, revision, term }));
    this.#wake();
    return true;
  }

  openGate(seen: Intent): boolean {
    const intent = this.intent(seen.app);
    if (intent?.revision !== seen.revision) return false;
    const opened = { gate: 'open', drain: false, force: false, arriveAt: null } as const;
    const alone = { standby: null, proofRound: 0, until: null };
    const revision = Math.max(intent.revision + 1, this.now());
    this.#data.intents.set(seen.app, kept({ ...seen, ...opened, ...alone, revision, term: intent.term }));
    this.tell('gate.opened', { app: seen.app, release: seen.release, why: 'its time was over' });
    this.#wake();
    return true;
  }

  // Holds and the pause flags that follow them.

  holds = (): Hold[] =>
    [...this.#data.holds.values()].sort((a, b) => (a.placedAt + a.id < b.placedAt + b.id ? -1 : 1));

  placeHold(hold: Hold): void {
    this.#data.holds.set(hold.id, kept(hold));
    this.tell('hold.placed', { hold });
    this.#wake();
  }

  /** Exactly the one that was seen. */
  liftHold(seen: Hold, why: string): boolean {
    if (this.#data.holds.get(seen.id) !== seen) return false;
    this.#data.holds.delete(seen.id);
    this.tell('hold.lifted', { why, hold: seen });
    this.#wake();
    return true;
  }

  pausedByUs = (): string[] => [...this.#data.pausedByUs];
  isPaused = (queue: string): boolean => this.#data.paused.has(queue);
  pause = (queue: string) => void this.#data.paused.add(queue);
  resume = (queue: string) => void this.#data.paused.delete(queue);
  noteFlag = (queue: string) => void this.#data.pausedByUs.add(queue);
  dropFlag = (queue: string) => void this.#data.pausedByUs.delete(queue);

  added = (queue: string): number => this.#data.added.get(queue) ?? 0;
  add = (queue: string) => void this.#data.added.set(queue, this.added(queue) + 1);

  // Hosts.

  /** @param status frozen from here on. */
  reportHost(status: HostStatus, ttlMs: number, wake: boolean): void {
    if (!this.#data.hosts.has(status.id)) this.tell('host.joined', { host: status.id });
    this.#data.hosts.set(status.id, { status: frozen(status), until: this.now() + ttlMs });
    this.#keepWords(status, { whole: false });
    if (wake) this.#wake();
  }

  removeHost(status: HostStatus): void {
    this.#keepWords(status, { whole: true });
    const { id } = status;
    if (!this.#data.hosts.delete(id)) return;
    this.tell('host.left', { host: id, reason: 'left' });
    this.#wake();
  }

  #keepWords(status: HostStatus, options: { whole: boolean }): void {
    for (const { window, ...word } of lastWordsOf(status, options)) {
      const words = this.#data.lastWords.get(window) ?? {};
      if (this.window(window)) this.#data.lastWords.set(window, { ...words, [status.id]: kept(word) });
    }
  }

  /** What each host said last in this window. */
  lastWords = (window: string): Record<string, LastWord> => this.#data.lastWords.get(window) ?? {};

  /** Drops those whose record is over. */
  hosts(): HostStatus[] {
    const now = this.now();
    const silent = [...this.#data.hosts].filter(([, host]) => host.until <= now);
    for (const [id] of silent) {
      this.#data.hosts.delete(id);
      this.tell('host.left', { host: id, reason: 'silent' });
    }
    if (silent.length > 0) this.#wake();
    return [...this.#data.hosts.values()].map(({ status }) => status).sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  // Signs of tries, and how runs end.

  /** @param key names window, task and try. @returns whether it is this one's to begin. */
  beginSign(key: string, by: string, ttlMs: number): boolean {
    const kept = this.#sign(key);
    if (kept) return kept.by === by && kept.sign.state === 'working';
    this.#data.signs.set(key, { sign: { state: 'working' }, by, until: this.now() + ttlMs });
    return true;
  }

  renewSign(key: string, by: string, ttlMs: number): void {
    this.#data.signs.set(key, { sign: { state: 'working' }, by, until: this.now() + ttlMs });
  }

  putSign(key: string, sign: TaskSign, ttlMs: number): void {
    this.#data.signs.set(key, { sign, by: '', until: this.now() + ttlMs });
    this.#wake();
  }

  sign(key: string): TaskSign | null {
    const sign = this.#sign(key)?.sign ?? null;
    const isLost = sign === null ? this.#data.signs.has(key) : sign.state === 'lost';
    if (isLost && this.bugs.has('lost try taken for a failed one'))
      return { state: 'failed', output: '', error: 'lost' };
    return sign;
  }

  #sign(key: string) {
    const kept = this.#data.signs.get(key);
    return kept && kept.until > this.now() ? kept : null;
  }

  record = (release: string | null): RunRecord => this.#data.records.get(release ?? '') ?? NO_RECORD;

  countEnd(release: string, kind: keyof RunRecord): void {
    const record = this.record(release);
    this.#data.records.set(release, { ...record, [kind]: record[kind] + 1 });
  }

  // What is told.

  tell(type: string, data: Record<string, unknown>): void {
    this.#data.events.push({ type, data });
  }

  #wake(): void {
    for (const listener of this.listeners) listener();
  }
}

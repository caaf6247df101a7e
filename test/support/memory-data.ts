import type { Hold } from '../../src/model/hold.js';
import type { HostStatus, Intent, LastWord, RunRecord } from '../../src/model/intent.js';
import type { TaskSign } from '../../src/model/task.js';
import type { Report, Window } from '../../src/model/window.js';

export interface MemoryEvent {
  type: string;
  data: Record<string, unknown>;
}

/** All that one Redis keeps of the control plane. */
export interface Data {
  lease: { owner: string; term: number; until: number };
  windows: Map<string, Window>;
  notes: Map<string, Record<string, unknown>>;
  reports: Map<string, Report>;
  open: Set<string>;
  ended: string[];
  apps: Set<string>;
  intents: Map<string, Intent>;
  holds: Map<string, Hold>;
  /** By window, and by host. */
  lastWords: Map<string, Record<string, LastWord>>;
  hosts: Map<string, { status: HostStatus; until: number }>;
  events: MemoryEvent[];
  pausedByUs: Set<string>;
  paused: Set<string>;
  added: Map<string, number>;
  signs: Map<string, { sign: TaskSign; by: string; until: number }>;
  records: Map<string, RunRecord>;
}

export const emptyData = (): Data => ({
  lease: { owner: '', term: 0, until: 0 },
  windows: new Map(),
  notes: new Map(),
  reports: new Map(),
  open: new Set(),
  ended: [],
  apps: new Set(),
  intents: new Map(),
  holds: new Map(),
  lastWords: new Map(),
  hosts: new Map(),
  events: [],
  pausedByUs: new Set(),
  paused: new Set(),
  added: new Map(),
  signs: new Map(),
  records: new Map(),
});

/** As it is read back: without what JSON does not know, and not to be written into. */
export function kept<Document>(document: Document): Document {
  return frozen(JSON.parse(JSON.stringify(document)) as Document);
}

export function frozen<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const each of Object.values(value)) frozen(each);
  }
  return value;
}

export function copyOf(data: Data): Data {
  const copy = Object.entries(data).map(([name, value]) => {
    if (value instanceof Map) return [name, new Map(value)];
    if (value instanceof Set) return [name, new Set(value)];
    return [name, Array.isArray(value) ? [...value] : value];
  });
  return Object.fromEntries(copy) as Data;
}

export function spanOf(window: Window): [from: number, to: number] {
  const from = Date.parse(window.startsAt);
  const end = window.held?.until ?? window.endsBy;
  return [from, end === null ? from + window.maxDurationMs : Date.parse(end)];
}

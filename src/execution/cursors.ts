import { AsyncLocalStorage } from 'node:async_hooks';
import { decodeState, encodeState } from '../model/state-codec.js';

/**
 * Where an `each` stands. Position: `at` items into the page that `page` names (arrays and iterables are one page).
 * `item` holds the cursors within the item under way.
 */
export interface EachCursor {
  page?: unknown;
  at: number;
  /** Items finished, over all pages. */
  count: number;
  /** `key(item)` of the last finished item. */
  key?: string | number;
  done: boolean;
  item?: Scope;
  /** Under way in this start. */
  active: boolean;
  /** It finished, or was skipped as finished, in this start. */
  called: boolean;
}

/** The run itself, or one item of an `each`: what is called within it keeps its cursors here. */
export class Scope {
  readonly each = new Map<string, EachCursor>();
  /** Wake-up times (ms since the epoch) of the sleeps in their order; 0: over. */
  sleeps: number[] = [];
  sleepCalls = 0;
  /** A yield was thrown to a call within it. */
  yielded = false;
  /** Within an item: the state that `checkpoint` was given, to be saved when the cursor moves. */
  offer: { state: unknown } | null = null;

  /** The run that it belongs to. */
  readonly root: Scope;

  constructor(readonly parent: Scope | null) {
    this.root = parent?.root ?? this;
  }
}

/** Which scope the calling code belongs to, through every `await`: nested and parallel `each` are told apart by it. */
export const scopes = new AsyncLocalStorage<Scope>();

export const newCursor = (): EachCursor => ({ at: 0, count: 0, done: false, active: false, called: false });

interface SavedScope {
  each?: Record<string, SavedCursor>;
  sleeps?: number[];
}
type SavedCursor =
  | { done: true }
  | { at: number; count: number; page?: unknown; key?: string | number; item?: SavedScope };

/** @returns `null` where nothing has been iterated or slept: the run has no cursors to go on from. */
export function encodeCursors(root: Scope): string | null {
  const saved = save(root);
  return saved ? encodeState(saved, 'the cursor of ctx.each') : null;
}

export function decodeCursors(text: string | null): Scope {
  return restore((text === null ? {} : decodeState(text)) as SavedScope, null);
}

function save(scope: Scope): SavedScope | undefined {
  const saved: SavedScope = {};
  if (scope.each.size > 0) {
    saved.each = {};
    for (const [name, cursor] of scope.each) saved.each[name] = saveCursor(cursor);
  }
  if (scope.sleeps.length > 0) saved.sleeps = scope.sleeps;
  return saved.each || saved.sleeps ? saved : undefined;
}

function saveCursor({ done, at, count, page, key, item }: EachCursor): SavedCursor {
  if (done) return { done };
  const saved: SavedCursor = { at, count };
  if (page !== undefined) saved.page = page;
  if (key !== undefined) saved.key = key;
  const within = item && save(item);
  if (within) saved.item = within;
  return saved;
}

function restore(saved: SavedScope, parent: Scope | null): Scope {
  const scope = new Scope(parent);
  scope.sleeps = saved.sleeps ?? [];
  for (const [name, cursor] of Object.entries(saved.each ?? {})) {
    const restored = newCursor();
    scope.each.set(name, restored);
    if ('done' in cursor) restored.done = true;
    else {
      const { item, ...position } = cursor;
      Object.assign(restored, position);
      if (item) restored.item = restore(item, scope);
    }
  }
  return scope;
}

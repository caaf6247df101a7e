import type { EachOptions, Pages } from '../author/context.js';
import { SlackwaterError } from '../platform/errors.js';
import { type EachCursor, newCursor, Scope, scopes } from './cursors.js';
import type { Run } from './run.js';

type Items = Iterable<unknown> | AsyncIterable<unknown> | Pages<unknown>;

/** `ctx.each`: see `author/context`. */
export async function each(
  run: Run,
  items: Items,
  fn: (item: unknown, index: number) => unknown,
  options: EachOptions = {},
): Promise<void> {
  const scope = run.enter();
  const name = options.name ?? (typeof options.key === 'string' ? options.key : 'items');
  const keyOf = typeof options.key === 'function' ? options.key : undefined;
  checkArguments(items, fn, name);
  if (options.state !== undefined) run.requireSchema('each with state');
  const cursor = claim(scope, name);
  if (cursor.done) return;
  cursor.active = true;
  try {
    await run.work(async () => {
      for await (const { item, page, at } of rest(items, cursor, keyOf, name)) {
        if (run.aborted) throw run.aborted;
        if (run.stopping) await run.yieldNow(scope, run.placeIn(scope));
        const within = cursor.item ?? new Scope(scope);
        cursor.item = within;
        await finishItem(run, within, () => fn(item, cursor.count));
        cursor.page = page;
        cursor.at = at;
        if (keyOf) cursor.key = keyOf(item);
        cursor.item = undefined;
        cursor.count++;
        if (options.state !== undefined) within.offer = { state: options.state };
        handOn(run, within);
        await run.options.atCheckpoint?.();
        await run.savePoint(scope);
      }
      cursor.done = true;
      cursor.called = true;
    });
  } finally {
    cursor.active = false;
  }
}

/** One that finished in an earlier start is skipped; asking for it again in this one is a mistake that would lose items. */
function claim(scope: Scope, name: string): EachCursor {
  const cursor = scope.each.get(name) ?? newCursor();
  scope.each.set(name, cursor);
  const refuse = (what: string) =>
    new SlackwaterError(
      'bad-definition',
      `ctx.each with the key "${name}" ${what}: give this one a key of its own, e.g. { key: "${name}-2" }`,
    );
  if (cursor.active) throw refuse('is under way');
  if (cursor.done && cursor.called) throw refuse('has already finished in this run');
  if (cursor.done) cursor.called = true;
  return cursor;
}

async function finishItem(run: Run, item: Scope, fn: () => unknown): Promise<void> {
  item.sleepCalls = 0;
  item.offer = null;
  await scopes.run(item, fn);
  if (run.aborted) throw run.aborted;
  if (run.park) throw run.park;
  if (item.yielded && run.yielded) {
    // A yield was thrown to a call within this item, and did not come out.
    run.swallowed = true;
    throw run.yielded;
  }
}

/** The state offered within the finished item is now in step with the cursor, and newer than what was offered around it. */
function handOn(run: Run, { offer, parent }: Scope): void {
  if (!offer) return;
  run.position.offer(offer.state);
  for (let scope = parent; scope; scope = scope.parent) scope.offer = null;
}

interface Position {
  item: unknown;
  page: unknown;
  /** Position after this item within its page. */
  at: number;
}

/** The items after the last finished one, each with the position that follows it. */
async function* rest(
  items: Items,
  cursor: EachCursor,
  keyOf: ((item: unknown) => string | number) | undefined,
  name: string,
): AsyncGenerator<Position> {
  const lastKey = keyOf ? cursor.key : undefined;
  // Where items have keys, the last finished one is looked for from the start of its page; else the position decides.
  let found = lastKey === undefined;
  for await (const position of positions(items, cursor.page, found ? cursor.at : 0)) {
    if (found) yield position;
    else found = keyOf!(position.item) === lastKey;
  }
  if (found) return;
  throw new SlackwaterError(
    'bad-state',
    `ctx.each "${name}" goes on after the item with the key ${JSON.stringify(lastKey)}, which is not among the items any more`,
  );
}

async function* positions(items: Items, page: unknown, from: number): AsyncGenerator<Position> {
  if (typeof items === 'function') yield* pagePositions(items, page, from);
  else if (Array.isArray(items)) yield* arrayPositions(items, undefined, from);
  else {
    let at = 0;
    for await (const item of items) if (++at > from) yield { item, page: undefined, at };
  }
}

function* arrayPositions(items: readonly unknown[], page: unknown, from: number): Generator<Position> {
  for (let at = from; at < items.length; at++) yield { item: items[at], page, at: at + 1 };
}

async function* pagePositions(pages: Pages<unknown>, first: unknown, from: number): AsyncGenerator<Position> {
  for (let page = first, start = from; ; start = 0) {
    const { items, next } = await pages(page);
    yield* arrayPositions(items, page, start);
    if (next === undefined || next === null) return;
    page = next;
  }
}

function checkArguments(items: unknown, fn: unknown, name: unknown): void {
  const refuse = (message: string) => new SlackwaterError('bad-definition', `ctx.each: ${message}`);
  const { [Symbol.iterator]: one, [Symbol.asyncIterator]: other } = Object(items);
  if (typeof items === 'string' || (typeof items !== 'function' && !one && !other))
    throw refuse(
      'items must be an array, an iterable, or a function that gives pages: cursor => ({ items, next })',
    );
  if (typeof fn !== 'function') throw refuse('the second argument must be a function: async item => { … }');
  if (typeof name !== 'string' || name === '')
    throw refuse('key must be a text that names the cursor, or a function that names an item');
  // As a field of the saved cursors it would set what the object inherits, and be lost.
  if (name === '__proto__') throw refuse('key may be any text but "__proto__": take another one');
}

/** What a value is to the codec: JSON says it all, or devalue must, or it would not come back as it was. */
export type Kind = 'json' | 'rich' | 'refused';

const JSON_KIND = 0;
const RICH = 1;
const REFUSED = 2;
const NAMES: Kind[] = ['json', 'rich', 'refused'];

export function kindOf(value: unknown): Kind {
  try {
    return NAMES[rank(value)]!;
  } catch (error) {
    // Too deep for the stack: a cycle, or as good as one.
    if (error instanceof RangeError) return 'refused';
    throw error;
  }
}

function rank(value: unknown): number {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return JSON_KIND;
    case 'number':
      return Number.isFinite(value) ? (Object.is(value, -0) ? RICH : JSON_KIND) : REFUSED;
    case 'undefined':
    case 'bigint':
      return RICH;
    case 'object':
      return value === null ? JSON_KIND : rankObject(value);
    default:
      return REFUSED;
  }
}

function rankObject(value: object): number {
  if (Array.isArray(value)) return rankAll(value, JSON_KIND);
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null)
    return rankPlain(value as Record<string, unknown>, prototype);
  const tag = Object.prototype.toString.call(value);
  if (tag === '[object Date]' && isExactly(value, 'Date'))
    return Number.isNaN((value as Date).getTime()) ? REFUSED : RICH;
  if (tag === '[object Set]' && isExactly(value, 'Set')) return rankAll(value as Set<unknown>, RICH);
  if (tag === '[object Map]' && isExactly(value, 'Map')) {
    return Math.max(
      rankAll((value as Map<unknown, unknown>).keys(), RICH),
      rankAll((value as Map<unknown, unknown>).values(), RICH),
    );
  }
  // A plain object of another realm (a vm context), or an instance of a class.
  return Object.getPrototypeOf(prototype) === null && prototype.constructor?.name === 'Object'
    ? rankPlain(value as Record<string, unknown>, prototype)
    : REFUSED;
}

/** A subclass would come back as its base. */
const isExactly = (value: object, name: string) => Object.getPrototypeOf(value).constructor?.name === name;

const isSubclass = (value: object) =>
  (value instanceof Map && !isExactly(value, 'Map')) ||
  (value instanceof Set && !isExactly(value, 'Set')) ||
  (value instanceof Date && !isExactly(value, 'Date'));

function rankPlain(value: Record<string, unknown>, prototype: object | null): number {
  if (Object.getOwnPropertySymbols(value).length > 0) return REFUSED;
  let highest = prototype === null ? RICH : JSON_KIND;
  for (const key of Object.keys(value)) {
    const found = key === '__proto__' ? REFUSED : rank(value[key]);
    if (found === REFUSED) return REFUSED;
    if (found > highest) highest = found;
  }
  return highest;
}

function rankAll(values: Iterable<unknown>, least: number): number {
  let highest = least;
  for (const value of values) {
    const found = rank(value);
    if (found === REFUSED) return REFUSED;
    if (found > highest) highest = found;
  }
  return highest;
}

/** Where the first refused value is and what to do about it. Slow; only called when something is wrong. */
export function explainFault(root: unknown): { pointer: string; message: string } {
  const path: { pointer: string; readable: string }[] = [];
  const ancestors = new Set<object>();
  const reason = seek(root);
  const pointer = path.map(step => step.pointer).join('');
  const readable = path
    .map(step => step.readable)
    .join('')
    .replace(/^\./, '');
  const at = pointer === '' ? 'it is' : `${readable} (${pointer}) is`;
  return {
    pointer,
    message: `${at} ${reason ?? 'nested too deep'}; keep JSON values, Date, Map, Set, BigInt and undefined`,
  };

  function seek(value: unknown): string | undefined {
    if (typeof value === 'function') return `a function${value.name ? ` (${value.name})` : ''}`;
    if (typeof value === 'symbol') return 'a symbol';
    if (typeof value === 'number')
      return Number.isFinite(value) ? undefined : `${value}, which JSON does not have`;
    if (typeof value !== 'object' || value === null) return undefined;
    if (ancestors.has(value)) return 'a reference to something that contains it';
    if (ancestors.size >= 500) return 'nested too deep';
    ancestors.add(value);
    const reason = seekWithin(value);
    ancestors.delete(value);
    return reason;
  }

  function seekWithin(value: object): string | undefined {
    if (isSubclass(value)) return describeInstance(value);
    if (value instanceof Map)
      return seekChildren(
        [...value].flatMap(([key, item]) => [
          [key, key],
          [key, item],
        ]),
        readableMapKey,
      );
    if (value instanceof Set) return seekChildren([...value].entries(), key => `[${key}]`);
    if (Array.isArray(value)) return seekChildren(value.entries(), key => `[${key}]`);
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'an invalid Date' : undefined;
    if (rankObject(Object.create(Object.getPrototypeOf(value))) === REFUSED) return describeInstance(value);
    if (Object.getOwnPropertySymbols(value).length > 0) return 'an object with a symbol as a key';
    if (Object.hasOwn(value, '__proto__')) return 'an object with the key "__proto__"';
    return seekChildren(Object.entries(value), key =>
      /^[A-Za-z_$][\w$]*$/.test(String(key)) ? `.${key}` : `[${JSON.stringify(key)}]`,
    );
  }

  function seekChildren(
    children: Iterable<unknown[]>,
    readable: (key: unknown) => string,
  ): string | undefined {
    for (const [key, child] of children) {
      const text = typeof key === 'symbol' || typeof key === 'object' ? '*' : String(key);
      path.push({ pointer: `/${text.replaceAll('~', '~0').replaceAll('/', '~1')}`, readable: readable(key) });
      const reason = seek(child);
      if (reason) return reason;
      path.pop();
    }
    return undefined;
  }
}

const readableMapKey = (key: unknown) =>
  `.get(${typeof key === 'string' ? JSON.stringify(key) : typeof key === 'object' ? '…' : String(key)})`;

function describeInstance(value: object): string {
  const name = value.constructor?.name;
  return name ? `an instance of ${name}` : 'an object with a prototype of its own';
}

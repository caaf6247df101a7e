import { SlackwaterError } from '../platform/errors.js';

/** A result as JSON holds it; `undefined` becomes `null`. @throws SlackwaterError `bad-state` with the path of what JSON would lose. */
export function jsonResult(result: unknown, job: string): unknown {
  return JSON.parse(jsonText(result, `the result of job "${job}"`, 'Return'));
}

/** @param what names the value, @param advice what to do with plain ones, for the message. @throws as `jsonResult`. */
export function jsonText(value: unknown, what: string, advice: string): string {
  if (value === undefined) return 'null';
  let lost: string | undefined;
  let text: string | undefined;
  try {
    text = JSON.stringify(value, function (this: unknown, key, part) {
      const original = (this as Record<string, unknown>)[key];
      lost ??= lossOf(original) && `${key === '' ? 'it' : `"${key}"`} is ${lossOf(original)}`;
      return typeof part === 'bigint' ? null : part;
    });
  } catch (error) {
    lost = error instanceof Error ? error.message.split('\n', 1)[0] : String(error);
  }
  if (lost === undefined && text !== undefined) return text;
  throw new SlackwaterError(
    'bad-state',
    `${what} cannot be kept as JSON: ${lost}. ${advice} plain objects, arrays, texts, numbers, booleans or null`,
  );
}

function lossOf(value: unknown): string | undefined {
  if (typeof value === 'bigint') return 'a BigInt';
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'symbol') return 'a symbol';
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (value instanceof Map) return 'a Map';
  if (value instanceof Set) return 'a Set';
  return undefined;
}

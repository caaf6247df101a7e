import { parse, stringify } from 'devalue';
import { SlackwaterError } from '../platform/errors.js';
import { explainFault, kindOf } from './state-kinds.js';

/**
 * States as text. A value of JSON kinds only is written as JSON behind a `=` (five times as fast as devalue, both ways); one that holds a
 * Date, Map, Set, BigInt, `undefined` or `-0` is written by devalue, whose texts begin with `[` or `-`. Both are read.
 */
const JSON_MARK = '=';

/** From this size on a run is warned, once. */
export const WARN_BYTES = 64 * 1024;

/**
 * @param what names the value in the message, e.g. `the state`.
 * @throws SlackwaterError `bad-state`: something that would not come back as it was, with its path.
 */
export function encodeState(value: unknown, what = 'the state'): string {
  const kind = kindOf(value);
  if (kind === 'refused') throw refusal(value, what);
  try {
    return kind === 'json' ? JSON_MARK + JSON.stringify(value) : stringify(value);
  } catch (error) {
    if (error instanceof RangeError) throw refusal(value, what);
    throw error;
  }
}

function refusal(value: unknown, what: string): SlackwaterError {
  const { pointer, message } = explainFault(value);
  return new SlackwaterError('bad-state', `${what} cannot be kept: ${message}`, [
    { pointer, detail: message },
  ]);
}

/** @throws SlackwaterError `bad-state`: not a text that `encodeState` made. */
export function decodeState(text: string): unknown {
  try {
    return text.startsWith(JSON_MARK) ? JSON.parse(text.slice(JSON_MARK.length)) : parse(text);
  } catch (cause) {
    throw new SlackwaterError('bad-state', 'the kept text is damaged: it is no state', [], { cause });
  }
}

/** @returns its size in bytes. @throws SlackwaterError `too-large` naming job and sizes. */
export function checkSize(text: string, limit: number, job: string, what = 'the state'): number {
  const bytes = Buffer.byteLength(text);
  if (bytes <= limit) return bytes;
  throw new SlackwaterError(
    'too-large',
    `${what} of job "${job}" has ${bytes.toLocaleString('en')} bytes, the limit is ${limit.toLocaleString('en')}: keep large data elsewhere and a reference to it here`,
  );
}

import { randomBytes } from 'node:crypto';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/**
 * A random, sortable ID: `prefix-` + 9 characters of time (ms) + 11 of chance. IDs made later sort later (per machine clock).
 * Prefixes: `run`, `win`, `hold`, `host`, `srv`. Valid as a BullMQ job ID: no colon, never an integer.
 */
export function newId(prefix: string, now: number = Date.now()): string {
  let time = '';
  for (let rest = now, i = 0; i < 9; i++, rest = Math.floor(rest / 32)) time = ALPHABET[rest % 32] + time;
  const chance = Array.from(randomBytes(11), byte => ALPHABET[byte % 32]).join('');
  return `${prefix}-${time}${chance}`;
}

import { type Duration, parseDuration } from '../platform/duration.js';
import { type Fault, isRecord } from './fault.js';
import { isSchema } from './schema.js';

/*
 * What the options of every definition are checked with. `field` is the way to a field as people write it: `checkpoint.every`.
 */

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

export function checkChoice(value: unknown, field: string, choices: string[], fault: Fault): void {
  if (value === undefined || choices.includes(value as string)) return;
  const shown = choices.map(each => `"${each}"`);
  fault(pointerTo(field), `${field} must be ${shown.slice(0, -1).join(', ')} or ${shown.at(-1)}`);
}

export function checkName(value: unknown, field: string, fault: Fault): void {
  if (typeof value === 'string' && NAME.test(value)) return;
  const shown = value === undefined ? `${field} is missing: it` : `${field} ${JSON.stringify(value)}`;
  fault(
    pointerTo(field),
    `${shown} must start with a letter or digit and hold only letters, digits, ".", "_" and "-", at most 100`,
  );
}

export function checkSchema(value: unknown, field: string, fault: Fault): void {
  if (isSchema(value)) return;
  const isZod3 = isRecord(value) && '_def' in value;
  const why = isZod3
    ? 'this is one of zod 3 or of another library: update to zod 4'
    : 'import * as z from "zod"';
  fault(pointerTo(field), `${field} must be a zod 4 schema such as z.object({ … }) (${why})`);
}

export function checkCount(value: unknown, field: string, fault: Fault): void {
  if (!Number.isSafeInteger(value) || (value as number) < 1)
    fault(pointerTo(field), `${field} must be a whole number from 1, not ${String(value)}`);
}

/** @returns ms. */
export function checkDuration(value: unknown, field: string, fault: Fault): number | undefined {
  try {
    return parseDuration(value as Duration);
  } catch (error) {
    fault(pointerTo(field), `${field} ${(error as Error).message}`);
    return undefined;
  }
}

/** @param prefix of the fields, with its dot. */
export function refuseUnknown(
  given: Record<string, unknown>,
  known: string[],
  prefix: string,
  fault: Fault,
): void {
  for (const key of Object.keys(given)) {
    if (known.includes(key)) continue;
    fault(pointerTo(prefix + key), `${prefix}${key} is not an option: there are ${known.join(', ')}`);
  }
}

const pointerTo = (field: string): string => `/${field.replaceAll('.', '/')}`;

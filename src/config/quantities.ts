import * as z from 'zod';
import { parseDuration } from '../platform/duration.js';

/** `"10m"` in YAML, milliseconds in the program. */
export const duration = z.union([z.string(), z.number()]).transform((value, context) => {
  try {
    return parseDuration(value);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
    return z.NEVER;
  }
});
export const positive = duration.refine(ms => ms > 0, 'must be longer than 0');

const UNITS: Record<string, number> = { '': 1, KiB: 1_024, MiB: 1_024 ** 2, GiB: 1_024 ** 3 };

/** `"16MiB"`, `"64KiB"` or a plain number of bytes. */
export const size = z.union([z.string(), z.number()]).transform((value, context) => {
  const [, amount, unit] = /^(\d+(?:\.\d+)?) ?(KiB|MiB|GiB|)$/.exec(String(value)) ?? [];
  const bytes = amount === undefined ? 0 : Math.round(Number(amount) * UNITS[unit!]!);
  if (bytes >= 1) return bytes;
  context.addIssue({
    code: 'custom',
    message: `${JSON.stringify(value)} is not a size: write "16MiB", "64KiB" or bytes`,
  });
  return z.NEVER;
});

export const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'may hold letters, digits, ".", "_" and "-" only');

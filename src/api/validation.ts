import type { FastifySchemaCompiler } from 'fastify';
import * as z from 'zod';
import { parseDuration } from '../platform/duration.js';
import { type FieldError, SlackwaterError } from '../platform/errors.js';
import { describe, pointerOf } from '../platform/field-errors.js';

/** Checks every part of a request by its zod schema; faults come as problems with a JSON pointer each. */
export const zodValidator: FastifySchemaCompiler<z.ZodType> =
  ({ schema, httpPart }) =>
  data => {
    // Fastify says null where there was no body.
    const none = httpPart === 'body' && (data === undefined || data === null);
    const parsed = schema.safeParse(none ? undefined : data);
    if (parsed.success) return { value: parsed.data };
    if (none)
      return {
        error: new SlackwaterError(
          'invalid-body',
          'a JSON body is needed, with Content-Type: application/json',
        ),
      };
    const errors = parsed.error.issues.flatMap(issue => fieldErrors(issue));
    const part = httpPart === 'body' ? 'the body' : httpPart === 'params' ? 'the path' : 'the query';
    return {
      error: new SlackwaterError(
        httpPart === 'body' ? 'invalid-body' : 'bad-request',
        `${part} is not as it should be: ${describe(errors)}`,
        errors,
      ),
    };
  };

function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map(key => ({
      pointer: pointerOf([...issue.path, key]),
      detail: 'is not known here: leave it out',
    }));
  const [inKey] = issue.code === 'invalid_key' ? issue.issues : [];
  return [{ pointer: pointerOf(issue.path), detail: inKey?.message ?? detailOf(issue) }];
}

/** What zod says of the faults that are met most does not say what to send. */
function detailOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type' && /received undefined$/.test(issue.message))
    return `is missing: send ${/^[aeiou]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected}`;
  if (/^Too small: expected string to have >=1 /.test(issue.message)) return 'must not be empty';
  return issue.message;
}

/** `"90s"`, `"10m"` or ISO 8601 in a request; milliseconds in the program. At most 10 years. */
export const durationInput = z
  .union([z.string().max(50), z.number()])
  .transform((value, context) => {
    try {
      const ms = parseDuration(value);
      if (ms <= 10 * 366 * 86_400_000) return ms;
      context.addIssue({ code: 'custom', message: 'must not be longer than 10 years' });
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message });
    }
    return z.NEVER;
  })
  .meta({ description: '"90s", "10m", "1h30m", ISO 8601 ("PT90S"), or milliseconds' });

/** A time in a request: ISO 8601 with `Z` or an offset. Kept as text in UTC. */
export const timeInput = z
  .string()
  .max(50)
  .transform((text, context) => {
    const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d.*(Z|[+-]\d\d:?\d\d)$/i.test(text) ? Date.parse(text) : Number.NaN;
    if (!Number.isNaN(ms)) return new Date(ms).toISOString();
    context.addIssue({
      code: 'custom',
      message: 'must be a time in ISO 8601 with zone, such as "2030-01-31T02:00:00Z"',
    });
    return z.NEVER;
  })
  .meta({ description: 'ISO 8601, with Z or an offset' });

/** What to say where a field is not there at all. */
export const ifMissing = (send: string) => ({
  error: ({ input }: { input?: unknown }) => (input === undefined ? `is missing: ${send}` : undefined),
});

export const reasonInput = z
  .string(ifMissing('say why, for the record'))
  .trim()
  .min(1, 'must not be empty: say why, for the record')
  .max(1_000)
  .meta({ description: 'why, for the record' });

/** A fault in the body that its shape does not tell. */
export const wrongField = (pointer: string, detail: string): SlackwaterError =>
  new SlackwaterError('invalid-body', detail, [{ pointer, detail }]);

/** Of whatever is named by its ID in the path. */
export const idParams = z.strictObject({ id: z.string().min(1).max(350) });

/** A number in a query string. */
export const limitInput = (most: number, standard: number) =>
  z
    .string()
    .regex(/^\d{1,6}$/, `must be a whole number from 1 to ${most}`)
    .transform(Number)
    .refine(n => n >= 1 && n <= most, `must be a whole number from 1 to ${most}`)
    .default(standard)
    .meta({ description: `1 to ${most}, default ${standard}` });

/** Of a list that is short enough to be read whole. */
export const pageQuery = { cursor: z.string().max(100).optional(), limit: limitInput(200, 50) };

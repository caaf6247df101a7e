/**
 * A zod 4 schema (classic or mini) of any copy of zod: only what is read of it. `Output` is what the code gets, `Input` what it may give.
 */
export interface Schema<Output = unknown, Input = unknown> {
  readonly _zod: { readonly output: Output; readonly input: Input };
  safeParse(value: unknown): Parsed;
}

export interface Parsed {
  success: boolean;
  data?: unknown;
  error?: { issues: readonly Issue[] };
}

export interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

// biome-ignore lint/suspicious/noExplicitAny: a bound that every schema meets; `unknown` would refuse them by variance.
export type AnySchema = Schema<any, any>;
export type OutputOf<S extends AnySchema> = S['_zod']['output'];
export type InputOf<S extends AnySchema> = S['_zod']['input'];

export function isSchema(value: unknown): value is AnySchema {
  const schema = value as Partial<AnySchema> | null | undefined;
  return typeof schema === 'object' && !!schema?._zod && typeof schema.safeParse === 'function';
}

/** JSON pointer (RFC 6901) of a path within a value; `''` for the whole. */
const pointerOf = (path: readonly PropertyKey[]): string =>
  path.map(key => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** @returns what did not fit, each with its pointer. @throws what the schema itself throws (an asynchronous refinement). */
export function checkAgainst(
  schema: AnySchema,
  value: unknown,
): { ok: true; value: unknown } | { ok: false; errors: { pointer: string; detail: string }[] } {
  const parsed = schema.safeParse(value);
  if (parsed.success) return { ok: true, value: parsed.data };
  const issues = parsed.error?.issues ?? [];
  return {
    ok: false,
    errors: issues.map(({ path, message }) => ({ pointer: pointerOf(path), detail: message })),
  };
}

/** `/line: expected int; /minutes/JFK: expected number`, at most five. */
export function describeFaults(errors: readonly { pointer: string; detail: string }[]): string {
  const shown = errors.slice(0, 5).map(({ pointer, detail }) => (pointer ? `${pointer}: ${detail}` : detail));
  return errors.length > shown.length
    ? `${shown.join('; ')}; and ${errors.length - shown.length} more`
    : shown.join('; ');
}

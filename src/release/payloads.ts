import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import type { JobManifest, Manifest } from '../model/release.js';
import type { StepManifest, WorkflowManifest } from '../model/workflow.js';
import { type FieldError, SlackwaterError } from '../platform/errors.js';
import { describe, pointerOf } from '../platform/field-errors.js';

/** By schema: a release is kept as it was read, so each is compiled once. */
const compiled = new WeakMap<object, ValidateFunction>();

/**
 * Checks a payload by the schema of its release, without a line of job code.
 * @param at where the payload stands in the body
 * @throws SlackwaterError `invalid-payload` with a pointer for each fault; `too-large`
 */
export function checkPayload(
  of: JobManifest | WorkflowManifest,
  payload: unknown,
  at: string,
  mostBytes: number,
): void {
  check(of.payloadSchema, `${'steps' in of ? 'workflow' : 'job'} ${of.name}`, payload, at, mostBytes);
}

/** What a signal carries, checked like a payload. @throws as `checkPayload`. */
export function checkSignal(step: StepManifest, payload: unknown, at: string, mostBytes: number): void {
  check(step.signalSchema ?? {}, `signal ${step.name}`, payload, at, mostBytes);
}

function check(schema: object, what: string, payload: unknown, at: string, mostBytes: number): void {
  const bytes = Buffer.byteLength(JSON.stringify(payload));
  if (bytes > mostBytes) {
    const detail = `has ${bytes} bytes; this server takes ${mostBytes} (limits.payloadBytes): pass a reference instead`;
    throw new SlackwaterError('too-large', `the payload ${detail}`, [{ pointer: at, detail }]);
  }
  const validate = validatorOf(schema);
  if (validate(payload)) return;
  const errors = (validate.errors ?? []).slice(0, 100).map(error => fieldError(error, at));
  throw new SlackwaterError(
    'invalid-payload',
    `the payload does not fit ${what}: ${describe(errors)}`,
    errors,
  );
}

/** @throws SlackwaterError `invalid-manifest` for a schema that is none. */
export async function checkPayloadSchemas({
  jobs,
  workflows,
}: Pick<Manifest, 'jobs' | 'workflows'>): Promise<void> {
  const schemas: [pointer: string, schema: object][] = [
    ...jobs.map(({ payloadSchema }, i) => [`/jobs/${i}/payloadSchema`, payloadSchema] as [string, object]),
    ...workflows.flatMap(({ payloadSchema, steps }, i) => [
      [`/workflows/${i}/payloadSchema`, payloadSchema] as [string, object],
      ...steps.map(
        ({ signalSchema }, n) =>
          [`/workflows/${i}/steps/${n}/signalSchema`, signalSchema ?? {}] as [string, object],
      ),
    ]),
  ];
  const errors: FieldError[] = [];
  // Many jobs may have the same, such as none.
  const fine = new Set<string>();
  for (const [pointer, schema] of schemas) {
    const text = JSON.stringify(schema);
    if (fine.has(text)) continue;
    try {
      compile(schema);
      fine.add(text);
    } catch (error) {
      errors.push({ pointer, detail: `is no JSON Schema (draft 7): ${(error as Error).message}` });
    }
    // Others have a turn: a release may have a thousand.
    await new Promise(resolve => setImmediate(resolve));
  }
  if (errors.length > 0)
    throw new SlackwaterError(
      'invalid-manifest',
      `this is not a release manifest: ${describe(errors)}`,
      errors,
    );
}

function validatorOf(schema: object): ValidateFunction {
  let validate = compiled.get(schema);
  if (!validate) {
    validate = compile(schema);
    compiled.set(schema, validate);
  }
  return validate;
}

const OPTIONS = { allErrors: true, strict: false, logger: false } as const;

function withFormats(ajv: Ajv): Ajv {
  (formats as unknown as (ajv: Ajv) => void)(ajv);
  return ajv;
}

/** What a schema itself has to look like; compiled once, which takes longer than most schemas do. */
let rules: Ajv | undefined;

/**
 * Each schema in an instance of its own: two may use one `$id`. Patterns are read as Unicode, which JSON Schema asks for, and where that
 * fails as authors may have written them: `\\:` is an error in one and a colon in the other.
 */
function compile(schema: object): ValidateFunction {
  rules ??= withFormats(new Ajv(OPTIONS));
  rules.validateSchema(schema, true);
  const compileWith = (unicodeRegExp: boolean, meta: boolean) =>
    withFormats(new Ajv({ ...OPTIONS, unicodeRegExp, meta, validateSchema: false })).compile(schema);
  for (const [unicodeRegExp, meta] of [
    [true, false],
    [false, false],
    // It may speak of the schema of schemas.
    [true, true],
  ] as const)
    try {
      return compileWith(unicodeRegExp, meta);
    } catch {
      // The next way may do, and the last one says what is wrong.
    }
  return compileWith(false, true);
}

function fieldError({ instancePath, keyword, params, message }: ErrorObject, at: string): FieldError {
  const within = at + instancePath;
  if (keyword === 'required')
    return { pointer: within + pointerOf([params.missingProperty]), detail: 'is missing' };
  if (keyword === 'additionalProperties')
    return {
      pointer: within + pointerOf([params.additionalProperty]),
      detail: 'is not known to this job: leave it out',
    };
  if (keyword === 'enum')
    return { pointer: within, detail: `must be one of ${JSON.stringify(params.allowedValues)}` };
  if (keyword === 'const')
    return { pointer: within, detail: `must be ${JSON.stringify(params.allowedValue)}` };
  return { pointer: within, detail: message ?? 'is not valid' };
}

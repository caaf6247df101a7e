/**
 * Every error that a person or a client can meet, with its HTTP status and its CLI exit code.
 * The message always says what to change.
 */
const CODES = {
  'bad-definition': { status: 422, exit: 2 },
  'bad-request': { status: 400, exit: 2 },
  'bad-config': { status: 500, exit: 2 },
  'invalid-body': { status: 422, exit: 2 },
  'bad-state': { status: 422, exit: 1 },
  'invalid-payload': { status: 422, exit: 2 },
  'invalid-manifest': { status: 422, exit: 2 },
  'digest-mismatch': { status: 422, exit: 1 },
  'missing-blob': { status: 422, exit: 1 },
  'not-found': { status: 404, exit: 1 },
  conflict: { status: 409, exit: 3 },
  'key-reused': { status: 422, exit: 2 },
  'precondition-failed': { status: 412, exit: 3 },
  'method-not-allowed': { status: 405, exit: 2 },
  'too-large': { status: 413, exit: 2 },
  'unsupported-media-type': { status: 415, exit: 2 },
  unauthorized: { status: 401, exit: 1 },
  forbidden: { status: 403, exit: 1 },
  unavailable: { status: 503, exit: 1 },
  internal: { status: 500, exit: 1 },
} as const satisfies Record<string, { status: number; exit: number }>;

export type ErrorCode = keyof typeof CODES;

export const isErrorCode = (text: string): text is ErrorCode => Object.hasOwn(CODES, text);

/** One fault of one field: a JSON pointer into the body, query or parameters, and what to change. */
export interface FieldError {
  pointer: string;
  detail: string;
}

export class SlackwaterError extends Error {
  override readonly name = 'SlackwaterError';
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly errors: FieldError[] = [],
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
  get status(): number {
    return CODES[this.code].status;
  }
  get exitCode(): number {
    return CODES[this.code].exit;
  }
}

/** Reads any thrown value as `{ name, message, stack }`, the shape in which errors are stored and sent. */
export function errorRecord(thrown: unknown): { name: string; message: string; stack: string } {
  if (thrown instanceof Error) {
    return {
      name: thrown.name,
      message: thrown.message,
      stack: thrown.stack ?? `${thrown.name}: ${thrown.message}`,
    };
  }
  const message =
    typeof thrown === 'string' ? thrown : `a value that is not an Error was thrown: ${String(thrown)}`;
  return { name: 'Error', message, stack: message };
}

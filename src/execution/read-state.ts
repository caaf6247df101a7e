import type { CheckpointDefinition, JobDefinition } from '../author/job.js';
import { checkAgainst } from '../author/schema.js';
import { readableVersions } from '../author/versions.js';
import type { ProofFailure } from '../model/messages.js';
import { decodeState } from '../model/state-codec.js';

export type ReadState = { ok: true; state: unknown } | { ok: false; failure: ProofFailure };

/** Reads a saved state as this code does on a start: decoded, upgraded to its version, validated. Never throws. */
export function readState(job: JobDefinition, version: number | null, text: string): ReadState {
  const to = job.checkpoint?.version ?? null;
  const fail = (message: string, path = ''): ReadState => ({
    ok: false,
    failure: { from: version, to, direction: 'up', path, message },
  });
  if (!job.checkpoint)
    return fail(
      `a state of version ${version} is saved, but job ${job.name} declares no checkpoint in this code`,
    );
  if (version === null || !readableVersions(job.checkpoint).includes(version))
    return fail(`was saved by version ${version}, this code reads ${range(job.checkpoint)}`);
  let state: unknown;
  try {
    state = decodeState(text);
  } catch (error) {
    return fail(messageOf(error));
  }
  for (let from = version; from < job.checkpoint.version; from++) {
    try {
      state = migrate(job.checkpoint.upgrade[from]!, state);
    } catch (error) {
      return fail(`upgrade from version ${from} to ${from + 1} failed: ${messageOf(error)}`);
    }
  }
  return validate(job.checkpoint, state, fail);
}

export function validate(
  { schema }: CheckpointDefinition,
  state: unknown,
  fail: (message: string, path?: string) => ReadState,
): ReadState {
  try {
    const checked = checkAgainst(schema, state);
    if (checked.ok) return { ok: true, state: checked.value };
    const { pointer, detail } = checked.errors[0] ?? { pointer: '', detail: 'does not fit the schema' };
    return fail(detail, pointer);
  } catch (error) {
    return fail(`the schema itself failed: ${messageOf(error)}`);
  }
}

/** @throws what the author's function throws, and where it is asynchronous. */
export function migrate(fn: (state: never) => unknown, state: unknown): unknown {
  const result = fn(state as never);
  if (typeof (result as PromiseLike<unknown> | null)?.then !== 'function') return result;
  (result as Promise<unknown>).then(undefined, () => {});
  throw new Error('it returned a promise: return the state itself');
}

export const messageOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : String(thrown);

function range(checkpoint: CheckpointDefinition): string {
  const versions = readableVersions(checkpoint);
  return versions.length === 1 ? `version ${versions[0]}` : `${versions[0]}–${versions.at(-1)}`;
}

import type { JobDefinition } from '../author/job.js';
import type { ProofItem, ProofResult } from '../model/messages.js';
import { decodeState, encodeState } from '../model/state-codec.js';
import { messageOf, migrate, readState, validate } from './read-state.js';

type Refuse = (message: string, path?: string) => ProofResult & { ok: false };

/** Which release the code is, seen from whoever asks. */
const RELEASE = { up: 'new', same: 'previous', down: 'writing' };

/**
 * Shows that this code can go on from a saved state, and whether it can be brought back to the version of the code before it; or brings down a state of
 * its own.
 * @param job `undefined`: the release does not have it. Never throws, changes nothing.
 */
export function prove(job: JobDefinition | undefined, item: ProofItem): ProofResult {
  const refuse: Refuse = (message, path = '') => ({
    ok: false,
    failure: {
      from: item.version,
      to: job?.checkpoint?.version ?? null,
      direction: item.to === 'up' ? 'up' : 'down',
      path,
      message,
    },
  });
  if (!job) return refuse(`job ${item.job} is not in the ${RELEASE[item.to]} release`);
  // Only the library's own cursors: they need no schema.
  if (item.state === null) return { ok: true };
  return item.to === 'same' ? proveSame(job, item, refuse) : proveWay(job, item);
}

/** The code that owns the version must accept it as it stands. */
function proveSame(job: JobDefinition, item: ProofItem, refuse: Refuse): ProofResult {
  const { checkpoint } = job;
  if (!checkpoint) return refuse(`job ${job.name} declares no checkpoint in this code`);
  if (checkpoint.version !== item.version)
    return refuse(`is of version ${item.version}, this code writes version ${checkpoint.version}`);
  try {
    const read = validate(checkpoint, decodeState(item.state!), refuse);
    return read.ok ? { ok: true } : read;
  } catch (error) {
    return refuse(messageOf(error));
  }
}

/** Up to the version of this code, and down from there. */
function proveWay(job: JobDefinition, item: ProofItem): ProofResult {
  const read = readState(job, item.version, item.state!);
  if (!read.ok) {
    if (item.to === 'up') return read;
    const message = `the release that wrote it does not accept it: ${read.failure.message}`;
    return { ok: false, failure: { ...read.failure, direction: 'down', message } };
  }
  const { version } = job.checkpoint!;
  const { downTo } = item;
  return downTo === undefined || downTo >= version ? { ok: true } : bringDown(job, read.state, downTo);
}

/** A state of this code's version, step by step down to an older one. */
function bringDown(job: JobDefinition, current: unknown, downTo: number): ProofResult {
  const { version, downgrade } = job.checkpoint!;
  const fail = (message: string, path = ''): ProofResult => ({
    ok: false,
    failure: { from: version, to: downTo, direction: 'down', path, message },
  });
  let state = current;
  for (let from = version; from > downTo; from--) {
    const down = downgrade[from];
    if (!down) return { ok: true, noWayDown: true };
    try {
      state = migrate(down, state);
    } catch (error) {
      return fail(`downgrade from version ${from} to ${from - 1} failed: ${messageOf(error)}`);
    }
  }
  try {
    return { ok: true, down: encodeState(state, 'the downgraded state') };
  } catch (error) {
    const path = (error as { errors?: { pointer: string }[] }).errors?.[0]?.pointer ?? '';
    return fail(messageOf(error), path);
  }
}

import type { JobDefinition } from '../author/job.js';
import { checkAgainst, describeFaults } from '../author/schema.js';
import type { ProofFailure } from '../model/messages.js';
import type { RunEnd, RunStart } from '../model/run.js';
import { errorRecord, SlackwaterError } from '../platform/errors.js';
import { messageOf, readState } from './read-state.js';

/** @returns the payload as the schema made it, or how the run ends without it: no other try will read it. */
export function readPayload(job: JobDefinition, start: RunStart): { value: unknown } | RunEnd {
  const refuse = (why: string, errors: SlackwaterError['errors'] = []): RunEnd => {
    const error = new SlackwaterError(
      'invalid-payload',
      `the payload does not fit job "${job.name}": ${why}`,
      errors,
    );
    return { kind: 'failed', error: errorRecord(error), retry: false };
  };
  let sent: unknown;
  try {
    sent = JSON.parse(start.payload);
  } catch {
    return refuse('it is not JSON');
  }
  if (!job.payload) return { value: sent };
  try {
    const checked = checkAgainst(job.payload, sent);
    return checked.ok ? checked : refuse(describeFaults(checked.errors), checked.errors);
  } catch (error) {
    return refuse(`the schema itself failed: ${messageOf(error)}`);
  }
}

/** @returns the state to go on from, `undefined` on a first start, or how the run ends without it. */
export function readCheckpoint(job: JobDefinition, start: RunStart): { value: unknown } | RunEnd {
  const { checkpoint } = start;
  if (!checkpoint || checkpoint.state === null) return { value: undefined };
  const read = readState(job, checkpoint.version, checkpoint.state);
  return read.ok ? { value: read.state } : unreadable(job, start, explain(read.failure));
}

const explain = ({ from, to, path, message }: ProofFailure) =>
  `saved by version ${from}, wanted version ${to}: ${path ? `${path}: ` : ''}${message}`;

export function unreadable(job: JobDefinition, start: RunStart, why: string): RunEnd {
  return {
    kind: 'parked',
    parked: {
      reason: `the checkpoint cannot be read by job "${job.name}" of release ${start.release}: ${why}. Deploy a release that can and choose "retry", or "restart" from the beginning`,
      choices: ['retry', 'restart', 'cancel'],
    },
  };
}

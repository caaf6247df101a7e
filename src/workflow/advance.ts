import {
  actsOf,
  fieldOf,
  isOver,
  type KeptWorkflow,
  nextDue,
  type StepAct,
  type StepRuns,
} from '../model/kept-workflow.js';
import type { StepManifest } from '../model/workflow.js';
import {
  askedFor,
  bringBack,
  enqueueParts,
  type Part,
  type PartsContext,
  partRunId,
  requeuePart,
} from '../queue/workflow-runs.js';
import { HOLD_MS, restWorkflow } from '../store/agenda.js';
import { callCancelled, type RunAddress, requestCancel } from '../store/run-requests.js';
import {
  beginWait,
  cancelParts,
  endWorkflow,
  expandStep,
  lookAtWorkflow,
  markStep,
  readParts,
  reopenPart,
} from '../store/workflows.js';
import { ask } from './ask.js';
import type { RunningRelease, WorkflowPorts } from './ports.js';

/** What cannot be done now is tried again after this long. */
const LATER_MS = 500;
/** Runs that are put into a queue in one go, or cancelled: nobody else is served meanwhile. */
const AT_ONCE = 200;

/**
 * Does what there is to do for a workflow run, until all of it waits for something. Any number of hosts may do so at once: each act is either written once or comes to the
 * same when it is done twice. It may break off anywhere; the agenda still names the run then.
 */
export async function advance(ports: WorkflowPorts, address: RunAddress): Promise<void> {
  const { store, app } = ports;
  for (;;) {
    const release = ports.release();
    if (!release) return;
    const kept = await lookAtWorkflow(store, app, address);
    if (!kept) return;
    const acts = actsOf(kept);
    const done = await Promise.all(acts.map(act => perform(ports, release, address, kept, act)));
    if (done.some(Boolean)) continue;
    if (acts.length > 0) {
      if (await restWorkflow(store, app, address, kept.revision, kept.now + LATER_MS)) return;
      continue;
    }
    const over = !kept.retry && isOver(kept);
    if (over && (await bringToEnd(ports, address)) === 'ended') return;
    // One that is over is claimed now. Should that be lost, it is looked at again.
    const dueAt = over ? kept.now + HOLD_MS : nextDue(kept);
    if (await restWorkflow(store, app, address, kept.revision, dueAt)) return;
  }
}

/** @returns whether anything has changed by it. */
function perform(
  ports: WorkflowPorts,
  release: RunningRelease,
  address: RunAddress,
  kept: KeptWorkflow,
  { step, act }: StepAct,
): Promise<boolean> {
  if (act === 'expand') return expand(ports, release, address, kept, step);
  const { runs, count } = kept.steps[step.name]!;
  const work: Work = { ports, address, kept, step, runs: runs!, count: count! };
  return act === 'enqueue' ? enqueue(work) : endRuns(work);
}

async function expand(
  ports: WorkflowPorts,
  release: RunningRelease,
  address: RunAddress,
  kept: KeptWorkflow,
  step: StepManifest,
): Promise<boolean> {
  const { store, app } = ports;
  const asked = await ask(ports, release, address, kept, step);
  if (asked.kind === 'expand') await expandStep(store, app, address, step.name, asked.expansion);
  else await beginWait(store, app, address, step.name, asked.until);
  return true;
}

/** A step whose runs are known. */
interface Work {
  ports: WorkflowPorts;
  address: RunAddress;
  kept: KeptWorkflow;
  step: StepManifest;
  runs: StepRuns;
  count: number;
}

async function enqueue({ ports, address, kept, step, runs, count }: Work): Promise<boolean> {
  const { store, queues, app, retention } = ports;
  const { scheduledFor } = await askedFor(store, address);
  const context: PartsContext = {
    workflow: address,
    step: step.name,
    runs,
    priority: kept.priority,
    scheduledFor,
    retention,
  };
  const { enqueued, again } = kept.steps[step.name]!;
  for (let from = enqueued; from < count && ports.release(); from += AT_ONCE) {
    const to = Math.min(count, from + AT_ONCE);
    const parts = await readParts(store, address, step, from, to);
    const missing = parts.flatMap<Part>(({ index, payload, mark }) =>
      mark === null && payload !== null ? [{ index, payload }] : [],
    );
    if (!again) await enqueueParts(queues, context, missing);
    else {
      let busy = false;
      for (const part of parts.filter(({ mark }) => !mark?.startsWith('=')))
        busy = (await goOn(ports, context, step, part)) || busy;
      if (busy) return from > enqueued;
    }
    // Others may have come this far, or the workflow stops.
    if (!(await markStep(store, app, address, step.name, 'enqueued', to))) return true;
  }
  return true;
}

/** A run that failed or was cancelled is queued again, from where it stood. @returns whether that has to wait for a host that is just ending it. */
async function goOn(
  { store, queues }: WorkflowPorts,
  context: PartsContext,
  step: StepManifest,
  { index, payload }: Pick<Part, 'index'> & { payload: string | null },
): Promise<boolean> {
  const { workflow, runs } = context;
  const run = { queue: runs.queue, jobId: partRunId(workflow, step.name, index) };
  const field = fieldOf(step.name, index);
  const answer = await reopenPart(store, workflow, field, run, step.onFailure === 'continue');
  if (answer !== 'again') return answer === 'busy';
  // One that was not kept as long as its workflow begins anew.
  if (!(await requeuePart(queues, run)) && payload !== null)
    await enqueueParts(queues, context, [{ index, payload }]);
  return false;
}

/** The workflow stops: what of this step has not started never will, and where a person has cancelled, what runs is told. */
async function endRuns({ ports, address, kept, step, runs, count }: Work): Promise<boolean> {
  const { store, app } = ports;
  for (let from = kept.steps[step.name]!.ended; from < count && ports.release(); from += AT_ONCE) {
    const parts = Array.from({ length: Math.min(count - from, AT_ONCE) }, (_, i) => {
      const index = step.each ? from + i : null;
      return { index, queue: runs.queue, jobId: partRunId(address, step.name, index) };
    });
    const running = await cancelParts(store, app, address, step.name, parts);
    for (const run of running) await requestCancel(store, run);
    await callCancelled(store, parts);
    if (!(await markStep(store, app, address, step.name, 'ended', from + parts.length))) return true;
  }
  return true;
}

/** Has the queue know of it: a host claims the run that stands for the workflow run, and ends it. */
async function bringToEnd(
  { store, queues, retention }: WorkflowPorts,
  address: RunAddress,
): Promise<'claimed' | 'ended'> {
  const where = await bringBack(queues, address);
  if (where === 'there') return 'claimed';
  // Its host died before it had tidied up, or somebody removed the job.
  await endWorkflow(store, address, { keepMs: retention.failedMs, again: where === 'ended' });
  return 'ended';
}

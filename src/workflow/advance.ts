import { actsOf, isOver, nextDue, type StepAct } from '../model/kept-workflow.js';
import type { StepManifest } from '../model/workflow.js';
import { toldBy } from '../queue/workflow-runs.js';
import { HOLD_MS, restWorkflow } from '../store/agenda.js';
import type { RunAddress } from '../store/run-requests.js';
import {
  beginWait,
  bringBack,
  type Expansion,
  endWorkflow,
  expandStep,
  type LookedAt,
  lookAtWorkflow,
} from '../store/workflows.js';
import { ask } from './ask.js';
import type { RunningRelease, WorkflowPorts } from './ports.js';
import { type Done, endRuns, enqueueNew, enqueueRest, type Work } from './step-runs.js';

/** What cannot be done now is tried again after this long. */
const LATER_MS = 500;
/** So is a step that the release which runs cannot begin: another host may have another, or a person deploys one. */
const UNFIT_MS = 2_000;

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
    const done = await Promise.all(acts.map(act => perform({ ports, release, address, kept }, act)));
    if (done.includes('again')) continue;
    let dueAt = nextDue(kept);
    if (done.includes('later')) dueAt = kept.now + LATER_MS;
    else if (done.includes('unfit')) dueAt = Math.min(dueAt ?? Number.POSITIVE_INFINITY, kept.now + UNFIT_MS);
    if (!kept.retry && isOver(kept)) {
      if ((await bringToEnd(ports, address)) === 'ended') return;
      // It is claimed now. Should that be lost, it is looked at again.
      dueAt = kept.now + HOLD_MS;
    }
    const revision = done.reduce<number>(
      (sum, each) => sum + (typeof each === 'number' ? each : 0),
      kept.revision,
    );
    if (await restWorkflow(store, app, address, revision, dueAt)) return;
  }
}

interface Look {
  ports: WorkflowPorts;
  release: RunningRelease;
  address: RunAddress;
  kept: LookedAt;
}

async function perform(look: Look, { step, act }: StepAct): Promise<Done> {
  if (act === 'expand') return expand(look, step);
  const { runs, count } = look.kept.steps[step.name]!;
  const work = workOf(look, step, { runs: runs!, count: count! });
  if (act === 'enqueue') return enqueueRest(work);
  await endRuns(work);
  return 'again';
}

async function expand(look: Look, step: StepManifest): Promise<Done> {
  const { ports, release, address, kept } = look;
  const asked = await ask(ports, release, address, kept, step);
  if (asked.kind === 'unfit') {
    ports.unfit(address, step.name, asked.reason);
    return 'unfit';
  }
  if (asked.kind === 'expand') return begin(look, step, asked.expansion);
  await beginWait(ports.store, ports.app, address, step.name, asked.until);
  return 'again';
}

async function begin(look: Look, step: StepManifest, expansion: Expansion): Promise<Done> {
  const { ports, address } = look;
  const isFirst = await expandStep(ports.store, ports.app, address, step.name, expansion);
  if (!isFirst || expansion.kind !== 'run' || expansion.payloads.length === 0) return 'again';
  const { payloads, runs } = expansion;
  return enqueueNew(workOf(look, step, { runs, count: payloads.length }), payloads);
}

const workOf = (
  { ports, address, kept }: Look,
  step: StepManifest,
  known: Pick<Work, 'runs' | 'count'>,
): Work => ({ ports, address, kept, step, ...known, scheduledFor: toldBy(kept.asked).scheduledFor });

/** Has the queue know of it: a host claims the run that stands for the workflow run, and ends it. */
async function bringToEnd(
  { store, retention }: WorkflowPorts,
  address: RunAddress,
): Promise<'claimed' | 'ended'> {
  const where = await bringBack(store, address);
  if (where === 'there') return 'claimed';
  // Its host died before it had tidied up, or somebody removed the job.
  await endWorkflow(store, address, { keepMs: retention.failedMs, again: where === 'ended' });
  return 'ended';
}

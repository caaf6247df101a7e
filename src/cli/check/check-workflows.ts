import type { Run } from '../../model/run.js';
import { SlackwaterError } from '../../platform/errors.js';
import { graphFit } from '../../workflow/graph-fit.js';
import type { Client } from '../client.js';
import { part } from '../connect.js';
import type { LocalRelease } from './local-release.js';

interface UnfitWorkflow {
  run: string;
  job: string;
  /** `null`: the workflow as a whole. */
  step: string | null;
  message: string;
}

export interface CheckedWorkflows {
  /** Runs that have begun and not ended. */
  workflows: number;
  unfit: UnfitWorkflow[];
}

/** Holds every workflow run that has begun against a release, as a window would. @returns how many there were, and which it cannot go on with. */
export async function checkWorkflows(client: Client, next: LocalRelease): Promise<CheckedWorkflows> {
  const found: CheckedWorkflows = { workflows: 0, unfit: [] };
  for (const { id } of await client.list<Run>('/v1/runs', { app: next.app, state: 'waiting', limit: 500 })) {
    // One that has ended since is none any more.
    const run = await client.get<Run>(`/v1/runs/${part(id)}`).catch(unlessGone);
    if (!run?.steps || run.state !== 'waiting') continue;
    found.workflows += 1;
    const stands = Object.fromEntries(run.steps.map(({ name, state }) => [name, { state }]));
    const graph = { name: run.job, steps: run.steps };
    for (const { step, reason } of graphFit(graph, stands, next))
      found.unfit.push({ run: id, job: run.job, step, message: reason });
  }
  return found;
}

function unlessGone(error: unknown): null {
  if (error instanceof SlackwaterError && error.code === 'not-found') return null;
  throw error;
}

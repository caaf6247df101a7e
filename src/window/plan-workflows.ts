import type { Refusal } from '../model/intent.js';
import type { Release } from '../model/release.js';
import type { Store } from '../store/redis.js';
import { fitsOf, liveWorkflows } from '../workflow/live-graphs.js';

const MOST = 100;

/** The workflow runs under way that a release cannot go on with, as the proof of its window would find them: a hundred at most. */
export async function workflowRefusals(store: Store, release: Release, queues: string[]): Promise<Refusal[]> {
  const next = {
    jobs: new Set(release.jobs.map(({ name }) => name)),
    workflows: new Map(release.workflows.map(workflow => [workflow.name, workflow])),
  };
  const found: Refusal[] = [];
  for (const queue of queues)
    for await (const runs of liveWorkflows(store, queue)) {
      const ofRuns = runs.map(async run => {
        for await (const { refusals } of fitsOf(store, run, next)) found.push(...refusals);
      });
      await Promise.all(ofRuns);
      if (found.length >= MOST) return found.slice(0, MOST);
    }
  return found;
}

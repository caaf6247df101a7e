import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { SavedState } from '../../model/saved-state.js';
import { SlackwaterError } from '../../platform/errors.js';
import { STATES_FOLDER } from '../../release/find-modules.js';
import { buildRelease } from '../../release/index.js';
import { checkStates, type Findings, type Subject } from '../check/check-states.js';
import { type CheckedWorkflows, checkWorkflows } from '../check/check-workflows.js';
import { fetchRelease, type LocalRelease, layOut } from '../check/local-release.js';
import type { Client } from '../client.js';
import { connect } from '../connect.js';
import type { CommonOptions } from '../define.js';
import { EXIT } from '../exit-codes.js';
import { printJson, printLines, say, styleOf } from '../output.js';
import { currentRelease } from '../push.js';
import { Exit } from '../report-error.js';
import { checkLines, workflowCheckLines } from '../show/check.js';
import { liveStates } from '../states/live-states.js';
import { readStates } from '../states/read-states.js';

interface CheckOptions extends CommonOptions {
  jobs?: string;
  app?: string;
  checkpoints?: string[];
}

/** Reads saved states with the code of a release that runs nowhere yet, holds workflow runs against its graphs, and says what it cannot go on with. Changes nothing. */
export async function check(id: string | undefined, options: CheckOptions): Promise<void> {
  if (id !== undefined && options.jobs !== undefined)
    throw new SlackwaterError(
      'bad-request',
      'give the ID of a pushed release or --jobs, not both: one release is checked at a time',
    );
  const jobs = options.jobs ?? 'jobs';
  const kept = options.checkpoints ?? (id === undefined ? await corpusIn(jobs) : []);
  const client = connect(options);
  const next = id === undefined ? await built(jobs, options.app) : await fetchRelease(client, id);
  let running: LocalRelease | null = null;
  try {
    const now = id === undefined && options.checkpoints ? null : await whatRuns(client, next, kept, options);
    if (now?.release && now.release !== next.id) running = await fetchRelease(client, now.release);
    const live = now && !options.checkpoints ? liveStates(client, { app: next.app }) : [];
    const found = await checkStates(both(kept, live), next, running);
    if (options.checkpoints && found.kept === 0)
      throw new SlackwaterError(
        'bad-request',
        `there is no state in ${options.checkpoints.join(', ')}: name what "slackwater runs export-checkpoints --out" wrote`,
      );
    const flows = now && !options.checkpoints ? await checkWorkflows(client, next) : NO_WORKFLOWS;
    tell(found, flows, next, running, options);
    if (found.refused > 0 || flows.unfit.length > 0) throw new Exit(EXIT.failed);
  } finally {
    await Promise.all([next.remove(), running?.remove()]);
  }
}

async function corpusIn(jobs: string): Promise<string[]> {
  const folder = path.join(jobs, STATES_FOLDER);
  const there = await stat(folder).catch(() => null);
  return there?.isDirectory() ? [folder] : [];
}

async function built(jobs: string, app: string | undefined): Promise<LocalRelease> {
  const release = await buildRelease({ jobs, app });
  for (const warning of release.warnings) say(warning);
  return layOut(release);
}

/**
 * The release that runs now. Without a server that was named, and with states that are kept, a server is no need: so a build in CI reads those, and
 * says that it read no others.
 */
async function whatRuns(
  client: Client,
  { app }: LocalRelease,
  kept: string[],
  { url }: CheckOptions,
): Promise<{ release: string | null } | null> {
  try {
    return { release: await currentRelease(client, app) };
  } catch (error) {
    const nobody = error instanceof SlackwaterError && error.code === 'unavailable' && error.cause;
    if (!nobody || kept.length === 0 || url || process.env.SLACKWATER_URL) throw error;
    say(`no server at ${client.url}: only the states in ${kept.join(', ')} are read`);
    return null;
  }
}

async function* both(
  kept: string[],
  live: AsyncIterable<SavedState> | Iterable<SavedState>,
): AsyncGenerator<Subject> {
  yield* readStates(kept);
  yield* live;
}

const NO_WORKFLOWS: CheckedWorkflows = { workflows: 0, unfit: [] };

function tell(
  found: Findings,
  flows: CheckedWorkflows,
  next: LocalRelease,
  running: LocalRelease | null,
  { json }: CheckOptions,
): void {
  const release = { release: next.id, app: next.app, running: running?.id ?? null };
  if (json) return printJson({ ...release, states: found.live + found.kept, ...found, ...flows });
  const style = styleOf(process.stdout);
  printLines([...checkLines(found, running?.id ?? null, style), ...workflowCheckLines(flows, style)]);
}

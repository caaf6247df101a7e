import type { Run } from '../../model/run.js';
import { connect, part } from '../connect.js';
import type { CommonOptions } from '../define.js';
import { firstOf, tellOfMore } from '../first-of.js';
import { print, printJson, printLines, styleOf } from '../output.js';
import { runLines, runsTable } from '../show/run.js';

/** The server takes no more at a time. */
const MOST = 500;

interface RunFilter {
  job?: string;
  app?: string;
  queue?: string;
  state?: string[];
  release?: string;
  window?: string;
  limit: number;
}

export async function ls(options: CommonOptions & RunFilter): Promise<void> {
  const { job, app, queue, state, release, window, limit } = options;
  const filter = { job, app, queue, state: state?.join(','), release, window };
  const { items, more } = await firstOf<Run>(connect(options), '/v1/runs', filter, { limit, most: MOST });
  if (options.json) return printJson({ items });
  const any = Object.values(filter).some(Boolean);
  const empty = any ? 'no run like this: "slackwater runs ls" lists all' : 'no run yet: slackwater run JOB';
  print(runsTable(items, Date.now(), styleOf(process.stdout), empty));
  tellOfMore(more, limit);
}

export async function show(id: string, options: CommonOptions): Promise<void> {
  const run = await connect(options).get<Run>(`/v1/runs/${part(id)}`);
  if (options.json) return printJson(run);
  printLines(runLines(run, Date.now(), styleOf(process.stdout)));
}

export async function parts(
  id: string,
  options: CommonOptions & { step?: string; state?: string[]; limit: number },
): Promise<void> {
  const { step, state, limit } = options;
  const query = { step, state: state?.join(',') };
  const path = `/v1/runs/${part(id)}/parts`;
  const { items, more } = await firstOf<Run>(connect(options), path, query, { limit, most: MOST });
  if (options.json) return printJson({ items });
  const empty = step || state ? 'no run like this: leave out --step and --state' : 'no run yet';
  print(runsTable(items, Date.now(), styleOf(process.stdout), empty));
  tellOfMore(more, limit);
}

export async function checkpoint(id: string, options: CommonOptions): Promise<void> {
  const found = await connect(options).get<unknown>(`/v1/runs/${part(id)}/checkpoint`);
  // A state is data: it is printed as JSON for people too.
  printJson(found);
}

import type { Run } from '../../model/run.js';
import { connect, part } from '../connect.js';
import type { CommonOptions } from '../define.js';
import { print, printJson, styleOf } from '../output.js';
import { runLines, runsTable } from '../show/run.js';

interface RunFilter {
  job?: string;
  app?: string;
  queue?: string;
  state?: string;
  limit: number;
}

export async function ls(options: CommonOptions & RunFilter): Promise<void> {
  const { job, app, queue, state, limit } = options;
  const filter = { job, app, queue, state, limit: Math.min(limit, 500) };
  const items = await connect(options).list<Run>('/v1/runs', filter, limit);
  if (options.json) return printJson({ items });
  print(runsTable(items, Date.now(), styleOf(process.stdout)));
}

export async function show(id: string, options: CommonOptions): Promise<void> {
  const run = await connect(options).get<Run>(`/v1/runs/${part(id)}`);
  if (options.json) return printJson(run);
  print(runLines(run, Date.now(), styleOf(process.stdout)).join('\n'));
}

export async function logs(id: string, options: CommonOptions): Promise<void> {
  const items = await connect(options).list<string>(`/v1/runs/${part(id)}/logs`);
  if (options.json) return printJson({ items });
  for (const line of items) print(line);
}

export async function checkpoint(id: string, options: CommonOptions): Promise<void> {
  const found = await connect(options).get<unknown>(`/v1/runs/${part(id)}/checkpoint`);
  // A state is data: it is printed as JSON for people too.
  printJson(found);
}

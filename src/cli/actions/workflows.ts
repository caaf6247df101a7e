import { connect, part } from '../connect.js';
import type { CommonOptions } from '../define.js';
import { print, printJson, printLines, styleOf } from '../output.js';
import { type ShownWorkflow, workflowLines, workflowsTable } from '../show/workflow.js';

type Options = CommonOptions & { app?: string };

export async function ls(options: Options): Promise<void> {
  const items = await connect(options).list<ShownWorkflow>('/v1/workflows', { app: options.app });
  if (options.json) return printJson({ items });
  print(workflowsTable(items, styleOf(process.stdout)));
}

export async function show(name: string, options: Options): Promise<void> {
  const workflow = await connect(options).get<ShownWorkflow>(`/v1/workflows/${part(name)}`, {
    app: options.app,
  });
  if (options.json) return printJson(workflow);
  printLines(workflowLines(workflow, styleOf(process.stdout)));
}

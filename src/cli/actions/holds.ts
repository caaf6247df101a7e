import type { Hold } from '../../model/hold.js';
import { SlackwaterError } from '../../platform/errors.js';
import { connect, part } from '../connect.js';
import type { CommonOptions } from '../define.js';
import { print, printJson, printLines, styleOf } from '../output.js';
import { table } from '../show/table.js';
import { when } from '../show/text.js';

interface HoldFields {
  queues?: string[];
  app?: string;
  until: string;
  reason: string;
}

export async function add(options: CommonOptions & HoldFields): Promise<void> {
  const { queues, app, until, reason } = options;
  if ((queues === undefined) === (app === undefined)) {
    throw new SlackwaterError('bad-request', 'name what to hold: either --queues a,b or --app NAME');
  }
  const hold = await connect(options).post<Hold>('/v1/holds', { queues, app, until, reason });
  if (options.json) return printJson(hold);
  printLines([
    `${hold.id}  ${hold.queues.join(', ')} held until ${hold.until}. Lift it: slackwater hold rm ${hold.id}`,
  ]);
}

export async function ls(options: CommonOptions): Promise<void> {
  const items = await connect(options).list<Hold>('/v1/holds');
  if (options.json) return printJson({ items });
  const now = Date.now();
  const columns = [
    { title: 'hold', value: (hold: Hold) => hold.id },
    { title: 'queues', text: true, value: (hold: Hold) => hold.queues.join(', ') },
    { title: 'owner', value: (hold: Hold) => hold.owner },
    { title: 'ends', value: (hold: Hold) => when(hold.until, now) },
    { title: 'reason', text: true, value: (hold: Hold) => hold.reason },
  ];
  print(table(items, columns, styleOf(process.stdout), 'no hold: intake is open'));
}

export async function rm(id: string, options: CommonOptions): Promise<void> {
  await connect(options).remove(`/v1/holds/${part(id)}`);
  if (options.json) printJson({ id });
  else print(`${id} lifted`);
}

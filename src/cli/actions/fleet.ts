import type { HostStatus } from '../../model/intent.js';
import { connect } from '../connect.js';
import type { CommonOptions } from '../define.js';
import { print, printJson, say, styleOf } from '../output.js';
import { failedNote, hostsTable, type QueueStatus, queuesTable } from '../show/fleet.js';

export async function hosts(options: CommonOptions): Promise<void> {
  const items = await connect(options).list<HostStatus>('/v1/hosts');
  if (options.json) printJson({ items });
  else print(hostsTable(items, Date.now(), styleOf(process.stdout)));
}

export async function queues(options: CommonOptions): Promise<void> {
  const items = await connect(options).list<QueueStatus>('/v1/queues');
  if (options.json) return printJson({ items });
  print(queuesTable(items, Date.now(), styleOf(process.stdout)));
  const note = failedNote(items);
  if (note) say(note);
}

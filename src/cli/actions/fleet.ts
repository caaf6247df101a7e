import { connect } from '../connect.js';
import type { CommonOptions } from '../define.js';
import { print, printJson, printLines, say, styleOf } from '../output.js';
import {
  failedNote,
  type HostsAnswer,
  hostsTable,
  type QueueStatus,
  queuesTable,
  silentText,
} from '../show/fleet.js';

export async function hosts(options: CommonOptions): Promise<void> {
  // A server of an earlier Slackwater does not tell of them.
  const { items, silent = [] } = await connect(options).get<HostsAnswer>('/v1/hosts');
  if (options.json) return printJson({ items, silent });
  print(hostsTable(items, Date.now(), styleOf(process.stdout)));
  if (silent.length > 0) printLines(silent.map(host => `${host.id} ${silentText(host, Date.now())}`));
}

export async function queues(options: CommonOptions): Promise<void> {
  const items = await connect(options).list<QueueStatus>('/v1/queues');
  if (options.json) return printJson({ items });
  print(queuesTable(items, Date.now(), styleOf(process.stdout)));
  const note = failedNote(items);
  if (note) say(note);
}

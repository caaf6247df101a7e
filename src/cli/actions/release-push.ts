import type { UsedRelease } from '../../model/release-use.js';
import { buildRelease, readRelease } from '../../release/index.js';
import { connect, part } from '../connect.js';
import type { CommonOptions } from '../define.js';
import { printJson, printLines, say, styleOf } from '../output.js';
import { pushRelease } from '../push.js';
import { releaseLines } from '../show/release.js';
import type { JobsOptions } from './release-build.js';

export async function push(options: CommonOptions & JobsOptions & { from?: string }): Promise<void> {
  const client = connect(options);
  const built = await (options.from === undefined ? buildRelease(options) : readRelease(options.from));
  const { release, sent } = await pushRelease(client, built);
  if (options.json) return printJson(release);
  // With its use: what is known to the server may be at work already, or on its way there.
  const used = await client.get<UsedRelease>(`/v1/releases/${part(release.id)}`);
  printLines(releaseLines(used, Date.now(), styleOf(process.stdout)));
  const hint = nextStep(used);
  if (sent === 0 || hint) say(`\n${[sent === 0 ? 'The server had it already.' : '', hint].join(' ').trim()}`);
}

function nextStep({ id, current, windows: [window] }: UsedRelease): string {
  if (window) return `A window goes to it: slackwater window show ${window.id}`;
  return current ? '' : `Put it to work: slackwater window open --release ${id}`;
}

import { buildRelease, readRelease } from '../../release/index.js';
import { connect } from '../connect.js';
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
  printLines(releaseLines(release, Date.now(), styleOf(process.stdout)));
  say(
    sent === 0
      ? '\nThe server had it already.'
      : `\nPut it to work: slackwater window open --release ${release.id}`,
  );
}

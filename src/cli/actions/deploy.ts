import { buildRelease } from '../../release/index.js';
import { connect } from '../connect.js';
import type { CommonOptions } from '../define.js';
import { goingTo, joinWindow, windowsUnderWay } from '../join-window.js';
import { watchWindow } from '../live/watch-window.js';
import { openWindow } from '../open-window.js';
import { print, printJson, say } from '../output.js';
import { currentRelease, pushRelease } from '../push.js';
import { bytes, plural } from '../show/text.js';
import { type WindowFields, windowBody } from '../window-body.js';
import type { JobsOptions } from './release-build.js';

interface DeployOptions extends CommonOptions, JobsOptions, WindowFields {
  timeout?: string;
  detach?: boolean;
}

/** Build, push, open a window now, watch it, print the report. */
export async function deploy(options: DeployOptions): Promise<void> {
  const client = connect(options);
  // Before the build, so that a bad file of hooks is told at once.
  const body = windowBody(options);
  const built = await buildRelease({ jobs: options.jobs, app: options.app });
  for (const warning of built.warnings) say(warning);
  const { release, sent } = await pushRelease(client, built);
  say(
    `release ${release.id}: ${plural(release.jobs.length, 'job')}, ${bytes(release.bytes)}${sent ? '' : ', known to the server'}`,
  );
  // Before the question what runs now: a window that ends in between has then said so.
  const underWay = await windowsUnderWay(client, release.app);
  const joined = goingTo(underWay, release.id);
  if (joined) return joinWindow(client, joined, options);
  // One that goes elsewhere takes the app from its release: the server says so.
  if (underWay.length === 0 && (await currentRelease(client, release.app)) === release.id) {
    if (options.json)
      return printJson({ release: release.id, app: release.app, current: true, window: null });
    return print(`${release.app} runs ${release.id} already: nothing to do`);
  }
  const window = await openWindow(client, { ...body, release: release.id });
  if (!options.detach) return watchWindow(client, window.id, options);
  if (options.json) return printJson(window);
  print(window.id);
  say(`Watch it: slackwater window watch ${window.id}`);
}

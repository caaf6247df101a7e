import path from 'node:path';
import type { HostStatus } from '../../model/intent.js';
import type { Report, Window } from '../../model/window.js';
import { formatDuration } from '../../platform/duration.js';
import { SlackwaterError } from '../../platform/errors.js';
import { appNameOf } from '../../release/app-name.js';
import { type BuiltRelease, buildRelease } from '../../release/index.js';
import type { Client } from '../client.js';
import { followWindow } from '../live/follow-window.js';
import { pause } from '../live/listen.js';
import { say, styleOf } from '../output.js';
import { currentRelease, pushRelease } from '../push.js';
import { describe } from '../report-error.js';
import { refusalLines } from '../show/refusals.js';
import { plural } from '../show/text.js';

/** Between two looks for the host, ms. */
const LOOK_AGAIN = 50;

export interface SaveOptions {
  jobs: string;
  app?: string;
  drainTimeout: string;
  onTimeout: string;
}

/** `built`: the release made from the folder, `null` where it could not be. `serving`: whether any release runs, this or the one before. */
export interface Saved {
  built: BuiltRelease | null;
  serving: boolean;
}

/**
 * The folder as it is now becomes a release, and the release runs. What cannot be built or read is shown; the code of before goes on then.
 * @param building where the build has begun already
 */
export async function deploySave(
  client: Client,
  options: SaveOptions,
  signal: AbortSignal,
  building = buildRelease(options),
): Promise<Saved> {
  const style = styleOf(process.stderr);
  let built: BuiltRelease;
  try {
    built = await building;
  } catch (error) {
    if (!(error instanceof SlackwaterError)) throw error;
    const before = await releaseBefore(client, options);
    const next = before
      ? 'Nothing was paused. Save again when it is mended.'
      : 'Save again when it is mended.';
    say(`${style.red('✗')} ${describe(error).replace(/^error: /, '')}\n  ${style.dim(next)}`);
    return { built: null, serving: before !== null };
  }
  for (const warning of built.warnings) say(warning);
  const { app } = built.manifest;
  const current = await currentRelease(client, app);
  if (current === built.id) {
    await seenOnHost(client, app, current, signal);
    say(`${style.green('✓')} unchanged: release ${style.bold(current)} runs already`);
    return { built, serving: true };
  }
  await pushRelease(client, built);
  const window = await openAfterOthers(client, { ...options, app, release: built.id }, signal);
  const done = window && (await endOf(client, window.id, signal));
  if (!done) return { built, serving: current !== null };
  const report = await client.get<Report>(`/v1/windows/${done.id}/report`);
  for (const line of savedLines(report)) say(line);
  return { built, serving: report.outcome === 'completed' || current !== null };
}

async function releaseBefore(client: Client, { jobs, app }: SaveOptions): Promise<string | null> {
  const name = await appNameOf(path.resolve(jobs), app).catch(() => null);
  return name && currentRelease(client, name);
}

/** The release is that of an earlier `dev`: no window says when the host has loaded it. */
async function seenOnHost(client: Client, app: string, release: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const hosts = await client.list<HostStatus>('/v1/hosts');
    if (hosts.some(({ apps, leaving }) => !leaving && apps[app]?.release === release)) return;
    await pause(LOOK_AGAIN, signal);
  }
}

async function endOf(client: Client, id: string, signal: AbortSignal): Promise<Window | null> {
  for await (const { window } of followWindow(client, id, signal)) if (window.phase === 'done') return window;
  return null;
}

/** Someone else may have a window open for this app: it is waited for. */
async function openAfterOthers(
  client: Client,
  options: SaveOptions & { app: string; release: string },
  signal: AbortSignal,
): Promise<Window | null> {
  const { app, release, drainTimeout, onTimeout } = options;
  const body = { release, reason: 'saved in dev', drainTimeout, onDrainTimeout: onTimeout };
  while (!signal.aborted) {
    try {
      return await client.post<Window>('/v1/windows', body);
    } catch (error) {
      if (!(error instanceof SlackwaterError) || error.code !== 'conflict') throw error;
      const windows = await client.list<Window>('/v1/windows', { app, limit: 50 }, 50);
      const other = windows.find(({ phase }) => phase !== 'done' && phase !== 'scheduled');
      if (!other) throw error;
      say(`waiting for window ${other.id} (${other.reason})`);
      await endOf(client, other.id, signal);
    }
  }
  return null;
}

/** A window of a save, in a line or two. */
export function savedLines(report: Report, style = styleOf(process.stderr)): string[] {
  if (report.outcome === 'completed') {
    const { resumed, forced } = report.runs;
    const went = resumed
      ? `: ${plural(resumed, 'run')} went on in the new code (paused ${formatDuration(report.pause.maxMs)} at most)`
      : '';
    const restarted = forced
      ? `; ${plural(forced, 'run')} did not reach a checkpoint in time and went back to the last one`
      : '';
    return [`${style.green('✓')} release ${style.bold(report.to)} runs${went}${restarted}`];
  }
  const goesOn = report.from ? `release ${report.from} goes on` : 'nothing runs yet';
  return [
    `${style.red('✗')} release ${report.to} ${report.outcome}${report.summary ? `: ${report.summary}` : ''}; ${goesOn}`,
    ...refusalLines(report.refusals, style),
  ];
}

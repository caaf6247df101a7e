import type { JobManifest, Release } from '../../model/release.js';
import type { UsedRelease } from '../../model/release-use.js';
import type { WorkflowManifest } from '../../model/workflow.js';
import type { Style } from './style.js';
import { facts, table } from './table.js';
import { apart, bytes, when } from './text.js';

export function releasesTable(releases: UsedRelease[], now: number, style: Style): string {
  const columns = [
    { title: 'release', value: (release: UsedRelease) => release.id },
    { title: 'app', value: (release: UsedRelease) => release.app },
    { title: 'state', text: true, value: (release: UsedRelease) => useText(release, now, style) },
    { title: 'jobs', value: (release: UsedRelease) => String(release.jobs.length), right: true },
    { title: 'size', value: (release: UsedRelease) => bytes(release.bytes), right: true },
    { title: 'pushed', value: (release: UsedRelease) => when(release.createdAt, now) },
  ];
  return table(releases, columns, style, 'no release yet: slackwater release push');
}

/** Whether the app runs it, and which windows go to it: `current`, `win-1 draining`, `-`. */
function useText({ current, windows }: UsedRelease, now: number, style: Style): string {
  const coming = windows.map(({ id, phase, outcome, startsAt }) => {
    const stands = phase === 'scheduled' ? `starts ${when(startsAt, now)}` : (outcome ?? phase);
    return `${id} ${style.yellow(stands)}`;
  });
  return [...(current ? [style.green('current')] : []), ...coming].join(', ') || '-';
}

export function releaseLines(release: Release & Partial<UsedRelease>, now: number, style: Style): string[] {
  return [
    `${style.bold(release.id)}  ${release.app}`,
    '',
    ...facts(
      [
        ['digest', release.digest],
        ['state', isUsed(release) ? useText(release, now, style) : null],
        ['pushed', `${when(release.createdAt, now)} (${release.createdAt})`],
        ['size', `${bytes(release.bytes)} in ${release.files.length} files`],
      ],
      style,
      '  ',
    ),
    '',
    ...definitionLines(release, style),
  ];
}

const isUsed = (release: Release & Partial<UsedRelease>): release is UsedRelease =>
  release.windows !== undefined;

/** Its jobs, then its workflows if it has any. */
export function definitionLines(
  { jobs, workflows }: Pick<Release, 'jobs' | 'workflows'>,
  style: Style,
): string[] {
  return [jobsTable(jobs, style), ...apart(workflows.length > 0 ? [workflowsOf(workflows, style)] : [])];
}

function jobsTable(jobs: JobManifest[], style: Style): string {
  const columns = [
    { title: 'job', value: (job: JobManifest) => job.name },
    { title: 'queue', value: (job: JobManifest) => job.queue },
    {
      title: 'checkpoint',
      text: true,
      value: ({ checkpointVersion, reads }: JobManifest) => {
        if (checkpointVersion === null) return style.yellow('none: cannot be stopped half-way');
        const older = reads.filter(version => version !== checkpointVersion);
        return `version ${checkpointVersion}${older.length ? `, reads ${older.join(', ')}` : ''}`;
      },
    },
    { title: 'attempts', value: (job: JobManifest) => String(job.attempts), right: true },
  ];
  return table(jobs, columns, style);
}

function workflowsOf(workflows: WorkflowManifest[], style: Style): string {
  const columns = [
    { title: 'workflow', value: ({ name }: WorkflowManifest) => name },
    { title: 'queue', value: ({ queue }: WorkflowManifest) => queue },
    {
      title: 'steps',
      text: true,
      value: ({ steps }: WorkflowManifest) => steps.map(({ name }) => name).join(', '),
    },
  ];
  return table(workflows, columns, style);
}

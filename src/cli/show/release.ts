import type { JobManifest, Release } from '../../model/release.js';
import type { Style } from './style.js';
import { facts, table } from './table.js';
import { bytes, when } from './text.js';

export function releaseLines(release: Release, now: number, style: Style): string[] {
  return [
    `${style.bold(release.id)}  ${release.app}`,
    '',
    ...facts(
      [
        ['digest', release.digest],
        ['pushed', `${when(release.createdAt, now)} (${release.createdAt})`],
        ['size', `${bytes(release.bytes)} in ${release.files.length} files`],
      ],
      style,
      '  ',
    ),
    '',
    jobsTable(release.jobs, style),
  ];
}

export function jobsTable(jobs: JobManifest[], style: Style): string {
  const columns = [
    { title: 'job', value: (job: JobManifest) => job.name },
    { title: 'queue', value: (job: JobManifest) => job.queue },
    {
      title: 'checkpoint',
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

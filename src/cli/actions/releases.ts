import type { Release } from '../../model/release.js';
import { connect, part } from '../connect.js';
import type { CommonOptions } from '../define.js';
import { print, printJson, printLines, styleOf } from '../output.js';
import { releaseLines } from '../show/release.js';
import { table } from '../show/table.js';
import { bytes, when } from '../show/text.js';

export async function ls(options: CommonOptions & { app?: string; limit: number }): Promise<void> {
  const items = await connect(options).list<Release>('/v1/releases', { app: options.app }, options.limit);
  if (options.json) return printJson({ items });
  const now = Date.now();
  const columns = [
    { title: 'release', value: (release: Release) => release.id },
    { title: 'app', value: (release: Release) => release.app },
    { title: 'jobs', value: (release: Release) => String(release.jobs.length), right: true },
    { title: 'size', value: (release: Release) => bytes(release.bytes), right: true },
    { title: 'pushed', value: (release: Release) => when(release.createdAt, now) },
  ];
  print(table(items, columns, styleOf(process.stdout), 'no release yet: slackwater release push'));
}

export async function show(id: string, options: CommonOptions): Promise<void> {
  const release = await connect(options).get<Release>(`/v1/releases/${part(id)}`);
  if (options.json) return printJson(release);
  printLines(releaseLines(release, Date.now(), styleOf(process.stdout)));
}

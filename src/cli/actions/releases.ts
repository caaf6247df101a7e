import type { UsedRelease } from '../../model/release-use.js';
import { connect, part } from '../connect.js';
import type { CommonOptions } from '../define.js';
import { print, printJson, printLines, styleOf } from '../output.js';
import { releaseLines, releasesTable } from '../show/release.js';

export async function ls(options: CommonOptions & { app?: string; limit: number }): Promise<void> {
  const items = await connect(options).list<UsedRelease>('/v1/releases', { app: options.app }, options.limit);
  if (options.json) return printJson({ items });
  print(releasesTable(items, Date.now(), styleOf(process.stdout)));
}

export async function show(id: string, options: CommonOptions): Promise<void> {
  const release = await connect(options).get<UsedRelease>(`/v1/releases/${part(id)}`);
  if (options.json) return printJson(release);
  printLines(releaseLines(release, Date.now(), styleOf(process.stdout)));
}

import { stat } from 'node:fs/promises';
import path from 'node:path';
import { watch } from 'chokidar';
import type { Service } from '../../platform/service.js';

/** A save is often several writes: one report for all that follow each other this closely, ms. */
const SETTLES_AFTER = 60;

export interface FolderWatch extends Service {
  /** Files outside the folder that its modules import: watched as well. */
  also(files: string[]): void;
}

/** Calls `onChange` with one of the changed files, once for a burst of changes. What does not exist yet is waited for. */
export function watchFolder(folder: string, onChange: (file: string) => void): FolderWatch {
  const watcher = watch(folder, {
    ignoreInitial: true,
    ignored: file => isAside(path.relative(folder, file)),
  });
  let settle: NodeJS.Timeout | undefined;
  watcher.on('all', (event, file) => {
    if (event === 'addDir' || event === 'unlinkDir') return;
    clearTimeout(settle);
    settle = setTimeout(onChange, SETTLES_AFTER, file);
  });
  // A folder that cannot be watched any more (too many files, say) says so instead of ending the process.
  watcher.on('error', error => process.stderr.write(`cannot watch ${folder}: ${(error as Error).message}\n`));
  const ready = new Promise<void>(done => watcher.once('ready', () => done()));
  const outside = new Set<string>();
  return {
    start: () => ready,
    also(files) {
      for (const file of files.filter(each => !outside.has(each))) {
        outside.add(file);
        watcher.add(file);
      }
    },
    async stop() {
      clearTimeout(settle);
      await watcher.close();
    },
  };
}

const isAside = (relative: string): boolean =>
  !relative.startsWith('..') &&
  relative.split(path.sep).some(name => name === 'node_modules' || (name.startsWith('.') && name.length > 1));

/** The author's own files outside `folder` that a built release was made of, as its source map tells. */
export async function importedFrom(folder: string, sourceMap: Uint8Array | undefined): Promise<string[]> {
  if (!sourceMap) return [];
  const { sources } = JSON.parse(Buffer.from(sourceMap).toString()) as { sources: string[] };
  const files = sources
    .filter(source => source.startsWith('../') && !source.includes('node_modules/'))
    .map(source => path.resolve(folder, decodeURI(source)));
  const found = await Promise.all(
    files.map(file =>
      stat(file).then(
        info => info.isFile(),
        () => false,
      ),
    ),
  );
  return files.filter((_, i) => found[i]);
}

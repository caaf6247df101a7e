import { stat } from 'node:fs/promises';
import path from 'node:path';
import { watch } from 'chokidar';
import type { Service } from '../../platform/service.js';
import { DATA_LOADERS } from '../../release/bundle.js';
import { isModuleName } from '../../release/find-modules.js';

/** A save is often several writes: one report for all that follow each other this closely, ms. */
const SETTLES_AFTER = 60;

export interface FolderWatch extends Service {
  /** Files that the modules of the folder import, wherever they lie: watched whatever their names. */
  also(files: string[]): void;
}

/**
 * Calls `onChange` with one of the changed files, once for a burst of changes. What does not exist yet is waited for. Files that no release
 * takes, such as those that an editor writes beside the real one, are passed over.
 */
export function watchFolder(folder: string, onChange: (file: string) => void): FolderWatch {
  const watcher = watch(folder, {
    ignoreInitial: true,
    ignored: file => isAside(path.relative(folder, file)),
  });
  const imported = new Set<string>();
  let settle: NodeJS.Timeout | undefined;
  watcher.on('all', (event, file) => {
    if (event === 'addDir' || event === 'unlinkDir') return;
    if (!imported.has(file) && !mayBeTaken(path.basename(file))) return;
    clearTimeout(settle);
    settle = setTimeout(onChange, SETTLES_AFTER, file);
  });
  // A folder that cannot be watched any more (too many files, say) says so instead of ending the process.
  watcher.on('error', error => process.stderr.write(`cannot watch ${folder}: ${(error as Error).message}\n`));
  const ready = new Promise<void>(done => watcher.once('ready', () => done()));
  return {
    start: () => ready,
    also(files) {
      for (const file of files.filter(each => !imported.has(each))) {
        imported.add(file);
        if (path.relative(folder, file).startsWith('..')) watcher.add(file);
      }
    },
    async stop() {
      clearTimeout(settle);
      await watcher.close();
    },
  };
}

const DATA = new Set(['.json', ...Object.keys(DATA_LOADERS)]);

const isAside = (relative: string): boolean =>
  !relative.startsWith('..') &&
  relative.split(path.sep).some(name => name === 'node_modules' || (name.startsWith('.') && name.length > 1));

/** A module, a helper set aside by its `_`, or data: as yet unbuilt code may import them. */
export const mayBeTaken = (name: string): boolean =>
  isModuleName(name.replace(/^_+/, '')) || DATA.has(path.extname(name).toLowerCase());

/** The author's own files that a built release was made of, as its source map tells. */
export async function importedFrom(folder: string, sourceMap: Uint8Array | undefined): Promise<string[]> {
  if (!sourceMap) return [];
  const { sources } = JSON.parse(Buffer.from(sourceMap).toString()) as { sources: string[] };
  const files = sources
    .filter(source => !source.includes('node_modules/'))
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

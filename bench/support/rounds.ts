import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Every contestant of every round has a folder of its own for its ledger. */
export function roundFolder(dir: string, ...name: (string | number)[]): string {
  const folder = join(dir, name.join('-'));
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Asks all runs whose ledger is kept there to end at their next step. */
export const askToFinish = (folder: string): void => writeFileSync(join(folder, 'finish'), '');

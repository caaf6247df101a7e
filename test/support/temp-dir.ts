import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onEnd } from './lifetime.js';

/** @returns the path of a new empty folder, removed when the test (or the file) ends. */
export function tempDir(name = 'test'): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), `slackwater-${name}-`)));
  onEnd(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Writes files by their path below `folder` (with `/`), making the folders they need. */
export async function writeFiles(folder: string, files: Map<string, Uint8Array | string>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [file, content] of files) {
    const target = path.join(folder, ...file.split('/'));
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, content);
  }
}

/** @returns the content, or `null` if there is no such file. */
export async function readFileIn(folder: string, file: string): Promise<Buffer | null> {
  return readFile(path.join(folder, ...file.split('/'))).catch(error => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR' || error.code === 'EISDIR') return null;
    throw error;
  });
}

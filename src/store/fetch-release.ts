import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { manifestOf, parseManifest, verifyFiles } from '../model/manifest.js';
import { manifestDigest, type Release } from '../model/release.js';
import { SlackwaterError } from '../platform/errors.js';
import { readFileIn, writeFiles } from '../platform/files.js';
import { getBlob } from './blobs.js';
import type { Store } from './redis.js';
import { getRelease } from './release-records.js';

/**
 * Makes a release lie on this machine, every file verified, in `<cacheDir>/<digest>/`: the manifest as `manifest.json`, its files beside it.
 * One that lies there whole is used again, without Redis. Several processes may fetch into one folder at once.
 * @param id its ID or digest. @returns the folder.
 * @throws SlackwaterError `not-found`; `digest-mismatch` if what is stored is not what the digest names.
 */
export async function fetchRelease(store: Store, id: string, cacheDir: string): Promise<string> {
  const kept = await cached(cacheDir, id);
  if (kept) return kept;
  const release = await getRelease(store, id);
  const temporary = path.join(cacheDir, `.fetching-${randomBytes(8).toString('hex')}`);
  try {
    await download(store, release, temporary);
    return await moveIn(temporary, path.join(cacheDir, release.digest));
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function cached(cacheDir: string, id: string): Promise<string | null> {
  // A shorter beginning may fit a release that is not here.
  if (id.length < 12) return null;
  await mkdir(cacheDir, { recursive: true });
  const name = (await readdir(cacheDir)).find(each => each.length === 64 && each.startsWith(id));
  if (name === undefined) return null;
  const folder = path.join(cacheDir, name);
  return (await isWhole(folder)) ? folder : null;
}

/** The folder's name is the digest of its manifest, and the manifest holds those of the files: nothing else need be trusted. */
async function isWhole(folder: string): Promise<boolean> {
  try {
    const text = await readFileIn(folder, 'manifest.json');
    const manifest = parseManifest(JSON.parse(text?.toString() ?? 'null'));
    if (manifestDigest(manifest) !== path.basename(folder)) return false;
    await verifyFiles(manifest, file => readFileIn(folder, file.path));
    return true;
  } catch (error) {
    if (error instanceof SlackwaterError || error instanceof SyntaxError) return false;
    throw error;
  }
}

async function download(store: Store, release: Release, folder: string): Promise<void> {
  const manifest = manifestOf(release);
  if (manifestDigest(manifest) !== release.digest)
    throw new SlackwaterError(
      'digest-mismatch',
      `the manifest of release ${release.id} was changed in Redis: push the release again`,
    );
  const files = await verifyFiles(manifest, file => getBlob(store, file.sha256));
  await writeFiles(folder, new Map([...files, ['manifest.json', Buffer.from(JSON.stringify(manifest))]]));
}

/** One rename makes it visible, whole. What stands in its place is either as good, put there by another process, or damaged. */
async function moveIn(temporary: string, folder: string): Promise<string> {
  for (;;) {
    try {
      await rename(temporary, folder);
      return folder;
    } catch (error) {
      if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
      if (await isWhole(folder)) return folder;
      const damaged = `${temporary}-damaged`;
      await rename(folder, damaged).catch(gone => {
        if (gone.code !== 'ENOENT') throw gone;
      });
      await rm(damaged, { recursive: true, force: true });
    }
  }
}

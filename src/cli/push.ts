import type { Manifest, Release } from '../model/release.js';
import { SlackwaterError } from '../platform/errors.js';
import type { Client } from './client.js';

export interface Pushable {
  manifest: Manifest;
  /** By path within the release. */
  files: Map<string, Uint8Array>;
}

/**
 * Sends a release: its manifest, to which the server answers what it lacks, those files, and the manifest again. Saying it twice changes
 * nothing.
 */
export async function pushRelease(
  client: Client,
  built: Pushable,
): Promise<{ release: Release; sent: number }> {
  const post = () => client.post<Release>('/v1/releases', built.manifest);
  try {
    return { release: await post(), sent: 0 };
  } catch (error) {
    if (!(error instanceof SlackwaterError) || error.code !== 'missing-blob') throw error;
    const missing = missingFiles(built.manifest, error);
    for (const { path, sha256 } of missing) {
      const content = built.files.get(path);
      if (!content)
        throw new SlackwaterError('missing-blob', `${path} is not in the release: build it again`);
      await client.put(`/v1/blobs/${sha256}`, content);
    }
    return { release: await post(), sent: missing.length };
  }
}

/** The server points at `/files/N`; where it does not, all are sent. */
function missingFiles({ files }: Manifest, { errors }: SlackwaterError): Manifest['files'] {
  const named = errors.flatMap(({ pointer }) => files[Number(/^\/files\/(\d+)/.exec(pointer)?.[1])] ?? []);
  return named.length > 0 ? named : files;
}

/** The release that an app runs now; `null` before its first window. */
export async function currentRelease(client: Client, app: string): Promise<string | null> {
  const [job] = await client.list<{ release: string }>('/v1/jobs', { app });
  return job?.release ?? null;
}

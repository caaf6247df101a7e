import { bytesOf, MAX_RELEASE_BYTES, parseManifest, queuesOf } from '../model/manifest.js';
import { type Manifest, manifestDigest, type Release, releaseIdOf } from '../model/release.js';
import { formatBytes } from '../platform/bytes.js';
import { SlackwaterError } from '../platform/errors.js';
import { readIntent } from './intents.js';
import { redisNow, type Store, script } from './redis.js';
import { readRelease } from './release-records.js';
import { openWindows } from './windows.js';

export { getBlob, hasBlob, putBlob } from './blobs.js';
export { fetchRelease } from './fetch-release.js';
export { getRelease, listReleases } from './release-records.js';

const putScript = script<[string, ...(string | number)[]]>('put-release');
const dropScript = script<number>('drop-release');

/** How many releases of an app are kept: the newest, and beyond them those in use. */
const KEPT = 50;

/**
 * Stores a release whose files have been put as blobs, and gives the app the queues of its jobs. May be repeated: a release is what its
 * digest says, so the second time changes nothing.
 *
 * A queue becomes an app's with its first release that is stored, not with its first deploy: from then on producers may enqueue, and no
 * second app can get in between. It stays the app's when a later release leaves it, since runs may still wait there.
 * @throws SlackwaterError `invalid-manifest` with pointers; `too-large`; `missing-blob`, naming them; `conflict` if a queue is another app's.
 */
export async function putRelease(
  store: Store,
  input: unknown,
  limits: { maxBytes?: number; keep?: number } = {},
): Promise<{ release: Release; created: boolean }> {
  const manifest = parseManifest(input);
  const bytes = bytesOf(manifest);
  const maxBytes = limits.maxBytes ?? MAX_RELEASE_BYTES;
  if (bytes > maxBytes)
    throw new SlackwaterError(
      'too-large',
      `this release has ${formatBytes(bytes)}, and one may have ${formatBytes(maxBytes)} (limits.releaseBytes): bundle less, and let jobs read their data from where it lies`,
      [{ pointer: '/files', detail: `${bytes} bytes together, at most ${maxBytes}` }],
    );
  const release = releaseOf(manifest, bytes, await redisNow(store.redis));
  const [answer, ...details] = await putScript(store.redis, ...putArguments(store, release));
  if (answer === 'exists')
    return { release: (await readRelease(store, release.id)) ?? release, created: false };
  if (answer !== 'created') throw refusal(answer, details, release);
  await prune(store, release.app, limits.keep ?? KEPT);
  return { release, created: true };
}

function releaseOf(manifest: Manifest, bytes: number, now: number): Release {
  const digest = manifestDigest(manifest);
  const { format: _, ...content } = manifest;
  return { id: releaseIdOf(digest), digest, createdAt: new Date(now).toISOString(), bytes, ...content };
}

function putArguments({ keys }: Store, release: Release): (string | number)[] {
  const blobs = release.files.map(file => keys.blob(file.sha256));
  const names = [keys.apps, keys.queues, keys.releases(release.app), keys.release(release.id), ...blobs];
  const sizes = release.files.map(file => file.bytes);
  const queues = queuesOf(release);
  const { app, id, digest, createdAt } = release;
  const values = [
    app,
    id,
    digest,
    JSON.stringify(release),
    Date.parse(createdAt),
    sizes.length,
    ...sizes,
    ...queues,
  ];
  return [names.length, ...names, ...values];
}

function refusal(answer: string, details: (string | number)[], release: Release): SlackwaterError {
  const files = (indexes: (string | number)[]) => indexes.map(index => release.files[Number(index) - 1]!);
  if (answer === 'missing') {
    const missing = files(details);
    return new SlackwaterError(
      'missing-blob',
      `${missing.length} of ${release.files.length} files are not here yet: PUT /v1/blobs/${missing.map(file => file.sha256).join(', ')} first`,
      missing.map(file => ({
        pointer: `/files/${release.files.indexOf(file)}/sha256`,
        detail: `blob ${file.sha256} (${file.path}) is missing`,
      })),
    );
  }
  if (answer === 'size') {
    const [file] = files(details);
    return new SlackwaterError(
      'invalid-manifest',
      `${file!.path} has another size than its content: send what \`slackwater release build\` wrote, unchanged`,
      [
        {
          pointer: `/files/${release.files.indexOf(file!)}/bytes`,
          detail: `is not the size of ${file!.sha256}`,
        },
      ],
    );
  }
  if (answer === 'taken') {
    const [queue, owner] = details;
    const list = release.jobs.some(job => job.queue === queue) ? 'jobs' : 'workflows';
    const at = release[list].findIndex(each => each.queue === queue);
    return new SlackwaterError(
      'conflict',
      `queue ${queue} belongs to app ${owner}, and ${release[list][at]!.name} of app ${release.app} asks for it: give it another queue, or push under --app ${owner}`,
      [{ pointer: `/${list}/${at}/queue`, detail: `belongs to app ${owner}` }],
    );
  }
  return new SlackwaterError(
    'conflict',
    `another release (${details[0]}) has the ID ${release.id}: change anything in a job and build again`,
  );
}

/** Removes old releases with the blobs that they alone name. What runs, stands by, or is named by an open window stays. */
async function prune(store: Store, app: string, keep: number): Promise<void> {
  const { keys, redis } = store;
  const old = await redis.zrevrange(keys.releases(app), keep, -1);
  if (old.length === 0) return;
  const [intent, windows] = await Promise.all([readIntent(store, app), openWindows(store)]);
  const used = new Set([
    ...(intent ? [intent.release, intent.standby] : []),
    ...windows.flatMap(window => [window.release, window.previousRelease]),
  ]);
  for (const id of old) {
    if (used.has(id)) continue;
    const blobs = (await readRelease(store, id))?.files.map(file => keys.blob(file.sha256)) ?? [];
    await dropScript(redis, 2 + blobs.length, keys.releases(app), keys.release(id), ...blobs, id);
  }
}

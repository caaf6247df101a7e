import { promisify } from 'node:util';
import { brotliCompress, brotliDecompress, constants } from 'node:zlib';
import { MAX_RELEASE_BYTES, sha256Of } from '../model/manifest.js';
import { sha256Schema } from '../model/release.js';
import { formatBytes } from '../platform/bytes.js';
import { SlackwaterError } from '../platform/errors.js';
import { type Store, script } from './redis.js';

const compress = promisify(brotliCompress);
const decompress = promisify(brotliDecompress);
const putScript = script<number>('put-blob', 1);

/** How long a blob waits for a release that names it, seconds. */
const UNCLAIMED_S = 24 * 60 * 60;

/**
 * Stores the content of a file under its digest, compressed where that is smaller. May be repeated.
 * @returns whether it was new.
 * @throws SlackwaterError `bad-request` (no digest), `digest-mismatch`, `too-large`.
 */
export async function putBlob(
  { redis, keys }: Store,
  sha256: string,
  bytes: Uint8Array,
  limits: { maxBytes?: number } = {},
): Promise<boolean> {
  checkDigest(sha256);
  const maxBytes = limits.maxBytes ?? MAX_RELEASE_BYTES;
  if (bytes.length > maxBytes) {
    throw new SlackwaterError(
      'too-large',
      `this file has ${formatBytes(bytes.length)}, and a release at most ${formatBytes(maxBytes)}: bundle less, and let jobs read their data from where it lies`,
    );
  }
  const actual = sha256Of(bytes);
  if (actual !== sha256) {
    throw new SlackwaterError(
      'digest-mismatch',
      `the content has SHA-256 ${actual}, not ${sha256}: send the file again, unchanged, under its own digest`,
    );
  }
  const packed = await compress(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 5, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
  });
  const smaller = packed.length < bytes.length;
  const stored = smaller ? packed : Buffer.from(bytes);
  return (
    (await putScript(redis, keys.blob(sha256), smaller ? 'br' : 'raw', bytes.length, stored, UNCLAIMED_S)) ===
    1
  );
}

export async function hasBlob({ redis, keys }: Store, sha256: string): Promise<boolean> {
  checkDigest(sha256);
  return (await redis.exists(keys.blob(sha256))) === 1;
}

/** @returns the content as it was put, or `null`. Whoever uses it checks it against its digest. */
export async function getBlob({ redis, keys }: Store, sha256: string): Promise<Uint8Array | null> {
  checkDigest(sha256);
  const [encoding, data] = await redis.hmgetBuffer(keys.blob(sha256), 'encoding', 'data');
  if (!encoding || !data) return null;
  return encoding.toString() === 'br' ? decompress(data) : data;
}

function checkDigest(sha256: string): void {
  const parsed = sha256Schema.safeParse(sha256);
  if (!parsed.success)
    throw new SlackwaterError('bad-request', `"${sha256}" ${parsed.error.issues[0]!.message}`);
}

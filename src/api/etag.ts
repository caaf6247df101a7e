import type { FastifyRequest } from 'fastify';
import { SlackwaterError } from '../platform/errors.js';

/** The version of a record as an entity tag. */
export const etagOf = ({ version }: { version: number }): string => `"${version}"`;

/**
 * The version that `If-Match` asks for; `undefined` where any will do.
 * @throws SlackwaterError `bad-request` for a header that is no tag of ours; `precondition-failed` if the record has another version.
 */
export function expectedVersion(
  request: FastifyRequest,
  record: { id: string; version: number },
): number | undefined {
  const header = request.headers['if-match'];
  if (header === undefined || header.trim() === '*') return undefined;
  const versions = header.split(',').map(tag => /^\s*(?:W\/)?"(\d{1,15})"\s*$/.exec(tag)?.[1]);
  if (versions.includes(undefined))
    throw new SlackwaterError(
      'bad-request',
      'If-Match must be the ETag of the answer that you read, such as "3" (with the quotes)',
    );
  if (versions.some(version => Number(version) === record.version)) return record.version;
  throw new SlackwaterError(
    'precondition-failed',
    `${record.id} has version ${record.version} by now, not ${versions.join(' or ')}: read it again and decide anew`,
  );
}

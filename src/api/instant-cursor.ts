import { SlackwaterError } from '../platform/errors.js';

/** A cursor of a list by time: what comes on the other side of an instant (ms). */
export const instantCursor = (instant: number): string => Buffer.from(String(instant)).toString('base64url');

/** @throws SlackwaterError `bad-request` for a cursor that is none. */
export function readInstantCursor(cursor: string | undefined): number | undefined {
  if (cursor === undefined) return undefined;
  const text = Buffer.from(cursor, 'base64url').toString();
  if (/^\d{1,16}$/.test(text)) return Number(text);
  throw new SlackwaterError('bad-request', `"${cursor}" is no cursor: leave it out for the first page`);
}

import { SlackwaterError } from '../platform/errors.js';
import type { FirePlace } from '../store/schedules/fires-together.js';

/** A cursor of a list by time: what comes on the other side of an instant (ms). */
export const instantCursor = (instant: number): string => Buffer.from(String(instant)).toString('base64url');

/** @throws SlackwaterError `bad-request` for a cursor that is none. */
export function readInstantCursor(cursor: string | undefined): number | undefined {
  if (cursor === undefined) return undefined;
  const text = textOf(cursor);
  if (INSTANT.test(text)) return Number(text);
  throw noCursor(cursor);
}

/** A cursor of a list of fires of several schedules, by time: what comes after this one. */
export const placeCursor = ({ at, app, schedule }: FirePlace): string =>
  Buffer.from(`${at} ${app} ${schedule}`).toString('base64url');

/** @throws SlackwaterError `bad-request` for a cursor that is none. */
export function readPlaceCursor(cursor: string | undefined): FirePlace | undefined {
  if (cursor === undefined) return undefined;
  const [at, app, schedule, ...rest] = textOf(cursor).split(' ');
  if (INSTANT.test(at!) && app && schedule && rest.length === 0) return { at: Number(at), app, schedule };
  throw noCursor(cursor);
}

/** ms; no date of JavaScript is later. */
const INSTANT = /^\d{1,15}$/;
const textOf = (cursor: string): string => Buffer.from(cursor, 'base64url').toString();
const noCursor = (cursor: string): SlackwaterError =>
  new SlackwaterError('bad-request', `"${cursor}" is no cursor: leave it out for the first page`);

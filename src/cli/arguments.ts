import { readFileSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import { CHOICES } from '../model/window.js';
import { parseDuration } from '../platform/duration.js';
import { SlackwaterError } from '../platform/errors.js';
import { wallTime } from '../platform/time-zone.js';

/*
 * What is typed, read at once: a bad value is told before anything else happens, and says what it may be.
 */

const whole =
  (from: number, to: number) =>
  (text: string): number => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= from && value <= to) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${from} to ${to}.`);
  };
export const port = whole(0, 65_535);
export const workers = whole(1, 256);
export const limit = whole(1, 100_000);
export const priority = whole(0, 2_097_152);
export const bulkLimit = whole(1, 10_000);
export const hosts = whole(1, 1_000);
export const count = whole(0, 1_000_000);
export const atOnce = whole(1, 100);

const SHORT = /^(\d+(\.\d+)?(ms|s|m|h|d))+$/;

/** Kept as text for the server, which reads durations too; here only its form is checked. */
export function duration(text: string): string {
  if (SHORT.test(text) || /^P(?=.)([\d.]+[YMWD])*(T([\d.]+[HMS])+)?$/.test(text)) return text;
  throw new InvalidArgumentError(
    'It must be a duration: "250ms", "90s", "10m", "2h", "1d" or ISO 8601 such as "PT90S".',
  );
}

/** A point in time: ISO 8601 with a zone, or `+10m` (`10m` does too) from now. Given back as ISO 8601 in UTC. */
export function instant(text: string): string {
  const later = text.replace(/^\+/, '');
  if (SHORT.test(later)) return new Date(Date.now() + parseDuration(later)).toISOString();
  if (
    /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/.test(text) &&
    !Number.isNaN(Date.parse(text))
  ) {
    return new Date(text).toISOString();
  }
  throw new InvalidArgumentError(
    'It must be a time with its zone, such as 2030-01-31T02:30:00Z, or from now on, such as +30m.',
  );
}

const oneOf =
  (...choices: string[]) =>
  (text: string): string => {
    if (choices.includes(text)) return text;
    throw new InvalidArgumentError(`It must be ${choices.map(choice => `"${choice}"`).join(' or ')}.`);
  };
export const onTimeout = oneOf('abort', 'force');
export const choice = oneOf(...CHOICES);

/** A part of a whole: `10%` or `0.1`. Given back as a number from 0 to 1. */
export function share(text: string): number {
  const [, digits, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(text.trim()) ?? [];
  const part = digits === undefined ? Number.NaN : Number(digits) / (percent ? 100 : 1);
  if (part >= 0 && part <= 1) return part;
  throw new InvalidArgumentError('It must be a share such as 10% or 0.1.');
}

export const shares = (text: string): number[] => text.split(',').map(share);

/** Several of these, with commas between. */
export const statesOf =
  (...states: string[]) =>
  (text: string): string[] => {
    const given = text.split(',').map(state => state.trim());
    if (given.every(state => states.includes(state))) return given;
    throw new InvalidArgumentError(`It must be one of ${states.join(', ')}, or several with commas between.`);
  };

/** A number of runs, or `none`. */
export function concurrency(text: string): number | 'none' {
  return text === 'none' ? text : whole(1, 1_000_000)(text);
}

/** So many in a time: `100/1m`. */
export function rate(text: string): { max: number; per: string } | 'none' {
  if (text === 'none') return text;
  const [, max, per] = /^(\d{1,7})\/(.+)$/.exec(text) ?? [];
  if (max === undefined || Number(max) < 1 || Number(max) > 1_000_000 || !SHORT.test(per!))
    throw new InvalidArgumentError('It must be a number and a time, such as 100/1m, or "none".');
  return { max: Number(max), per: per! };
}

export function concurrencyKey(text: string): string {
  if (text.length > 0 && text.length <= 300) return text;
  throw new InvalidArgumentError('It must have 1 to 300 characters.');
}

export function names(text: string): string[] {
  const items = text.split(',').map(item => item.trim());
  if (items.every(item => /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(item))) return items;
  throw new InvalidArgumentError('It must be names separated by commas, such as reports,billing.');
}

export function name(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(text)) return text;
  throw new InvalidArgumentError(
    'It must start with a letter or digit and hold only letters, digits, ".", "_" and "-".',
  );
}

export function zone(text: string): string {
  try {
    wallTime(text, 0);
    return text;
  } catch {
    throw new InvalidArgumentError('It must be a time zone, such as Europe/Berlin or UTC.');
  }
}

/** Who it is, for the record of a server without tokens. */
export function person(text: string): string {
  if (/^[A-Za-z0-9][\w.@+ -]{0,99}$/.test(text)) return text;
  throw new InvalidArgumentError('It must be a name: letters, digits, spaces and ".@+_-".');
}

export function url(text: string): string {
  if (/^https?:\/\/./.test(text) && URL.canParse(text)) return text;
  throw new InvalidArgumentError('It must be http://HOST:PORT.');
}

/**
 * A payload: JSON as it stands, `@file`, or `-` for stdin.
 * @throws SlackwaterError `bad-request` naming where it was read from and what is wrong with it.
 */
export function readPayload(text: string): unknown {
  const [source, json] = sourceOf(text);
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new SlackwaterError(
      'bad-request',
      `${source} is not JSON (${(error as Error).message}): write --payload '{"key":"value"}', --payload @file.json, or --payload - for stdin`,
    );
  }
}

function sourceOf(text: string): [source: string, json: string] {
  if (text === '-') return ['stdin', readFileSync(0, 'utf8')];
  if (!text.startsWith('@')) return ['--payload', text];
  try {
    return [text.slice(1), readFileSync(text.slice(1), 'utf8')];
  } catch (error) {
    throw new SlackwaterError('bad-request', `cannot read ${text.slice(1)}: ${(error as Error).message}`);
  }
}

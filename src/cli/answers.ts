import { type ErrorCode, type FieldError, isErrorCode, SlackwaterError } from '../platform/errors.js';
import { printable } from '../platform/printable.js';
import { inOurWords } from './in-our-words.js';

/*
 * What a server answered, read. Between it and us there may be others, who answer in its place and in words of their own.
 */

const OF_STATUS: Record<number, ErrorCode> = {
  400: 'bad-request',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not-found',
  409: 'conflict',
  412: 'conflict',
  413: 'too-large',
  415: 'unsupported-media-type',
  422: 'invalid-payload',
  502: 'unavailable',
  503: 'unavailable',
  504: 'unavailable',
};

interface Problem {
  type?: string;
  title?: string;
  detail?: string;
  errors?: FieldError[];
}

/** An RFC 9457 problem, read back as the error that the server threw; its `type` ends with our own code. */
export function problemOf(method: string, response: Response, text: string): SlackwaterError {
  const byStatus = OF_STATUS[response.status] ?? 'internal';
  const problem = asJson(text) as Problem | undefined;
  const said = problem && (problem.detail || problem.title);
  // A server says what kind of a problem it is. All else was said by something else.
  if (typeof problem?.type !== 'string' || typeof said !== 'string')
    return new SlackwaterError(byStatus, fromElsewhere(method, response, text));
  const named = problem.type.split(/[/:#]/).at(-1)!;
  const errors = (problem.errors ?? []).map(each => ({ ...each, detail: inOurWords(each.detail) }));
  return new SlackwaterError(isErrorCode(named) ? named : byStatus, inOurWords(said), errors);
}

/** @throws SlackwaterError `bad-request` where a success is no JSON, as of a page that asks to sign in. */
export function dataOf<T>(method: string, response: Response, text: string): T {
  const data = asJson(text);
  if (data === undefined) throw new SlackwaterError('bad-request', fromElsewhere(method, response, text));
  return data as T;
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Status, URL, its first words, and what to do. */
function fromElsewhere(
  method: string,
  { status, statusText, url, redirected }: Response,
  text: string,
): string {
  const words = wordsOf(text);
  const answer = [status, statusText].filter(Boolean).join(' ');
  const to = new URL(url);
  return [
    `${method} ${to.origin}${to.pathname}${redirected ? ' (where we were sent on to)' : ''} was answered ${answer}`,
    words && ` (${JSON.stringify(words)})`,
    `, and not by a Slackwater server: ${whatToDo(status)}`,
  ].join('');
}

/** The title of a page, the message in some JSON, or how the text begins. */
function wordsOf(text: string): string {
  const json = asJson(text) as { message?: unknown; error?: unknown } | undefined;
  const said = [json?.message, json?.error].find(each => typeof each === 'string') as string | undefined;
  const title = /<title>([^<]*)<\/title>/i.exec(text)?.[1];
  const words = said ?? title ?? (json === undefined ? text.replace(/<[^>]*>/g, ' ') : '');
  return printable(words.replace(/\s+/g, ' ').trim()).slice(0, 100);
}

function whatToDo(status: number): string {
  if (status === 413)
    return 'a proxy before it takes nothing so large; raise its limit (client_max_body_size of nginx), or set SLACKWATER_URL to the server itself';
  if (status === 429) return 'a proxy before it lets no more through at the moment; try again in a minute';
  if ([401, 403, 407, 511].includes(status))
    return 'a proxy before it wants to know who you are; sign in there, or set SLACKWATER_URL to the server itself';
  if (status >= 500)
    return 'a proxy before it gets no answer from it; see that "slackwater serve" runs, and that the proxy has its address';
  return 'set SLACKWATER_URL (or --url) to one';
}

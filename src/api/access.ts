import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Config } from '../config/config.js';
import { SlackwaterError } from '../platform/errors.js';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?|\[?::ffff:127(\.\d{1,3}){3}\]?)$/i;

const isLoopback = (host: string): boolean => LOOPBACK.test(host);

/** @throws SlackwaterError `bad-config` for a server that anybody on the network could use. */
export function checkAccess({ host, tokens }: Config['server']): void {
  const short = tokens.find(token => token.length < 16);
  if (short !== undefined)
    throw new SlackwaterError(
      'bad-config',
      'SLACKWATER_TOKEN is too short to be safe: use 16 random characters or more',
    );
  if (tokens.length === 0 && !isLoopback(host))
    throw new SlackwaterError(
      'bad-config',
      `a server on ${host} would let in everybody who can reach it: set SLACKWATER_TOKEN (such as $(openssl rand -hex 24)), or listen on 127.0.0.1`,
    );
}

/**
 * Who may come in. With tokens: who has one. Without, the server is on loopback: any program of this machine, but no web page that a
 * browser here has open, so requests must be addressed to loopback by name (a page can point a name of its own at 127.0.0.1) and must not
 * come from a foreign origin.
 */
export function createGuard(tokens: string[]): (request: FastifyRequest) => void {
  const known = tokens.map(digest);
  return request => {
    if (known.length > 0) {
      const given = tokenOf(request);
      // All are compared, each in constant time: the answer's time tells nothing.
      const hash = digest(given ?? '');
      if (known.filter(token => timingSafeEqual(token, hash)).length > 0 && given !== undefined) return;
      const problem = given === undefined ? 'this server asks for a token' : 'this token is not known here';
      throw new SlackwaterError(
        'unauthorized',
        `${problem}: send Authorization: Bearer TOKEN (CLI: SLACKWATER_TOKEN)`,
      );
    }
    const { origin } = request.headers;
    if (!isLoopback(request.hostname.replace(/:\d+$/, '')))
      throw new SlackwaterError(
        'forbidden',
        'without tokens this server answers only to 127.0.0.1 and localhost: use one of these as host',
      );
    if (origin !== undefined && !(URL.canParse(origin) && isLoopback(new URL(origin).hostname)))
      throw new SlackwaterError(
        'forbidden',
        `without tokens this server answers to no page of ${origin.slice(0, 200)}: set SLACKWATER_TOKEN`,
      );
  };
}

/**
 * Who asks, as records and events name them. Tokens are told apart without giving them away. Where there is none, the header `X-Slackwater-Actor` says
 * who it is, and is believed: whoever reaches such a server may do everything anyway. It is a name in the records, no authentication.
 * @throws SlackwaterError `bad-request` for a name that is none.
 */
export function actorOf(request: FastifyRequest): string {
  const token = tokenOf(request);
  if (token !== undefined) return `token-${digest(token).toString('hex').slice(0, 8)}`;
  const name = request.headers['x-slackwater-actor'];
  if (name === undefined) return 'operator';
  if (typeof name === 'string' && /^[A-Za-z0-9][\w.@+ -]{0,99}$/.test(name)) return name;
  throw new SlackwaterError(
    'bad-request',
    'X-Slackwater-Actor must be the name of a person: letters, digits, spaces and ".@+_-", at most 100',
  );
}

const tokenOf = ({ headers }: FastifyRequest) => /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
const digest = (text: string) => createHash('sha256').update(text).digest();

import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { namesSeveral, readSeveral } from './several.mjs';

/** The maximum for a socket path is 108 bytes on Linux, 104 on macOS, both with a closing zero. */
export const LONGEST_SOCKET_PATH = 100;

/**
 * @typedef {{ path: string, username?: string, password?: string }} SocketAddress
 * @typedef {{ host: string, port: number, tls: boolean, username?: string, password?: string }} TcpAddress
 */

/**
 * Reads `redis://[user:password@]host[:port][/db]`, `rediss://…`, `unix:///path`, a bare `/path` or `host:port`.
 * @param {string} url
 * @returns {SocketAddress | TcpAddress}
 * @throws Error that shows the accepted forms
 */
export function parseAddress(url) {
  const path = /^(?:unix:\/\/)?(\/[^?]*)/.exec(url)?.[1];
  if (path) return { path };
  try {
    const parsed = new URL(/^[a-z]+:\/\//i.test(url) ? url : `redis://${url}`);
    if (!/^rediss?:$/.test(parsed.protocol) || !parsed.hostname) throw new Error('not of Redis');
    return {
      host: parsed.hostname.replace(/^\[|\]$/g, ''),
      port: Number(parsed.port || 6379),
      tls: parsed.protocol === 'rediss:',
      ...(parsed.username && { username: decodeURIComponent(parsed.username) }),
      ...(parsed.password && { password: decodeURIComponent(parsed.password) }),
    };
  } catch {
    throw new Error(
      `"${hidePassword(url)}" is no address of a Redis: write redis://host:6379 or unix:///path/to/redis.sock`,
    );
  }
}

/**
 * Asks once, with credentials where the address has them. Of several it is enough that one answers.
 * @param {string} url
 * @param {number} [timeout] ms
 * @returns {Promise<void>} when Redis answers PONG
 * @throws Error with what it answered, or why it cannot be reached
 */
export async function ping(url, timeout = 3_000) {
  const addresses = namesSeveral(url) ? eachOf(url) : [parseAddress(url)];
  await Promise.any(addresses.map(address => pingOne(address, timeout))).catch(
    (/** @type {AggregateError} */ all) => {
      throw all.errors[0];
    },
  );
}

/** @param {string} url @returns {TcpAddress[]} */
function eachOf(url) {
  const { kind, nodes, tls, username, password, sentinelPassword } = readSeveral(url);
  const secret = kind === 'cluster' ? { username, password } : { password: sentinelPassword };
  return nodes.map(node => ({ ...node, tls, ...secret }));
}

/** @param {SocketAddress | TcpAddress} address @param {number} timeout */
async function pingOne(address, timeout) {
  const answer = await ask(address, [...authentication(address), ['PING']], timeout);
  if (!answer.includes('+PONG'))
    throw new Error(
      answer
        .trim()
        .split('\r\n')
        .find(line => line.startsWith('-'))
        ?.slice(1) ?? answer,
    );
}

/** @param {string} url @param {number} [timeout] ms */
export async function answers(url, timeout) {
  return ping(url, timeout).then(
    () => true,
    () => false,
  );
}

/** @param {string} url the same, fit to be shown */
export function hidePassword(url) {
  return url.replace(/(:\/\/[^:/@]*:)[^@]*@/, '$1***@').replace(/(sentinelPassword=)[^&]*/, '$1***');
}

/** @param {SocketAddress | TcpAddress} address */
function authentication({ username, password }) {
  if (!password) return [];
  return [username ? ['AUTH', username, password] : ['AUTH', password]];
}

/**
 * @param {SocketAddress | TcpAddress} address
 * @param {string[][]} commands
 * @param {number} timeout
 * @returns {Promise<string>} all that came until the last command was answered
 */
function ask(address, commands, timeout) {
  return new Promise((resolve, reject) => {
    const socket =
      'path' in address ? connectTcp(address.path) : address.tls ? connectTls(address) : connectTcp(address);
    let answer = '';
    const end = (/** @type {() => void} */ settle) => {
      socket.destroy();
      settle();
    };
    socket.setEncoding('utf8');
    socket.setTimeout(timeout, () => end(() => reject(new Error(`no answer within ${timeout} ms`))));
    socket.on('error', error => end(() => reject(error)));
    socket.on('close', () => reject(new Error('the connection was closed')));
    socket.on('data', text => {
      answer += text;
      if (answer.split('\r\n').length > commands.length) end(() => resolve(answer));
    });
    socket.write(commands.map(encode).join(''));
  });
}

/** @param {string[]} words */
function encode(words) {
  return `*${words.length}\r\n${words.map(word => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
}

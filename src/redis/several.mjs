/** The port of a Sentinel, where an address names none. */
const SENTINEL_PORT = 26_379;
const REDIS_PORT = 6_379;

const FORM = /^redis(s?)\+(cluster|sentinel):\/\/(?:([^@/]*)@)?([^@/?]+)(?:\/([^?]*))?(?:\?(.*))?$/;
const NODE = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/;

/**
 * More than one Redis under one address: the nodes of a Cluster, or the Sentinels that know where the master is.
 * @typedef {{ host: string, port: number }} Node
 * @typedef {object} Several
 * @property {'cluster' | 'sentinel'} kind
 * @property {Node[]} nodes of which any that answers tells of the others
 * @property {boolean} tls
 * @property {string} [username] for Redis
 * @property {string} [password] for Redis
 * @property {string} [master] the name under which the Sentinels know it
 * @property {string} [sentinelPassword]
 * @property {number} [db]
 */

/** @param {string} url */
export const namesSeveral = url => /^rediss?\+/.test(url);

/**
 * Reads `redis+cluster://[user:password@]host[:port],…` and `redis+sentinel://[user:password@]host[:port],…/MASTER[?db=N&sentinelPassword=…]`;
 * `rediss+…` for TLS.
 * @param {string} url
 * @returns {Several}
 * @throws Error that says what is wrong with it
 */
export function readSeveral(url) {
  const [whole, s, kind, credentials, hosts = '', path, query] = FORM.exec(url) ?? [];
  if (!whole)
    throw new Error(
      'is no address of several: write redis+cluster://host:port,host:port or redis+sentinel://host:port,host:port/MASTER',
    );
  const sentinel = kind === 'sentinel';
  const nodes = hosts.split(',').map(text => nodeOf(text, sentinel ? SENTINEL_PORT : REDIS_PORT));
  const [username, password] = readCredentials(credentials);
  const common = { nodes, tls: s === 's', ...(username && { username }), ...(password && { password }) };
  if (!sentinel) {
    if (path || query)
      throw new Error('has something behind its hosts: a Cluster has neither names nor numbers of databases');
    return { kind: 'cluster', ...common };
  }
  if (!path)
    throw new Error(
      'names no master: write its name, as the Sentinels know it, behind the hosts: …/mymaster',
    );
  const more = new URLSearchParams(query ?? '');
  const { db, sentinelPassword, ...others } = Object.fromEntries(more);
  const [unknown] = Object.keys(others);
  if (unknown !== undefined)
    throw new Error(`asks for "${unknown}": only db and sentinelPassword are known here`);
  if (db !== undefined && !/^\d+$/.test(db)) throw new Error('has a db that is no number');
  return {
    kind: 'sentinel',
    ...common,
    master: decodeURIComponent(path),
    ...(sentinelPassword && { sentinelPassword }),
    ...(db !== undefined && { db: Number(db) }),
  };
}

/** @param {string} text @param {number} port @returns {Node} */
function nodeOf(text, port) {
  const [, v6, name, given] = NODE.exec(text.trim()) ?? [];
  const host = v6 ?? name;
  if (host === undefined || Number(given ?? port) > 65_535)
    throw new Error(`has "${text}" among its hosts: write host:port, separated by commas`);
  return { host, port: Number(given ?? port) };
}

/** @param {string | undefined} text `user:password` or `:password`, percent-encoded */
function readCredentials(text) {
  if (!text) return [];
  const colon = text.indexOf(':');
  const [user, password] = colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
  return [decodeURIComponent(user), decodeURIComponent(password)];
}

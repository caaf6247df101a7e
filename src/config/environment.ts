import * as z from 'zod';
import { settingsSchema } from './config.js';

/**
 * The rule: `SLACKWATER_` and the path of the key, its words in capitals: `host.lockDuration` is `SLACKWATER_HOST_LOCK_DURATION`. The ones
 * below have a short name beside it. Lists are comma-separated; an empty value counts as not set.
 */
const SHORT: Record<string, string> = {
  REDIS_URL: 'redis.url',
  SLACKWATER_NAMESPACE: 'redis.namespace',
  SLACKWATER_QUEUE_PREFIX: 'redis.queuePrefix',
  SLACKWATER_HOST: 'server.host',
  SLACKWATER_PORT: 'server.port',
  SLACKWATER_WORKERS: 'host.workers',
  SLACKWATER_QUEUES: 'host.queues',
  SLACKWATER_LOCK_DURATION: 'host.lockDuration',
};

export type Environment = Record<string, string | undefined>;

const LISTS = new Set(['host.queues', 'host.env', 'window.env']);
const SWITCHES = new Set(['window.commands']);
const capitals = (word: string) => word.replace(/[A-Z]/g, letter => `_${letter}`).toUpperCase();

/** Every variable that sets a key, and the key's path. */
export function environmentNames(): Map<string, string> {
  const names = new Map<string, string>();
  for (const [section, schema] of Object.entries(settingsSchema.shape)) {
    const inner = schema instanceof z.ZodPrefault ? schema.unwrap() : schema;
    if (!(inner instanceof z.ZodObject)) names.set(`SLACKWATER_${capitals(section)}`, section);
    else
      for (const key of Object.keys(inner.shape))
        names.set(`SLACKWATER_${capitals(section)}_${capitals(key)}`, `${section}.${key}`);
  }
  for (const [name, path] of Object.entries(SHORT)) names.set(name, path);
  return names;
}

/** A value taken from the environment: which variable, for which key. */
export interface Override {
  variable: string;
  path: string[];
  value: unknown;
}

/**
 * What the environment sets. A name that begins like a section's but is no key comes back in `unknown`: a typing error that would
 * otherwise go unnoticed. Variables that Kubernetes makes up for a service called `slackwater` or `slackwater-server` are passed over.
 */
export function readEnvironment(env: Environment): { overrides: Override[]; unknown: string[] } {
  const names = environmentNames();
  const sections = Object.keys(settingsSchema.shape).map(section => `SLACKWATER_${capitals(section)}_`);
  const overrides: Override[] = [];
  const unknown: string[] = [];
  for (const [variable, text] of Object.entries(env)) {
    if (text === undefined || text === '' || madeByKubernetes(variable, text)) continue;
    const path = names.get(variable);
    if (path) overrides.push({ variable, path: path.split('.'), value: parseValue(path, text) });
    else if (sections.some(section => variable.startsWith(section))) unknown.push(variable);
  }
  // The short name wins where both are set.
  overrides.sort((a, b) => Number(a.variable in SHORT) - Number(b.variable in SHORT));
  return { overrides, unknown };
}

function parseValue(path: string, text: string): unknown {
  if (LISTS.has(path)) return text.split(',').map(item => item.trim());
  if (SWITCHES.has(path) && /^(true|false)$/.test(text)) return text === 'true';
  return /^\d+$/.test(text) ? Number(text) : text;
}

const madeByKubernetes = (variable: string, text: string) =>
  /_SERVICE_(HOST|PORT.*)$|_PORT_\d+_(TCP|UDP)/.test(variable) ||
  (/_PORT$/.test(variable) && /^(tcp|udp):/.test(text));

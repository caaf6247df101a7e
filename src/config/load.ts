import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { type Document, isMap, isScalar, LineCounter, parseDocument } from 'yaml';
import type * as z from 'zod';
import { SlackwaterError } from '../platform/errors.js';
import { type Config, settingsSchema, toConfig } from './config.js';
import { type Environment, environmentNames, type Override, readEnvironment } from './environment.js';

export interface LoadOptions {
  /** A YAML file; default `SLACKWATER_CONFIG`, and without either the defaults alone. */
  file?: string | undefined;
  env?: Environment;
}

/**
 * The configuration: the file, over it the environment, under it the defaults.
 * @throws SlackwaterError `bad-config` naming each bad key by its path, where it stands (line or variable) and what was expected.
 */
export function loadConfig({ file, env = process.env }: LoadOptions = {}): Config {
  const source = file ?? env.SLACKWATER_CONFIG;
  const yaml = source ? readYaml(source) : undefined;
  const { overrides, unknown } = readEnvironment(env);
  if (unknown.length) {
    const known = [...environmentNames().keys()].sort().join(', ');
    throw badConfig(unknown.map(name => `${name}: no such setting; the environment may set ${known}`));
  }
  const input = merge(yaml?.document.toJS() ?? {}, overrides);
  const parsed = settingsSchema.safeParse(input);
  if (!parsed.success) {
    throw badConfig(parsed.error.issues.flatMap(issue => explain(issue, input, yaml, overrides)));
  }
  const tokens = (env.SLACKWATER_TOKEN ?? '').split(',').map(token => token.trim());
  return toConfig(parsed.data, availableParallelism(), tokens.filter(Boolean));
}

interface Yaml {
  file: string;
  document: Document.Parsed;
  lines: LineCounter;
}

function readYaml(file: string): Yaml {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw badConfig([`cannot read ${file}: ${(error as Error).message}`]);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error)
    throw badConfig([`${file}:${lines.linePos(error.pos[0]).line}: not valid YAML: ${error.message}`]);
  if (document.contents !== null && !isMap(document.contents)) {
    throw badConfig([`${file}:1: must hold sections such as "redis:" and "server:"`]);
  }
  return { file, document, lines };
}

function merge(base: Record<string, unknown>, overrides: Override[]): Record<string, unknown> {
  const merged = structuredClone(base);
  // A section that is written but empty (`redis:` alone) is null in YAML: the defaults.
  for (const [key, value] of Object.entries(merged)) if (value === null) delete merged[key];
  for (const { path, value } of overrides) {
    const [section, key] = path as [string, string?];
    if (key === undefined) merged[section] = value;
    else {
      const inside = merged[section];
      merged[section] = { ...(typeof inside === 'object' ? inside : {}), [key]: value };
    }
  }
  return merged;
}

function explain(
  issue: z.core.$ZodIssue,
  input: unknown,
  yaml: Yaml | undefined,
  overrides: Override[],
): string[] {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    const shape = schemaKeys(path);
    return issue.keys.map(key => {
      const at = [...path, key];
      return `${placeOf(at, yaml, overrides)}${at.join('.')}: no such key; known here: ${shape.join(', ')}`;
    });
  }
  const value = path.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], input);
  const shown = value === undefined ? 'nothing' : JSON.stringify(value);
  return [`${placeOf(path, yaml, overrides)}${path.join('.')}: ${issue.message} (found ${shown})`];
}

function schemaKeys(path: string[]): string[] {
  if (path.length === 0) return Object.keys(settingsSchema.shape);
  const prefix = `${path[0]}.`;
  return [...new Set(environmentNames().values())]
    .filter(known => known.startsWith(prefix))
    .map(known => known.slice(prefix.length));
}

/** `file:line: ` or `VARIABLE: ` where this value was set. */
function placeOf(path: string[], yaml: Yaml | undefined, overrides: Override[]): string {
  const override = overrides.findLast(({ path: at }) => at.every((key, i) => key === path[i]));
  if (override) return `${override.variable}: `;
  if (!yaml) return '';
  let node: unknown = yaml.document.contents;
  let offset = 0;
  for (const key of path) {
    if (!isMap(node)) break;
    const pair = node.items.find(item => isScalar(item.key) && String(item.key.value) === key);
    if (!pair) break;
    offset = (pair.key as { range?: [number, number, number] }).range?.[0] ?? offset;
    node = pair.value;
  }
  return `${yaml.file}:${yaml.lines.linePos(offset).line}: `;
}

const badConfig = (faults: string[]) =>
  new SlackwaterError('bad-config', `bad configuration:\n${faults.map(fault => `  ${fault}`).join('\n')}`);

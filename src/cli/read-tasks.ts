import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { SlackwaterError } from '../platform/errors.js';

const KEYS = ['hooks', 'probes', 'watch'];
type Tasks = { hooks?: unknown; probes?: unknown; watch?: unknown };

/**
 * Reads a file of hooks, probes and watch: JSON or YAML, `-` for stdin. What they hold is checked by the server.
 * @throws SlackwaterError `bad-request` naming the file and what is wrong with it.
 */
export function readTasks(file: string): Tasks {
  const source = file === '-' ? 'stdin' : file;
  const bad = (what: string) =>
    new SlackwaterError(
      'bad-request',
      `${source} ${what}: --hooks takes ${KEYS.join(', ')}, as JSON or YAML`,
    );
  let text: string;
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new SlackwaterError('bad-request', `cannot read ${source}: ${(error as Error).message}`);
  }
  let document: unknown;
  try {
    document = parse(text);
  } catch (error) {
    throw bad(`is neither JSON nor YAML (${(error as Error).message.split('\n')[0]!.replace(/:$/, '')})`);
  }
  if (document === null || typeof document !== 'object' || Array.isArray(document))
    throw bad('holds no named parts');
  const unknown = Object.keys(document).filter(key => !KEYS.includes(key));
  if (unknown.length > 0) throw bad(`has ${unknown.join(', ')}`);
  return document as Tasks;
}

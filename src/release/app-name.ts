import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { nameSchema } from '../model/release.js';
import { SlackwaterError } from '../platform/errors.js';

/** The app of a release: what was asked for, else `slackwater.app` in the nearest package.json at or above the jobs folder, else `default`. */
export async function appNameOf(folder: string, asked?: string): Promise<string> {
  if (asked !== undefined) return checked(asked, 'the app');
  for (let at = folder; ; at = path.dirname(at)) {
    const file = path.join(at, 'package.json');
    const text = await readFile(file, 'utf8').catch(() => null);
    if (text !== null) return checked(appIn(file, text) ?? 'default', `slackwater.app in ${file}`);
    if (at === path.dirname(at)) return 'default';
  }
}

function appIn(file: string, text: string): unknown {
  try {
    return JSON.parse(text)?.slackwater?.app;
  } catch (error) {
    throw new SlackwaterError('bad-definition', `${file} is not JSON: ${(error as Error).message}`);
  }
}

function checked(name: unknown, where: string): string {
  const parsed = nameSchema.safeParse(name);
  if (parsed.success) return parsed.data;
  throw new SlackwaterError(
    'bad-definition',
    `${where} is ${JSON.stringify(name)}: it ${parsed.error.issues[0]!.message.replace(/^Invalid input: expected/, 'must be a')}`,
  );
}

import { connect, part } from '../connect.js';
import type { CommonOptions } from '../define.js';
import { printJson, printLines, styleOf } from '../output.js';
import { type Coming, comingLines } from '../show/coming.js';

interface NextOptions extends CommonOptions {
  app?: string;
  for: string;
  timezone: string;
  limit: number;
}

/** What is shown of it in one picture. */
const MOST = 5_000;
const MOST_EACH = 200;
/** Where the output is no terminal. */
const WIDTH = 100;

export async function next(name: string | undefined, options: NextOptions): Promise<void> {
  const { app, timezone, json } = options;
  const path = name === undefined ? '/v1/schedules/next' : `/v1/schedules/${part(name)}/next`;
  const limit = json ? Math.min(options.limit, MOST) : MOST;
  const query = { app, for: options.for, limit, ...(json ? {} : { each: MOST_EACH }) };
  const coming = await connect(options).get<Coming>(path, query);
  if (json) return printJson(coming);
  const width = process.stdout.columns ?? WIDTH;
  printLines(
    comingLines(coming, { timezone, width, limit: options.limit, each: MOST_EACH }, styleOf(process.stdout)),
  );
}

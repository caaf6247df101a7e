import { connect } from '../connect.js';
import type { CommonOptions } from '../define.js';
import { type Check, diagnose } from '../doctor/diagnose.js';
import { lookAtRedis } from '../doctor/look-at-redis.js';
import { lookAtServer } from '../doctor/look-at-server.js';
import { EXIT } from '../exit-codes.js';
import { print, printJson, printLines, styleOf } from '../output.js';
import { Exit } from '../report-error.js';
import { wrap } from '../show/style.js';

/** Looks at everything that must be right, and says what to change where it is not. Exit code 1 when something fails. */
export async function doctor(options: CommonOptions): Promise<void> {
  const client = connect(options);
  const redis = process.env.REDIS_URL ? await lookAtRedis(process.env.REDIS_URL) : null;
  const now = Date.now();
  const checks = diagnose({ node: process.version, redis, ...(await lookAtServer(client, now)), now });
  if (options.json) printJson({ checks });
  else show(checks);
  if (checks.some(({ level }) => level === 'fail')) throw new Exit(EXIT.failed);
}

/** Where the text of a check begins, columns. */
const TEXT_FROM = 14;

function show(checks: Check[]): void {
  const style = styleOf(process.stdout);
  const marks = { ok: style.green('ok  '), warn: style.yellow('warn'), fail: style.red('fail') };
  for (const { level, name, text, choices = [] } of checks) {
    const first = `${marks[level]}  ${style.bold(name.padEnd(6))}  ${text}`;
    print(wrap(first, style.columns, TEXT_FROM).join('\n'));
    for (const { choice, does, command } of choices)
      printLines([`                ${style.bold(choice)}: ${does}`, `                  ${command}`]);
  }
}

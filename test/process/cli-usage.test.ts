import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCli } from '../support/processes.js';
import { tempDir } from '../support/temp-dir.js';

const noStack = (text: string) => expect(text).not.toMatch(/\n\s+at /);

test.each<[args: string[], says: RegExp, code: number]>([
  [['depoly'], /^error: unknown command "depoly": did you mean deploy\?$/m, 2],
  [['window', 'opne'], /^error: unknown command "opne": did you mean open\?$/m, 2],
  [['run'], /missing required argument 'job'/, 2],
  [['run', 'x', '--payloda', '{}'], /^error: unknown option --payloda: did you mean --payload\?$/m, 2],
  [['run', 'x', '--payload', '{bad'], /--payload is not JSON .* write --payload '\{"key":"value"\}'/, 2],
  [['run', 'x', '--payload', '@/nowhere.json'], /cannot read \/nowhere\.json/, 2],
  [['run', 'x', '--priority', '-1'], /whole number from 0/, 2],
  [['run', 'x', '--timeout', 'soon'], /must be a duration: "250ms"/, 2],
  [['window', 'open'], /required option '--release <id>'/, 2],
  [['window', 'open', '--release', 'r', '--at', 'yesterday'], /2030-01-31T02:30:00Z/, 2],
  [['window', 'open', '--release', 'r', '--at', '2030-01-01T00:00'], /a time with its zone/, 2],
  [['window', 'open', '--release', 'r', '--on-timeout', 'explode'], /"abort" or "force"/, 2],
  [['window', 'open', '--release', 'r', '--strategy', 'big-bang'], /window, rolling, canary/, 2],
  [['window', 'open', '--release', 'r', '--batch', '0'], /whole number from 1/, 2],
  [['window', 'open', '--release', 'r', '--steps', '1%,ten'], /a share such as 10% or 0\.1/, 2],
  [['window', 'open', '--release', 'r', '--watch-for', 'a while'], /must be a duration/, 2],
  [['window', 'open', '--release', 'r', '--watch-max-failures', '20'], /a share such as 10%/, 2],
  [['window', 'plan', '--release', 'r', '--hooks', '/nowhere.yaml'], /cannot read \/nowhere\.yaml/, 2],
  [['deploy', '--hooks', '/nowhere.yaml'], /cannot read \/nowhere\.yaml/, 2],
  [['window', 'end', 'win-1', '--choice', 'giveup'], /"retry" or "go-on" or "go-back" or "release"/, 2],
  [['window', 'approve', 'win-1', '--as', '<ada>'], /must be a name/, 2],
  [['window', 'approve'], /missing required argument 'id'/, 2],
  [['window', 'extend', 'win-1'], /required option '--by <duration>'/, 2],
  [['deploy', '--drain-timeout', '5'], /must be a duration/, 2],
  [['deploy', '--jobs', '/nowhere'], /there is no folder \/nowhere: name your jobs folder with --jobs/, 2],
  [['release', 'build', '--app', 'no spaces'], /hold only letters, digits/, 2],
  [['release', 'push', '--from', '/nowhere'], /there is no release in \/nowhere/, 1],
  [['hold', 'add', '--until', '5m', '--reason', 'x'], /either --queues a,b or --app NAME/, 2],
  [['hold', 'add', '--until', 'soon', '--reason', 'x'], /must be a time/, 2],
  [['freeze', 'add', '--reason', 'x'], /required option '--to <time>'/, 2],
  [['freeze', 'add', '--to', 'xmas', '--reason', 'x'], /must be a time/, 2],
  [['window-schedule', 'add', '--cron', '0 2 * * *'], /required option '--timezone <zone>'/, 2],
  [['schedules', 'backfill', 'x'], /required option '--from <time>'/, 2],
  [['schedules', 'backfill', 'x', '--from', 'yesterday'], /a day such as 2026-01-31/, 2],
  [['schedules', 'backfill', 'x', '--from', '2026-02-30'], /a day such as 2026-01-31/, 2],
  [['schedules', 'next', '--timezone', 'Mars/Olympus'], /must be a time zone/, 2],
  [['runs', 'ls', '--state', 'asleep'], /queued, delayed, running/, 2],
  [['runs', 'retry'], /name runs, or say which: --state failed or --state parked/, 2],
  [['runs', 'retry', '--job', 'x'], /name runs, or say which/, 2],
  [['runs', 'retry', 'run-1', '--state', 'failed'], /not both/, 2],
  [['runs', 'retry', '--state', 'cancelled'], /failed, parked/, 2],
  [['runs', 'ls', '--state', 'failed,asleep'], /several with commas between/, 2],
  [['runs', 'cancel'], /name runs, or say which: --state queued, delayed/, 2],
  [['runs', 'cancel', '--state', 'failed'], /must be one of queued, delayed, running/, 2],
  [['runs', 'cancel', '--state', 'queued', '--limit', '20000'], /from 1 to 10000/, 2],
  [['queues', 'set', 'reports'], /say what to set: --concurrency N, --rate MAX\/TIME/, 2],
  [['queues', 'set', 'reports', '--rate', 'fast'], /such as 100\/1m, or "none"/, 2],
  [['queues', 'set', 'reports', '--concurrency', '0'], /whole number from 1/, 2],
  [['run', 'x', '--concurrency-key', ''], /1 to 300 characters/, 2],
  [['runs', 'ls', '--limit', '0'], /whole number from 1/, 2],
  [['hosts', '--url', 'ftp://x'], /must be http:\/\/HOST:PORT/, 2],
  [['serve', '--port', '99999'], /whole number from 0 to 65535/, 2],
  [['serve', '--config', '/nowhere.yaml'], /cannot read \/nowhere\.yaml/, 2],
  [['serve', '--host', '0.0.0.0'], /set SLACKWATER_TOKEN/, 2],
  [['host', '--queues', 'a,,b'], /names separated by commas/, 2],
  [['dev', '--workers', '0'], /whole number from 1/, 2],
  [['serve', 'extra'], /too many arguments/, 2],
])('%j is answered with what to change', async (args, says, code) => {
  const { stderr, stdout, ...exit } = await runCli(args);
  expect(stderr).toMatch(says);
  expect(exit.code).toBe(code);
  expect(stdout).toBe('');
  noStack(stderr);
});

test('a server that does not answer: one line that says how to start one', async () => {
  const url = `http://127.0.0.1:${await freePort()}`;
  const { code, stderr } = await runCli(['runs', 'ls'], { env: { SLACKWATER_URL: url } });
  expect(stderr).toBe(
    `error: no answer from ${url} (ECONNREFUSED): start a server with "slackwater dev" or "slackwater serve", or set SLACKWATER_URL\n`,
  );
  expect(code).toBe(1);
});

test('with --json an error is JSON too; with SLACKWATER_LOG=debug the stack follows', async () => {
  const env = { SLACKWATER_URL: `http://127.0.0.1:${await freePort()}` };
  const { stderr } = await runCli(['hosts', '--json'], { env });
  expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'unavailable' } });
  const debug = await runCli(['hosts'], { env: { ...env, SLACKWATER_LOG: 'debug' } });
  expect(debug.stderr).toMatch(/\n\s+at /);
});

test.each([
  ['run --json', /^missing required argument 'job'$/],
  ['window ls --json --limt 3', /^unknown option --limt: did you mean --limit\?$/],
  ['window ls --json --limit 0', /must be a whole number from 1/],
  ['depoly --json', /^unknown command "depoly"/],
])('with --json what cannot be read is told as JSON alone: %s', async (line, says) => {
  const { code, stdout, stderr } = await runCli(line.split(' '));
  const { error } = JSON.parse(stderr) as { error: { code: string; message: string } };
  expect(error.code).toBe('usage');
  expect(error.message).toMatch(says);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
});

test('a bad configuration names file, line and key', async () => {
  const file = join(tempDir('config'), 'mine.yaml');
  writeFileSync(file, 'server:\n  prot: 7070\n');
  const { code, stderr } = await runCli(['serve', '--config', file]);
  expect(stderr).toContain(`${file}:2: server.prot: no such key`);
  expect(code).toBe(2);
});

test('help and version end with 0 and go to stdout', async () => {
  for (const args of [['--help'], ['help', 'window'], ['window', 'open', '--help'], ['--version']]) {
    const { code, stdout, stderr } = await runCli(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).not.toBe('');
  }
});

test('help says what is required, and the choices there are', async () => {
  const { stdout } = await runCli(['window', 'open', '--help']);
  expect(stdout).toMatch(/--release <id> .*\(required\)/);
  expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(
    /--strategy <name> [^(]*\(choices: "window", "rolling", "canary"\)/,
  );
  expect((await runCli(['hold', 'add', '--help'])).stdout).toMatch(/--until <time> .*\+30m, or 2030/);
});

test('every command has a sentence and an example', async () => {
  const { stdout } = await runCli(['window', 'open', '--help']);
  expect(stdout).toContain('Declare a window, now or at a time.');
  expect(stdout).toContain('Example:\n  $ slackwater window open');
});

/** A port on which nothing listens. */
function freePort(): Promise<number> {
  return new Promise(done => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

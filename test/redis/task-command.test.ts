import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { commandExecutor } from '../../src/window/tasks/command.js';
import { GivenUp } from '../../src/window/tasks/try.js';
import { eventually } from '../support/eventually.js';
import { isAlive } from '../support/process-tree.js';
import { sampleTry } from '../support/sample-try.js';
import { tempDir } from '../support/temp-dir.js';

const run = (command: string[], signal = new AbortController().signal) =>
  commandExecutor(['GRANTED'])(sampleTry({ command }), signal);
const shell = (text: string, signal?: AbortSignal) => run(['sh', '-c', text], signal);
const node = (text: string) => run([process.execPath, '-e', text]);

let dir: string;
beforeEach(() => {
  dir = tempDir();
});
afterEach(() => {
  vi.unstubAllEnvs();
});

/** PIDs that the program wrote, one a line, as soon as there are so many. */
const pids = (file: string, count: number) =>
  eventually(() => {
    const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
    return lines.length === count && lines.map(Number);
  });
const allDead = (of: number[]) => eventually(() => !of.some(isAlive), { what: 'the end of all processes' });

describe('a command', () => {
  it('that ends with exit code 0 is done, with what it wrote', async () => {
    expect(await shell('echo out; echo err >&2')).toEqual({
      state: 'done',
      output: 'out\nerr\n',
      error: null,
    });
  });

  it('that ends otherwise has failed, with the last that it said', async () => {
    const result = await shell('echo begun; echo "relation exists" >&2; exit 3');
    expect(result).toEqual({
      state: 'failed',
      output: 'begun\nrelation exists\n',
      error: 'exit code 3: relation exists',
    });
  });

  it('knows its window, and of the environment only what it is granted', async () => {
    vi.stubEnv('GRANTED', 'yes');
    vi.stubEnv('SECRET', 'no');
    const result = await node('console.log(JSON.stringify(process.env))');
    const { PATH, HOME, LANG, ...env } = JSON.parse(result!.output);
    expect(PATH).toBe(process.env.PATH);
    expect(env).toEqual({
      GRANTED: 'yes',
      SLACKWATER_WINDOW: 'win-1',
      SLACKWATER_APP: 'billing',
      SLACKWATER_RELEASE: 'new',
      SLACKWATER_PREVIOUS_RELEASE: 'old',
      SLACKWATER_HOOK: 'migrate',
      SLACKWATER_ATTEMPT: '1',
    });
  });

  it('that is not there has failed clearly', async () => {
    const result = await run(['no-such-program', '--now']);
    expect(result).toMatchObject({ state: 'failed', output: '' });
    // Not where it was looked for: a PATH may be a screen long.
    expect(result!.error).toBe(
      'there is no program "no-such-program" on the PATH of the server: give its path, or add its folder to that PATH',
    );
    expect((await run(['./no-such-program']))!.error).toBe(
      `there is no program "./no-such-program" on the server (working directory ${process.cwd()})`,
    );
  });

  it('that may not be run has failed clearly', async () => {
    const file = path.join(dir, 'program');
    writeFileSync(file, '#!/bin/sh\n');
    chmodSync(file, 0o644);
    expect(await run([file])).toMatchObject({
      state: 'failed',
      error: expect.stringContaining('may not be run on the server'),
    });
  });

  it('keeps at most the last 4 KiB, in whole characters', async () => {
    const result = await node("process.stdout.write('é'.repeat(50_000) + 'x' + 'end')");
    expect(result!.output).toMatch(/^é+xend$/);
    expect(Buffer.byteLength(result!.output)).toBe(4_096);
    const bytes = await node('process.stdout.write(Buffer.alloc(10_000, 0xff))');
    expect(Buffer.byteLength(bytes!.output)).toBeLessThanOrEqual(4_096);
  });

  it('that is given up is killed with all that it started, and lost', async () => {
    const giveUp = new AbortController();
    const file = path.join(dir, 'pids');
    const ending = shell(`sleep 300 & echo $! > ${file}; echo $$ >> ${file}; echo half; wait`, giveUp.signal);
    const all = await pids(file, 2);
    giveUp.abort(new GivenUp('timeout', 'it took longer than 1s'));
    expect(await ending).toEqual({
      state: 'lost',
      output: 'half\n',
      error: 'it took longer than 1s, and was killed',
    });
    await allDead(all);
  });

  it('is killed for good where it does not listen', async () => {
    const giveUp = new AbortController();
    const file = path.join(dir, 'pids');
    const ending = shell(
      `trap '' TERM; sh -c 'trap "" TERM; echo $$ >> ${file}; while :; do sleep 1; done' & echo $$ >> ${file}; wait; wait`,
      giveUp.signal,
    );
    const all = await pids(file, 2);
    giveUp.abort(new GivenUp('timeout', 'it took longer than 1s'));
    expect(await ending).toMatchObject({ state: 'lost' });
    await allDead(all);
  });

  it('leaves nothing running behind it', async () => {
    const result = await shell('sleep 300 & echo $!');
    expect(result).toMatchObject({ state: 'done' });
    await allDead([Number(result!.output)]);
  });

  it('that somebody else kills is lost', async () => {
    expect(await shell('kill -KILL $$')).toMatchObject({
      state: 'lost',
      error: 'it was killed from outside (SIGKILL)',
    });
  });
});

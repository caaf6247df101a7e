import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Run } from '../../src/model/run.js';
import type { Report, Window } from '../../src/model/window.js';
import type { Exit } from '../support/process-output.js';
import { runCli, spawnCli } from '../support/processes.js';
import { tempDir } from '../support/temp-dir.js';
import { type Product, startProduct } from './support/product.js';

/** `held` works until its gate opens and never reaches a checkpoint; `say` is done at once. */
const jobs = (marker: string) => `
import { existsSync } from 'node:fs';
import { defineJob } from 'slackwater';
import * as z from 'zod';
export const say = defineJob({
  name: 'say',
  payload: z.object({ text: z.string(), fail: z.boolean().optional() }),
  async run(ctx, { text, fail }) {
    ctx.log.info('about to speak');
    if (fail) throw new Error('lost my voice');
    return { text, marker: '${marker}' };
  },
});
export const moody = defineJob({
  name: 'moody',
  payload: z.object({ gate: z.string() }),
  async run(ctx, { gate }) {
    if (!existsSync(gate)) throw new Error('not yet');
  },
});
export const held = defineJob({
  name: 'held',
  payload: z.object({ gate: z.string() }),
  async run(ctx, { gate }) {
    ctx.log.info('the gate is shut');
    while (!existsSync(gate) && !ctx.signal.aborted) await new Promise(done => setTimeout(done, 10));
  },
});
`;

let product: Product;
let folder: string;
const cli = (...args: string[]): Promise<Exit> =>
  runCli(args, { cwd: folder, env: { SLACKWATER_URL: product.client.url } });
const save = (marker: string) => writeFileSync(join(folder, 'jobs', 'all.ts'), jobs(marker));

beforeAll(async () => {
  folder = tempDir('commands');
  mkdirSync(join(folder, 'jobs'));
  save('one');
  product = await startProduct({ workers: 1 });
  const { code, stdout, stderr } = await cli('deploy');
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(stdout).toContain('✓ completed');
});

describe('run', () => {
  test('prints the ID, and with --wait the result', async () => {
    const started = await cli('run', 'say', '--payload', '{"text":"hi"}');
    expect(started.stdout).toMatch(/^run-[0-9a-z]+\n$/);
    const waited = await cli('run', 'say', '--payload', '{"text":"hi"}', '--wait');
    expect(JSON.parse(waited.stdout)).toEqual({ text: 'hi', marker: 'one' });
    expect(waited.code).toBe(0);
  });

  test('reads its payload from a file or from stdin', async () => {
    writeFileSync(join(folder, 'payload.json'), '{"text":"from a file"}');
    const file = await cli('run', 'say', '--payload', '@payload.json', '--wait');
    expect(JSON.parse(file.stdout)).toMatchObject({ text: 'from a file' });
    const env = { SLACKWATER_URL: product.client.url };
    const stdin = await runCli(['run', 'say', '--payload', '-', '--wait'], {
      env,
      input: '{"text":"piped"}',
    });
    expect(JSON.parse(stdin.stdout)).toMatchObject({ text: 'piped' });
  });

  test('that fails: exit code 1, the reason on stderr, its log by its ID', async () => {
    const failed = await cli('run', 'say', '--payload', '{"text":"x","fail":true}', '--wait');
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('Error: lost my voice');
    const [id] = /run-[0-9a-z]+/.exec(failed.stderr)!;
    expect((await cli('runs', 'logs', id)).stdout).toContain('about to speak');
    const followed = await cli('runs', 'logs', id, '--follow');
    expect(JSON.parse(followed.stdout.trim().split('\n')[0]!)).toMatchObject({
      msg: 'about to speak',
      run: id,
    });
    expect(followed.code).toBe(0);
    expect((await cli('runs', 'show', id)).stdout).toMatch(/^say {2}failed/);
    expect((await cli('runs', 'ls', '--job', 'nobody')).stdout).toMatch(/^no run like this/);
  });

  test('that is waited for or followed is left by Ctrl-C: exit code 130, and it goes on', async () => {
    const gate = product.signal();
    const env = { SLACKWATER_URL: product.client.url };
    const waiting = spawnCli(['run', 'held', '--payload', JSON.stringify({ gate: gate.path }), '--wait'], {
      env,
    });
    const [, id = ''] = await waiting.line(/^run (run-\w+)/);
    const following = spawnCli(['runs', 'logs', id, '--follow'], { env });
    await following.line(/the gate is shut/);
    await waiting.line(/^running/);
    for (const each of [waiting, following]) each.kill('SIGINT');
    expect((await waiting.exit).code).toBe(130);
    expect((await following.exit).code).toBe(130);
    gate.open();
    await product.all([id], ['completed']);
  });

  test('with a payload that does not fit names the field; an unknown job its neighbour', async () => {
    const misfit = await cli('run', 'say', '--payload', '{"text":1}');
    expect(misfit.stderr).toContain('/payload/text');
    expect(misfit.code).toBe(2);
    const unknown = await cli('run', 'sya', '--payload', '{}');
    expect(unknown.stderr).toContain('did you mean say?');
    expect(unknown.code).toBe(1);
  });

  test('that outlasts --timeout: exit code 5, and it goes on; cancel ends it', async () => {
    const gate = join(folder, 'never');
    const late = await cli(
      'run',
      'held',
      '--payload',
      JSON.stringify({ gate }),
      '--wait',
      '--timeout',
      '300ms',
    );
    expect(late.code).toBe(5);
    const [id] = /run-[0-9a-z]+/.exec(late.stderr)!;
    const cancelled = await cli('runs', 'cancel', id);
    expect(cancelled.stdout).toMatch(/cancelling…\n$|cancelled\n$/);
    expect(cancelled.code).toBe(0);
    await product.all([id], ['cancelled']);
  });
});

describe('many that failed are tried again', () => {
  test('those that fit, and --dry-run only says which', async () => {
    const gate = product.signal();
    const ids = await product.enqueue('moody', Array(10).fill({ gate: gate.path }));
    const failed = await product.all(ids, ['failed']);
    const { items } = JSON.parse((await cli('window', 'ls', '--json')).stdout) as { items: Window[] };
    const which = ['--state', 'failed', '--job', 'moody', '--window', items[0]!.id];
    gate.open();
    const dry = await cli('runs', 'retry', ...which, '--dry-run', '--json');
    expect(JSON.parse(dry.stdout)).toMatchObject({ dryRun: true, items: Array(10).fill({ job: 'moody' }) });
    expect((await product.runs(ids)).map(run => run.state)).toEqual(failed.map(run => run.state));

    const some = await cli('runs', 'retry', ...which, '--release', failed[0]!.release!, '--limit', '3');
    expect(some.stderr).toBe(
      'there are more than 3 (--limit): these are the newest\nretrying 3 failed runs\n3 of 3 runs queued again\n',
    );
    expect(some.stdout.match(/^run-\w+ {2}moody/gm)).toHaveLength(3);
    expect((await cli('runs', 'retry', ...which)).stderr).toContain('7 of 7 runs queued again');
    await product.all(ids, ['completed']);
    const none = await cli('runs', 'retry', ...which, '--json');
    expect(none.code).toBe(1);
    expect(JSON.parse(none.stderr).error).toMatchObject({ code: 'not-found' });
  });

  test('but hooks and probes only by their window', async () => {
    const hook = { name: 'tell', when: 'after', job: { name: 'moody', payload: { gate: '/nowhere' } } };
    writeFileSync(join(folder, 'hooks.json'), JSON.stringify({ hooks: [hook] }));
    save('hooked');
    const deployed = await cli('deploy', '--hooks', 'hooks.json', '--json');
    const { window, outcome } = JSON.parse(deployed.stdout) as Report;
    expect(outcome).toBe('completed');
    const [run] = await product.all([`${window}-hook-tell-1`], ['failed']);

    const many = await cli('runs', 'retry', '--state', 'failed', '--job', 'moody');
    expect(many.code).toBe(1);
    expect(many.stderr).toContain('1 run passed over: hooks and probes, which only their window does again');
    const listed = await cli('runs', 'ls', '--state', 'failed', '--window', window, '--json');
    expect(JSON.parse(listed.stdout)).toMatchObject({ items: [] });
    const named = await cli('runs', 'retry', run!.id);
    expect(named.code).toBe(3);
    expect(named.stderr).toContain(`is part of window ${window}`);
    expect(await product.run(run!.id)).toEqual(run);
  });

  test('but those of whose effect nobody knows are left for a person', async () => {
    const { redis, keys } = product.store;
    const [id] = await product.enqueue('moody', [{ gate: '/nowhere' }]);
    const [run] = await product.all([id!], ['failed']);
    const park = JSON.stringify({ reason: 'unknown', choices: ['retry', 'skip', 'cancel'] });
    await redis.hset(keys.run(run!.queue, id!), 'outcome', 'parked', 'park', park);
    const { code, stderr } = await cli('runs', 'retry', '--state', 'parked', '--job', 'moody');
    expect(code).toBe(1);
    expect(stderr).toContain(`${id} is left for a person`);
    expect(stderr).toContain('there is no parked run like this to retry');
    expect((await product.run(id!)).state).toBe('parked');
  });
});

describe('deploy', () => {
  test('of what runs already succeeds and opens no window', async () => {
    const { code, stdout } = await cli('deploy', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ current: true, window: null });
  });

  test('aborted by its deadline: exit code 1, the run in the way named; forced: exit code 0', async () => {
    const gate = product.signal();
    const [id] = await product.enqueue('held', [{ gate: gate.path }]);
    await product.all([id!], ['running']);
    save('two');
    const aborted = await cli('deploy', '--drain-timeout', '200ms', '--json');
    expect(aborted.code).toBe(1);
    const report = JSON.parse(aborted.stdout) as Report;
    expect(report).toMatchObject({ outcome: 'aborted', blockers: [{ run: id, job: 'held' }] });
    expect(aborted.stderr).toMatch(/draining: /);

    const forced = await cli('deploy', '--drain-timeout', '200ms', '--on-timeout', 'force');
    expect(forced.stdout).toContain('✓ completed');
    expect(forced.code).toBe(0);
    gate.open();
    await product.all([id!], ['completed']);
  });

  test('left by Ctrl-C goes on and says how to come back; a second one meanwhile is a conflict', async () => {
    const gate = product.signal();
    const [id] = await product.enqueue('held', [{ gate: gate.path }]);
    await product.all([id!], ['running']);
    save('three');
    const env = { SLACKWATER_URL: product.client.url };
    const watching = spawnCli(['deploy'], { cwd: folder, env });
    await watching.line(/^draining: .*at a checkpoint/);
    watching.kill('SIGINT');
    const left = await watching.exit;
    expect(left.code).toBe(130);
    const [, window = ''] = /slackwater window watch (win-\w+)/.exec(left.stderr) ?? [];
    expect((await product.client.get<Window>(`/v1/windows/${window}`)).phase).toBe('draining');

    const second = await cli('deploy', '--detach');
    expect(second.code).toBe(3);
    expect(second.stderr).toContain(`window ${window} (draining) goes to`);
    const joined = spawnCli(['deploy', '--json'], { cwd: folder, env });
    await joined.line(/^window \S+ \(draining\) goes to \w+ already, and no other is opened/);
    expect((await cli('window', 'cancel', window)).code).toBe(3);
    const ended = spawnCli(['window', 'watch', window], { env });
    await ended.line(/^draining: .*at a checkpoint/);
    ended.kill('SIGTERM');
    expect((await ended.exit).code).toBe(143);

    gate.open();
    const watched = await cli('window', 'watch', window, '--json');
    expect(JSON.parse(watched.stdout)).toMatchObject({ window, outcome: 'completed' });
    expect(watched.code).toBe(0);
    const together = await joined.exit;
    expect(JSON.parse(together.stdout)).toMatchObject({ window, outcome: 'completed' });
    expect(together.code).toBe(0);
  });

  test('of what a window watches is no success before that is over', async () => {
    const { release: before } = (await product.client.list<{ release: string }>('/v1/jobs'))[0]!;
    save('watched');
    const opened = await cli('deploy', '--watch-for', '10m', '--detach');
    const window = opened.stdout.trim();
    await product.phase(window, 'watching');
    const { release } = await product.client.get<Window>(`/v1/windows/${window}`);
    const again = await cli('window', 'open', '--release', release);
    expect(again.code).toBe(3);
    expect(again.stderr).toContain(`window ${window} (watching) goes to it and is not over`);
    expect((await cli('release', 'push')).stderr).toContain(`slackwater window show ${window}`);
    const back = await cli('window', 'open', '--release', before);
    expect(back.stderr).toMatch(/takes this time: .*, end its watch .*, or abort it/);

    const env = { SLACKWATER_URL: product.client.url };
    const joined = spawnCli(['deploy'], { cwd: folder, env });
    await joined.line(/\(watching\) goes to/);
    expect((await cli('window', 'abort', window)).code).toBe(0);
    expect((await joined.exit).code).toBe(4);
  });

  test('of what a held window goes to ends as held, watched or not, until a person has decided', async () => {
    save('held');
    writeFileSync(
      join(folder, 'stuck.json'),
      JSON.stringify({
        hooks: [{ name: 'migrate', when: 'stopped', command: ['true'] }],
        probes: [{ name: 'works', command: ['false'] }],
      }),
    );
    const first = await cli('deploy', '--hooks', 'stuck.json', '--json');
    expect(first.code).toBe(6);
    const { window } = JSON.parse(first.stdout) as Report;
    const again = await cli('deploy');
    expect(again.code).toBe(6);
    expect(again.stdout).toContain(`slackwater window end ${window} --choice go-on`);
    const detached = await cli('deploy', '--detach', '--json');
    expect(detached.code).toBe(6);
    expect(JSON.parse(detached.stdout)).toMatchObject({ id: window, outcome: 'held' });
    expect((await cli('window', 'end', window, '--choice', 'go-on')).code).toBe(0);
    expect((await cli('window', 'watch', window)).code).toBe(0);
    const known = await cli('deploy', '--json');
    expect(JSON.parse(known.stdout)).toMatchObject({ current: true, window: null });
    expect(known.code).toBe(0);
  });
});

test('a window can be planned, declared for later, and cancelled', async () => {
  save('four');
  const { stdout } = await cli('release', 'push', '--json');
  const { id: release } = JSON.parse(stdout) as { id: string };
  expect((await cli('window', 'plan', '--release', release)).stdout).toContain('Nothing speaks against it.');
  const opened = await cli('window', 'open', '--release', release, '--at', '+1h', '--json');
  const { id, phase } = JSON.parse(opened.stdout) as Window;
  expect(phase).toBe('scheduled');
  const second = await cli('window', 'plan', '--release', release, '--at', '+70m');
  expect(second.stdout).toMatch(new RegExp(`✗ window ${id} .*\\n\\n  As it stands, it would be refused`));
  expect(second.code).toBe(1);
  const between = await cli('deploy', '--max-duration', '2h');
  expect(between.code).toBe(3);
  expect(between.stderr).toMatch(/takes this time: .*--max-duration 5\dm or less/);
  expect((await cli('window', 'extend', id, '--by', '5m')).code).toBe(0);
  expect((await cli('window', 'report', id)).code).toBe(1);
  const asked = await cli('window', 'cancel', id);
  expect(asked.stdout).toMatch(/^asked to cancel |^– cancelled /);
  expect(asked.code).toBe(0);
  expect((await cli('window', 'watch', id)).code).toBe(1);
  expect((await cli('window', 'ls')).stdout).toContain('– cancelled');
});

test('a hold stops intake, is told to whoever asks for a run, and is lifted', async () => {
  const added = await cli(
    'hold',
    'add',
    '--queues',
    'default',
    '--until',
    '5m',
    '--reason',
    'lunch',
    '--json',
  );
  const { id } = JSON.parse(added.stdout) as { id: string };
  const waiting = await cli('run', 'say', '--payload', '{"text":"later"}');
  expect(waiting.stderr).toMatch(/^waits: hold-\w+ \(lunch\), until/);
  expect((await cli('queues')).stdout).toContain('held: lunch');
  expect((await cli('hold', 'ls')).stdout).toContain(id);
  expect((await cli('hold', 'rm', id)).code).toBe(0);
  await product.all([waiting.stdout.trim()], ['completed']);
});

test('lists show tables, with --json the raw items', async () => {
  const { items } = JSON.parse((await cli('runs', 'ls', '--json', '--limit', '2')).stdout) as {
    items: Run[];
  };
  expect(items).toHaveLength(2);
  const cut = await cli('runs', 'ls', '--job', 'say', '--limit', '1');
  expect(cut.stdout).toMatch(/^RUN +JOB +STATE/);
  expect(cut.stderr).toContain('… and more (--limit 1)');
  expect((await cli('runs', 'ls', '--job', 'say')).stderr).toBe('');
  expect((await cli('hosts')).stdout).toMatch(/^HOST +MACHINE/);
  expect((await cli('release', 'ls')).stdout).toMatch(/^RELEASE +APP/);
});

test('doctor is content with a server and a host, and looks at Redis where REDIS_URL is given', async () => {
  const env = { SLACKWATER_URL: product.client.url, REDIS_URL: product.store.url };
  const { code, stdout } = await runCli(['doctor'], { env });
  expect(stdout).toMatch(/^ok {4}redis +version/m);
  expect(stdout).toMatch(/^ok {4}host /m);
  expect(code).toBe(0);
});

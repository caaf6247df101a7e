import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Hook, HookTime, Probe, TaskAction } from '../../src/model/task.js';
import type { Window } from '../../src/model/window.js';
import { createLease } from '../../src/store/lease.js';
import { openStore } from '../../src/store/redis.js';
import { getWindow, readReport, requestWindow } from '../../src/store/windows.js';
import { declareWindow } from '../../src/window/declare.js';
import { createEngine } from '../../src/window/engine.js';
import { LIMITS } from '../../src/window/facts.js';
import { redisControlPlane } from '../../src/window/redis-control-plane.js';
import { redisTaskRunner } from '../../src/window/tasks/redis-task-runner.js';
import type { WindowInput } from '../../src/window/window-input.js';
import { eventually } from '../support/eventually.js';
import { fakeHost } from '../support/fake-host.js';
import { onEnd } from '../support/lifetime.js';
import { isAlive } from '../support/process-tree.js';
import { useQueues } from '../support/queues.js';
import { makeCurrent, sampleRelease } from '../support/sample-releases.js';
import { type TestStore, useStore } from '../support/store.js';
import { tempDir } from '../support/temp-dir.js';

const [OLD, NEW] = ['a'.repeat(12), 'b'.repeat(12)];

let store: TestStore;
let dir: string;
beforeEach(async () => {
  store = useStore();
  dir = tempDir();
  await sampleRelease(store, 'a');
  await sampleRelease(store, 'b');
  await makeCurrent(store, { app: 'billing', id: OLD });
});

/** A server on a connection of its own. `die`: as a SIGKILL would, but for what it began. */
async function server(owner: string) {
  const own = openStore(store.options);
  onEnd(() => own.redis.disconnect());
  const queues = useQueues(own);
  const lease = createLease(own, { owner, ttlMs: 600 });
  const retention = { completedMs: 60_000, failedMs: 60_000 };
  const tasks = redisTaskRunner(own, queues, owner, { commands: true, env: [], retention });
  const engine = createEngine(redisControlPlane(own, queues), { lease, tasks, limits: LIMITS });
  onEnd(() => tasks.stop());
  onEnd(() => lease.stop());
  onEnd(() => engine.stop());
  await lease.start();
  await engine.start();
  return { engine, lease, tasks, die: () => own.redis.disconnect() };
}

const hook = (when: HookTime, action: TaskAction, change: Partial<Hook> = {}): Hook => ({
  name: when,
  when,
  timeoutMs: 30_000,
  attempts: 1,
  idempotent: false,
  ...action,
  ...change,
});
const probe = (action: TaskAction): Probe => ({ name: 'probe', timeoutMs: 30_000, ...action });
const shell = (script: string): TaskAction => ({ command: ['sh', '-c', script] });

const declare = (change: Partial<WindowInput>) =>
  declareWindow(store, {
    release: NEW,
    reason: 'test',
    createdBy: 'ops',
    drainTimeoutMs: 30_000,
    onDrainTimeout: 'abort',
    maxDurationMs: 60_000,
    ...change,
  });
const done = ({ id }: Window) =>
  eventually(async () => {
    const window = await getWindow(store, id);
    return window.phase === 'done' && window;
  });

/** A program that notes its PID and runs until it is let go. */
function waiting() {
  const [begun, go] = [path.join(dir, 'begun'), path.join(dir, 'go')];
  const pids = () => (existsSync(begun) ? readFileSync(begun, 'utf8').trim().split('\n').map(Number) : []);
  return {
    action: shell(`echo $$ >> ${begun}; while [ ! -e ${go} ]; do sleep 0.05; done; echo gone on`),
    pids,
    started: () => eventually(() => pids()[0], { timeout: 20_000 }),
    letGo: () => writeFileSync(go, ''),
  };
}

describe('a window with hooks and probes', () => {
  it('does each in its time, once, and keeps what they said', async () => {
    const calls: string[] = [];
    const http = createServer((request, response) => {
      calls.push(`${request.method} ${request.url} ${request.headers['idempotency-key']}`);
      response.end('healthy');
    });
    await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve));
    onEnd(() => http.close());
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    const order = path.join(dir, 'order');
    const note = (when: HookTime) => hook(when, shell(`echo ${when} >> ${order}; echo $SLACKWATER_HOOK`));
    await fakeHost(store, 'host-a', { runs: 2 });
    await server('srv-1');

    const window = await declare({
      hooks: [note('after'), note('stopped'), note('before'), note('undo')],
      probes: [probe({ http: { url: `${url}/health` } })],
    });
    expect(await done(window)).toMatchObject({ outcome: 'completed' });
    const report = await eventually(() => readReport(store, window.id));
    const said = Object.fromEntries(
      report.tasks.map(task => [task.name, [task.state, task.attempt, task.output]]),
    );
    expect(said).toEqual({
      before: ['done', 1, 'before\n'],
      stopped: ['done', 1, 'stopped\n'],
      after: ['done', 1, 'after\n'],
      undo: ['pending', 0, ''],
      probe: ['done', 1, 'healthy'],
    });
    expect(readFileSync(order, 'utf8')).toBe('before\nstopped\nafter\n');
    expect(calls).toEqual([`GET /health ${window.id}/probe:probe`]);
  });

  it('tries a hook again that failed, as often as it may', async () => {
    const tries = path.join(dir, 'tries');
    const action = shell(`echo $SLACKWATER_ATTEMPT >> ${tries}; [ $SLACKWATER_ATTEMPT = 3 ]`);
    await fakeHost(store, 'host-a');
    await server('srv-1');
    const window = await declare({ hooks: [hook('before', action, { attempts: 3 })] });
    expect(await done(window)).toMatchObject({
      outcome: 'completed',
      tasks: [{ state: 'done', attempt: 3 }],
    });
    expect(readFileSync(tries, 'utf8')).toBe('1\n2\n3\n');
  });

  it('goes back where a probe fails', async () => {
    await fakeHost(store, 'host-a', { runs: 2 });
    await server('srv-1');
    const window = await declare({ probes: [probe(shell('echo "no such table"; exit 1'))] });
    expect(await done(window)).toMatchObject({
      outcome: 'rolled-back',
      tasks: [{ state: 'failed', error: 'exit code 1: no such table' }],
    });
  });

  it('is refused where the program of a hook is not there: nothing was paused', async () => {
    await fakeHost(store, 'host-a');
    await server('srv-1');
    const window = await declare({ hooks: [hook('before', { command: ['no-such-program'] })] });
    const ended = await done(window);
    expect(ended).toMatchObject({ outcome: 'refused' });
    expect(ended.summary).toContain('there is no program "no-such-program"');
  });

  it('ends the program of a hook when it is cancelled meanwhile', async () => {
    const program = waiting();
    await fakeHost(store, 'host-a');
    await server('srv-1');
    const window = await declare({ hooks: [hook('before', program.action)] });
    const pid = await program.started();
    await requestWindow(store, window.id, { kind: 'cancel', by: 'ops' });
    expect(await done(window)).toMatchObject({ outcome: 'cancelled' });
    await eventually(() => !isAlive(pid));
  });
});

describe('a hook in its work when another server takes the lead', () => {
  it('goes on where it was begun, and its result is taken by the new leader', async () => {
    const program = waiting();
    await fakeHost(store, 'host-a');
    const first = await server('srv-1');
    const window = await declare({ hooks: [hook('stopped', program.action)] });
    await program.started();
    // Its engine has gone, its program and the signs of that go on.
    await first.engine.stop();
    await first.lease.stop();
    const second = await server('srv-2');
    await eventually(() => second.lease.held());
    program.letGo();
    expect(await done(window)).toMatchObject({
      outcome: 'completed',
      tasks: [{ state: 'done', attempt: 1, output: 'gone on\n' }],
    });
    expect(program.pids()).toHaveLength(1);
  });

  it('is held where the first one is gone without a word', async () => {
    const program = waiting();
    await fakeHost(store, 'host-a');
    const first = await server('srv-1');
    const window = await declare({ hooks: [hook('stopped', program.action)] });
    await program.started();
    first.die();
    await server('srv-2');
    const held = await done(window);
    expect(held).toMatchObject({
      outcome: 'held',
      held: { task: 'stopped', phase: 'swapping' },
      tasks: [
        {
          state: 'unknown',
          attempt: 1,
          error: expect.stringMatching(/^who did it is gone, and left no result/),
        },
      ],
    });
    program.letGo();
    expect(program.pids()).toHaveLength(1);
  });
});

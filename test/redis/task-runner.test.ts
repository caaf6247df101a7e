import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { TaskSign } from '../../src/model/task.js';
import type { Window } from '../../src/model/window.js';
import { readSigns } from '../../src/store/task-signs.js';
import type { SignBoard } from '../../src/window/tasks/begun-try.js';
import { redisTaskRunner, type TaskSettings } from '../../src/window/tasks/redis-task-runner.js';
import { TaskRunner } from '../../src/window/tasks/runner.js';
import { done, type Executor, GivenUp, lost } from '../../src/window/tasks/try.js';
import { eventually } from '../support/eventually.js';
import { onEnd } from '../support/lifetime.js';
import { isAlive } from '../support/process-tree.js';
import { useQueues } from '../support/queues.js';
import { windowWith } from '../support/sample-try.js';
import { type TestStore, useStore } from '../support/store.js';
import { tempDir } from '../support/temp-dir.js';
import { iso } from '../support/window-samples.js';

let store: TestStore;
let dir: string;
beforeEach(() => {
  store = useStore();
  dir = tempDir();
});

/** The runner of one server. It ends with the test. */
function server(owner: string, settings: Partial<TaskSettings> = {}): TaskRunner {
  const queues = useQueues(store);
  const retention = { completedMs: 60_000, failedMs: 60_000 };
  const runner = redisTaskRunner(store, queues, owner, { commands: true, env: [], retention, ...settings });
  onEnd(() => runner.stop());
  return runner;
}

/** What the engine does when it writes that the tries of this window begin. */
function write(runner: TaskRunner, window: Window): void {
  runner.about(window, { ...window, tasks: [] });
  runner.ensure(window);
}

const signOf = async (window: Window): Promise<TaskSign | null> =>
  Object.values(await readSigns(store, window))[0] ?? null;
const signIs = (window: Window, state: TaskSign['state']) =>
  eventually(
    async () => {
      const sign = await signOf(window);
      return sign?.state === state && sign;
    },
    { what: `a sign that says ${state}` },
  );
const keyOf = ({ id }: Window) => store.keys.taskSign(id, 'hook:migrate', 1);

/** A program that notes each of its beginnings and runs until it is let go. */
function waiting(change: Parameters<typeof windowWith>[1] = {}) {
  const [begun, go] = [path.join(dir, 'begun'), path.join(dir, 'go')];
  const script = `echo $$ >> ${begun}; while [ ! -e ${go} ]; do sleep 0.05; done; echo gone on`;
  const starts = () => (existsSync(begun) ? readFileSync(begun, 'utf8').trim().split('\n').map(Number) : []);
  return {
    window: windowWith({ command: ['sh', '-c', script] }, change),
    starts,
    started: () => eventually(() => starts().length > 0 && starts()[0]!),
    letGo: () => writeFileSync(go, ''),
  };
}

describe('a try that the engine has written', () => {
  it('works, and then its sign is its result', async () => {
    const { window, started, letGo } = waiting();
    expect(await signOf(window)).toBeNull();
    write(server('srv-1'), window);
    await started();
    expect(await signOf(window)).toEqual({ state: 'working' });
    letGo();
    expect(await signIs(window, 'done')).toEqual({ state: 'done', output: 'gone on\n', error: null });
    expect(await store.redis.pttl(keyOf(window))).toBeGreaterThan(3_600_000);
  });

  it('keeps its sign alive as long as it works', async () => {
    const { window, started, letGo } = waiting();
    write(server('srv-1'), window);
    await started();
    await store.redis.pexpire(keyOf(window), 2_500);
    await eventually(async () => (await store.redis.pttl(keyOf(window))) > 3_000);
    letGo();
    await signIs(window, 'done');
  });

  it('begins once, however often it is seen', async () => {
    const { window, started, starts, letGo } = waiting();
    const runner = server('srv-1');
    for (let i = 0; i < 5; i++) write(runner, window);
    await started();
    write(runner, window);
    letGo();
    await signIs(window, 'done');
    runner.ensure(window);
    write(runner, {
      ...window,
      tasks: window.tasks.map(task => ({ ...task, startedAt: iso(Date.now() + 1) })),
    });
    await runner.stop();
    expect(starts()).toHaveLength(1);
  });

  it('begins where the answer to the write was lost, as soon as it is seen written', async () => {
    const { window, started, letGo } = waiting();
    const runner = server('srv-1');
    runner.about(window, { ...window, tasks: [] });
    runner.ensure({ ...window, tasks: [] });
    runner.ensure(window);
    await started();
    letGo();
    await signIs(window, 'done');
  });

  it('is not begun by another engine, which sees its sign and its result', async () => {
    const { window, started, starts, letGo } = waiting();
    const [first, second] = [server('srv-1'), server('srv-2')];
    write(first, window);
    await started();
    // The second one has tried to write the same try, a moment earlier or later, and was refused.
    second.about(
      { ...window, tasks: window.tasks.map(task => ({ ...task, startedAt: iso(Date.now() - 60_000) })) },
      { ...window, tasks: [] },
    );
    second.ensure(window);
    expect(await signOf(window)).toEqual({ state: 'working' });
    letGo();
    await signIs(window, 'done');
    second.ensure(window);
    await second.stop();
    expect(starts()).toHaveLength(1);
  });

  it('is not begun where another process has signed it already', async () => {
    const { window, started, starts, letGo } = waiting();
    write(server('srv-1'), window);
    await started();
    const second = server('srv-2');
    write(second, window);
    await second.stop();
    expect(starts()).toHaveLength(1);
    expect(await signOf(window)).toEqual({ state: 'working' });
    letGo();
    await signIs(window, 'done');
  });

  it('has no sign any more once whoever did it is gone', async () => {
    const { window, started, letGo } = waiting();
    const runner = server('srv-1');
    write(runner, window);
    await started();
    letGo();
    await signIs(window, 'done');
    // As a killed server leaves it.
    await store.redis.set(keyOf(window), JSON.stringify({ state: 'working', by: 'srv-1' }), 'PX', 30);
    await eventually(async () => (await signOf(window)) === null);
  });

  it('is killed and lost when it takes too long; a probe has then failed', async () => {
    const slow = waiting({ timeoutMs: 2_000 });
    write(server('srv-1'), slow.window);
    const pid = await slow.started();
    expect(await signIs(slow.window, 'lost')).toMatchObject({
      error: expect.stringMatching(/^it took longer than .+, and was killed$/),
    });
    expect(isAlive(pid)).toBe(false);

    const probe = waiting({ timeoutMs: 2_000, kind: 'probe', id: 'win-2' });
    write(server('srv-1'), probe.window);
    expect(await signIs(probe.window, 'failed')).toMatchObject({
      error: expect.stringMatching(/^it took longer than .+, and was killed$/),
    });
  });

  it('is not run where commands are forbidden', async () => {
    const { window, starts } = waiting();
    write(server('srv-1', { commands: false }), window);
    expect(await signIs(window, 'failed')).toMatchObject({
      error: expect.stringContaining('window.commands'),
    });
    expect(starts()).toEqual([]);
  });

  it('of a window that is over is killed', async () => {
    const { window, started } = waiting();
    const runner = server('srv-1');
    write(runner, window);
    const pid = await started();
    runner.over(window);
    await eventually(() => !isAlive(pid));
    expect(await signIs(window, 'lost')).toMatchObject({ error: 'the window was over, and was killed' });
  });
});

describe('a server that stops', () => {
  it('lets a try end that is about to', async () => {
    const { window, started, letGo } = waiting();
    const runner = server('srv-1');
    write(runner, window);
    await started();
    const stopping = runner.stop();
    letGo();
    await stopping;
    expect(await signOf(window)).toMatchObject({ state: 'done' });
  });

  it('kills what does not end, and says that it is lost', async () => {
    const { window, started } = waiting();
    const runner = server('srv-1');
    write(runner, window);
    const pid = await started();
    await runner.stop();
    expect(isAlive(pid)).toBe(false);
    expect(await signOf(window)).toMatchObject({
      state: 'lost',
      error: 'the server that did it stopped, and was killed',
    });
  });

  it('begins nothing more', async () => {
    const { window, starts } = waiting();
    const runner = server('srv-1');
    await runner.stop();
    write(runner, window);
    expect(await signOf(window)).toBeNull();
    expect(starts()).toEqual([]);
  });
});

describe('with a Redis in trouble', () => {
  /** A board that refuses so many signs of each kind. */
  function board(refuse: Partial<Record<'begin' | 'tell', number>>) {
    const told: TaskSign[] = [];
    const left = { begin: 0, tell: 0, ...refuse };
    const signs: SignBoard = {
      async begin() {
        if (left.begin-- > 0) throw new Error('OOM');
        return true;
      },
      async renew() {},
      async tell(_, result) {
        if (left.tell-- > 0) throw new Error('READONLY');
        told.push(result);
      },
      now: async () => Date.now(),
    };
    return { signs, told };
  }

  const executor = (result: Executor): Record<'command' | 'http' | 'job', Executor> => ({
    command: result,
    http: result,
    job: result,
  });

  it('a try that cannot be signed is not begun', async () => {
    const { signs, told } = board({ begin: 1 });
    const begun: string[] = [];
    const runner = new TaskRunner({
      signs,
      executors: executor(async of => {
        begun.push(of.name);
        return done('');
      }),
    });
    write(runner, windowWith({ command: ['x'] }));
    await eventually(() => told.length > 0);
    expect(told).toMatchObject([{ state: 'unbegun', error: expect.stringContaining('OOM') }]);
    expect(begun).toEqual([]);
    await runner.stop();
  });

  it('a result is told until it is taken', async () => {
    const { signs, told } = board({ tell: 2 });
    const troubles: unknown[] = [];
    const runner = new TaskRunner({
      signs,
      executors: executor(async () => done('x')),
      onTrouble: error => troubles.push(error),
    });
    write(runner, windowWith({ command: ['x'] }));
    await eventually(() => told.length === 1);
    expect(troubles).toHaveLength(2);
    await runner.stop();
  });

  it('a result that Redis lost is told again', async () => {
    const { signs, told } = board({});
    let now = 0;
    const clock = { now: () => now, monotonic: () => now, after: () => () => {} };
    const runner = new TaskRunner({ signs, clock, executors: executor(async () => lost('x')) });
    const window = windowWith({ command: ['x'] });
    write(runner, window);
    await eventually(() => told.length === 1);
    runner.ensure(window);
    now += 6_000;
    await eventually(() => {
      runner.ensure(window);
      return told.length > 1;
    });
    expect(told).toEqual([lost('x'), lost('x')]);
    await runner.stop();
  });

  it('a run whose looks fail is looked at again until its time is over', async () => {
    const { signs, told } = board({});
    let looks = 0;
    const runner = new TaskRunner({
      signs,
      executors: executor(async (_, signal) => {
        if (++looks < 3) throw new Error('gone');
        return signal.aborted && signal.reason instanceof GivenUp ? lost('late') : done('seen');
      }),
    });
    runner.ensure(windowWith({ job: { name: 'invoice', payload: {} } }));
    await eventually(() => told.length === 1);
    expect(told).toEqual([done('seen')]);
    await runner.stop();
  });
});

import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Holder } from '../../src/store/lease.js';
import { type LeaseLoop, type LeaseLoopOptions, leaseLoop } from '../../src/store/lease-loop.js';
import { FakeClock } from '../../src/testing/fake-clock.js';
import { onEnd } from '../support/lifetime.js';

const HOLDER: Holder = { owner: 'srv-1', term: 7 };
const NEVER = Number.POSITIVE_INFINITY;

let clock: FakeClock;
let held: boolean;
/** Whoever hears of the lease, and of changes. */
let leaseChanged: Set<(held: boolean) => void>;
let changed: () => void;
let isWatching: boolean;
/** What happened, each with when. */
let acts: string[];

beforeEach(() => {
  clock = new FakeClock(0);
  held = true;
  leaseChanged = new Set();
  isWatching = false;
  acts = [];
});

const act = (what: string) => acts.push(`${what} at ${clock.monotonic()}`);
const turn = () => new Promise(setImmediate);

async function change(): Promise<void> {
  changed();
  await turn();
}

async function pass(ms: number): Promise<void> {
  for (let i = 0; i < ms; i++) {
    clock.advance(1);
    await turn();
  }
}

function makeLoop(options: Partial<LeaseLoopOptions> = {}): LeaseLoop {
  return leaseLoop({
    lease: {
      ...HOLDER,
      held: () => held,
      onChange(listener) {
        leaseChanged.add(listener);
        return () => leaseChanged.delete(listener);
      },
    },
    watch(onChange) {
      changed = onChange;
      return {
        async start() {
          isWatching = true;
        },
        async stop() {
          isWatching = false;
        },
      };
    },
    look: async () => {
      act('look');
      return NEVER;
    },
    clock,
    onTrouble: error => act((error as Error).message),
    ...options,
  });
}

async function started(options: Partial<LeaseLoopOptions> = {}): Promise<LeaseLoop> {
  const loop = makeLoop(options);
  await loop.start();
  await turn();
  return loop;
}

/** A look that takes until it is told to end. */
function slowLook() {
  const ends: (() => void)[] = [];
  const look = async () => {
    act('begins');
    await new Promise<void>(resolve => ends.push(resolve));
    act('ends');
    return NEVER;
  };
  const end = async () => {
    ends.shift()!();
    await turn();
  };
  return { look, end };
}

describe('it looks', () => {
  test('as it starts, when something changed, and once a second in any case', async () => {
    await started();
    await pass(300);
    await change();
    await pass(1_800);
    expect(acts).toEqual(['look at 0', 'look at 300', 'look at 1000', 'look at 2000']);
  });

  test('when the last look said so: what it said takes the place of what one before it did', async () => {
    const said = [400, 850, 40, NEVER, NEVER];
    await started({
      look: async () => {
        act('look');
        return said.shift()!;
      },
    });
    await pass(100);
    await change();
    await pass(999);
    expect(acts).toEqual(['look at 0', 'look at 100', 'look at 950', 'look at 990', 'look at 1000']);
  });

  test('when the lease becomes its own, as holder of this term, and not before', async () => {
    held = false;
    await started({
      look: async holder => {
        act(JSON.stringify(holder));
        return NEVER;
      },
    });
    await pass(1_500);
    expect(acts).toEqual([]);
    held = true;
    for (const listener of leaseChanged) listener(held);
    await turn();
    expect(acts).toEqual(['{"owner":"srv-1","term":7} at 1500']);
  });

  test('once, though it was started twice', async () => {
    const loop = await started();
    await loop.start();
    await pass(1_000);
    expect(acts).toEqual(['look at 0', 'look at 1000']);
  });
});

test('never two looks at a time: whatever calls for one during another gets one after it', async () => {
  const { look, end } = slowLook();
  await started({ look });
  await change();
  await pass(1_500);
  await change();
  expect(acts).toEqual(['begins at 0']);
  await end();
  expect(acts).toEqual(['begins at 0', 'ends at 1500', 'begins at 1500']);
  await end();
  expect(acts.slice(3)).toEqual(['ends at 1500']);
});

test('it sweeps once a second before the look of that second, whoever holds the lease, and whether or not it could', async () => {
  held = false;
  let fails = true;
  await started({
    sweep: async () => {
      act('sweep');
      if (fails) throw new Error('Redis refused');
    },
  });
  await pass(1_000);
  [held, fails] = [true, false];
  await pass(1_000);
  expect(acts).toEqual(['sweep at 1000', 'Redis refused at 1000', 'sweep at 2000', 'look at 2000']);
});

test('a look that fails is told, and the next one comes: when it is called for, or with the net', async () => {
  let count = 0;
  await started({
    look: async () => {
      throw new Error(`failure ${++count}`);
    },
  });
  await change();
  await pass(1_000);
  expect(acts).toEqual(['failure 1 at 0', 'failure 2 at 0', 'failure 3 at 1000']);
});

test('an act that is attempted within a look fails alone', async () => {
  const loop = makeLoop({
    look: async () => {
      await loop.attempt(() => Promise.reject(new Error('one of many')));
      act('the others');
      return NEVER;
    },
  });
  await loop.start();
  await turn();
  expect(acts).toEqual(['one of many at 0', 'the others at 0']);
});

describe('stopped, it', () => {
  test('looks no more, and listens to nothing', async () => {
    const loop = await started({
      look: async () => {
        act('look');
        return 10;
      },
    });
    expect([isWatching, leaseChanged.size, loop.running]).toEqual([true, 1, true]);
    await loop.stop();
    expect([isWatching, leaseChanged.size, loop.running]).toEqual([false, 0, false]);
    expect(clock.jump()).toBe(false);
    await change();
    expect(acts).toEqual(['look at 0']);
  });

  test('waits for the look that is under way, which may see that it shall end, and whose failure is nobody’s business', async () => {
    const { look, end } = slowLook();
    const loop = await started({
      look: async () => {
        await look();
        act(`running: ${loop.running},`);
        throw new Error('the connection is closed');
      },
    });
    let isStopped = false;
    const stopped = loop.stop().then(() => {
      isStopped = true;
    });
    await pass(100);
    expect(isStopped).toBe(false);
    await end();
    await stopped;
    expect(acts).toEqual(['begins at 0', 'ends at 100', 'running: false, at 100']);
  });

  test('plans nothing more, in a look and in a sweep that are under way', async () => {
    const { look, end } = slowLook();
    const sweep = slowLook();
    const loop = await started({
      look: () => look().then(() => 10),
      sweep: () => sweep.look().then(() => {}),
    });
    await change();
    await pass(1_000);
    const stopped = loop.stop();
    await end();
    await stopped;
    await sweep.end();
    expect(acts).toEqual(['begins at 0', 'begins at 1000', 'ends at 1000', 'ends at 1000']);
    expect(clock.jump()).toBe(false);
  });

  test('waits two seconds and no longer for one that hangs', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onEnd(() => vi.useRealTimers());
    const { look } = slowLook();
    const loop = await started({ look });
    let isStopped = false;
    const stopped = loop.stop().then(() => {
      isStopped = true;
    });
    await vi.advanceTimersByTimeAsync(1_999);
    expect(isStopped).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await stopped;
  });

  test('can be started again', async () => {
    const loop = await started();
    await loop.stop();
    await change();
    await pass(100);
    await loop.start();
    await pass(1_000);
    expect(acts).toEqual(['look at 0', 'look at 100', 'look at 1100']);
  });
});

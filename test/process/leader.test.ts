import { describe, expect, test } from 'vitest';
import { createClient } from '../../src/cli/client.js';
import type { EventRecord } from '../../src/model/event.js';
import type { Outcome, Phase, Window } from '../../src/model/window.js';
import { readEvents } from '../../src/store/events.js';
import { listHolds } from '../../src/store/holds.js';
import { readIntent } from '../../src/store/intents.js';
import { countEnds } from '../../src/store/run-records.js';
import { getWindow } from '../../src/store/windows.js';
import { eventually } from '../support/eventually.js';
import { fakeHost } from '../support/fake-host.js';
import { spawnCli } from '../support/processes.js';
import { makeCurrent, sampleRelease } from '../support/sample-releases.js';
import { type TestStore, useStore } from '../support/store.js';
import { tempDir } from '../support/temp-dir.js';

const command = [process.execPath, '-e', ''];
const probes = [{ name: 'works', command }];
const watch = { duration: '1500ms', minRuns: 20, maxFailureRate: 0.2 };
const hook = (when: string) => ({ name: when, when, command, idempotent: true, timeout: '10s' });
const hooks = [hook('before'), hook('stopped'), hook('after'), hook('undo')];

interface Story {
  fields: Record<string, unknown>;
  /** Runs fail on the new release as soon as it gets any. */
  bad?: boolean;
  /** The leader is struck once in each of them; `back`: after the window has turned round. */
  at: (Phase | `${Phase} back`)[];
  outcome: Outcome;
}

const STORIES: Record<string, Story> = {
  'a window': {
    fields: { hooks, probes, watch },
    at: ['scheduled', 'preparing', 'draining', 'swapping', 'verifying', 'resuming', 'watching'],
    outcome: 'completed',
  },
  'a window that goes back': {
    fields: { hooks, watch: { ...watch, duration: '20s' } },
    bad: true,
    at: ['watching', 'draining back', 'swapping back', 'resuming back'],
    outcome: 'rolled-back',
  },
  'a window whose probe fails': {
    fields: { hooks, probes: [{ name: 'works', command: [process.execPath, '-e', 'process.exit(1)'] }] },
    at: ['verifying', 'swapping back', 'resuming back'],
    outcome: 'rolled-back',
  },
  'a rolling window': {
    fields: { strategy: 'rolling', probes, watch },
    at: ['scheduled', 'preparing', 'verifying', 'swapping', 'resuming', 'watching'],
    outcome: 'completed',
  },
  'a rolling window that goes back': {
    fields: { strategy: 'rolling', rolling: { pause: '20s' }, watch },
    bad: true,
    at: ['swapping', 'swapping back'],
    outcome: 'rolled-back',
  },
  'a canary': {
    fields: { strategy: 'canary', canary: { steps: [0.5], step: '300ms' }, watch: { ...watch, minRuns: 0 } },
    at: ['preparing', 'swapping', 'watching'],
    outcome: 'completed',
  },
  'a canary that goes back': {
    fields: { strategy: 'canary', canary: { steps: [0.5], step: '20s' }, watch },
    bad: true,
    at: ['swapping', 'swapping back'],
    outcome: 'rolled-back',
  },
};

type Signal = 'SIGKILL' | 'SIGSTOP';

describe('the leading server is struck at every step, and another one finishes the window', () => {
  for (const [name, story] of Object.entries(STORIES)) {
    for (const at of story.at) {
      for (const signal of ['SIGKILL', 'SIGSTOP'] satisfies Signal[]) {
        test(`${signal} while ${name} is ${at}: it ends as ${story.outcome}`, () =>
          struck(story, at, signal));
      }
    }
  }

  async function struck(story: Story, at: Story['at'][number], signal: Signal): Promise<void> {
    const store = useStore();
    const serve = async () => {
      const server = spawnCli(['serve', '--port', '0'], {
        env: { ...store.env, SLACKWATER_DATA: tempDir('leader') },
      });
      const [, url] = await server.line(/^ready (http:\S+)$/);
      return { server, client: createClient({ url: url! }) };
    };
    const [leader, old, release] = await Promise.all([
      serve(),
      sampleRelease(store, 'a'),
      sampleRelease(store, 'b'),
    ]);
    await makeCurrent(store, { app: 'billing', id: old });

    let window: Window | null = null;
    let declared = false;
    let struck = false;
    const isThere = ({ phase, rollback }: Window) => at === `${phase}${rollback ? ' back' : ''}`;
    // Where the window is to be struck hosts keep it waiting until it was.
    const mayLook = async () =>
      struck || !declared || (window !== null && !isThere(await getWindow(store, window.id)));
    const [follower, ...hosts] = await Promise.all([
      serve(),
      ...['h1', 'h2'].map(id => fakeHost(store, id, { runs: 3, mayLook })),
    ]);
    const startsAt = at === 'scheduled' ? { startsAt: new Date(Date.now() + 1_500).toISOString() } : {};
    declared = true;
    window = await leader.client.post<Window>('/v1/windows', {
      release,
      reason: 'a test',
      ...startsAt,
      ...story.fields,
    });
    const { id } = window;
    const ruin = story.bad ? ruined(store, id, release) : null;
    const stepReached = async () => isThere(await getWindow(store, id));
    await eventually(stepReached, { timeout: 60_000, every: 5, what: `${at} of ${id}` });

    leader.server.kill(signal);
    struck = true;
    const whenDone = async () => {
      await Promise.all(hosts.map(host => host.look()));
      const seen = await getWindow(store, id);
      if (seen.phase === 'done') return seen;
      throw new Error(
        JSON.stringify({ phases: seen.phases, moved: seen.moved, tasks: seen.tasks, hosts: seen.hosts }),
      );
    };
    const done = await eventually(whenDone, { timeout: 60_000, every: 100, what: `the end of ${id}` });
    await ruin;
    if (signal === 'SIGSTOP') leader.server.kill('SIGCONT');

    expect({ outcome: done.outcome, summary: done.summary }).toMatchObject({ outcome: story.outcome });
    expect(await follower.client.get<Window>(`/v1/windows/${id}`)).toEqual(done);
    expect(await readIntent(store, 'billing')).toMatchObject({
      release: story.outcome === 'completed' ? release : old,
      gate: 'open',
      drain: false,
      window: null,
      moved: [],
      share: 0,
    });
    expect(await listHolds(store)).toEqual([]);
    expect(done.tasks.filter(({ state }) => state === 'unknown')).toEqual([]);
    const told = (await readEvents(store, { window: id })).filter(isPhase);
    expect(told.map(({ phase }) => phase)).toEqual(done.phases.slice(1).map(({ phase }) => phase));
  }
});

/** Half of what ends on this release fails, from the moment that it gets runs. */
async function ruined(store: TestStore, id: string, release: string): Promise<void> {
  const hasRuns = async () => {
    const { phase, moved, share } = await getWindow(store, id);
    return phase === 'watching' || moved.length > 0 || share > 0;
  };
  await eventually(hasRuns, { timeout: 60_000 });
  await countEnds(store, 'billing', release, { completed: 20, failed: 20, crashes: 0, parked: 0 });
}

const isPhase = ({ type, phase }: EventRecord): boolean =>
  type === 'window.phase' && phase !== undefined && phase !== 'scheduled';

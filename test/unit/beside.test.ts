import { expect, test } from 'vitest';
import { Beside } from '../../src/host/beside.js';
import type { LocalRelease } from '../../src/host/local-release.js';
import type { Intent } from '../../src/model/intent.js';
import type { TroubleWatch } from '../../src/store/trouble-watch.js';
import { sampleJob } from '../support/sample-releases.js';

const local = (release: string, ...jobs: string[]): LocalRelease => ({
  release,
  entry: '',
  jobs: jobs.map(name => ({ ...sampleJob, name })),
  workflows: [],
});
const old = local('old', 'kept', 'gone');
const next = local('next', 'kept', 'come');
const idle = { release: 'old', standby: null, moved: [] as string[], share: 0, proofRound: 0 };

function besideOf(standby: LocalRelease | null) {
  const fetched: string[] = [];
  const beside = new Beside({
    host: 'me',
    trouble: { failed() {} } as unknown as TroubleWatch,
    fetch: async release => {
      fetched.push(release);
      return release === 'old' ? old : next;
    },
    standby: () => standby,
  });
  const of = (intent: Partial<Intent>) => {
    const other = beside.of({ ...idle, ...intent } as Intent);
    return other && [other.release, ...['kept', 'gone', 'come'].filter(name => other.has('job', name))];
  };
  return { beside, of, fetched };
}

test('between windows, and while a new release is watched, nothing else has to go on with what begins', () => {
  const { beside, of } = besideOf(old);
  expect(of({})).toBeNull();
  beside.ran(old);
  expect(of({ release: 'next', standby: 'old' })).toBeNull();
});

test('the next release has to, from the moment it is being loaded: what begins later than its proof was never proven', () => {
  expect(besideOf(null).of({ standby: 'next' })).toBeNull();
  expect(besideOf(next).of({ standby: 'next' })).toEqual(['next', 'kept', 'come']);
  const again = besideOf(next);
  again.beside.ran(next);
  expect(again.of({ standby: 'next', proofRound: 1 })).toEqual(['next', 'kept', 'come']);
});

test('side by side each host looks at the release of the others, and one that does not know it lets nothing begin until it does', async () => {
  const sharing = { standby: 'next', moved: ['me'] };
  const gone = besideOf(null);
  gone.beside.ran(old);
  expect(gone.of(sharing)).toEqual(['old', 'kept', 'gone']);
  expect(besideOf(next).of({ ...sharing, moved: ['another'] })).toEqual(['next', 'kept', 'come']);
  expect(besideOf(null).of({ standby: 'next', share: 0.1 })).toEqual(['next']);
  const started = besideOf(null);
  expect(started.of(sharing)).toEqual(['old']);
  expect(started.of(sharing)).toEqual(['old']);
  expect(started.fetched).toEqual(['old']);
  await new Promise(resolve => setImmediate(resolve));
  expect(started.of(sharing)).toEqual(['old', 'kept', 'gone']);
});

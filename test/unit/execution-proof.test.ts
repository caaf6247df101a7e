import { defineJob } from 'slackwater';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { prove } from '../../src/execution/proof.js';
import { decodeState, encodeState } from '../../src/model/state-codec.js';

const run = () => null;
const one = defineJob({
  name: 'a',
  checkpoint: { version: 1, schema: z.strictObject({ offset: z.int() }) },
  run,
});
const two = defineJob({
  name: 'a',
  checkpoint: {
    version: 2,
    schema: z.object({ line: z.int(), by: z.record(z.string(), z.int()).default({}) }),
    upgrade: { 1: old => ({ line: old.offset }) },
    downgrade: { 2: now => ({ offset: now.line }) },
  },
  run,
});
const item = (state: unknown, version: number | null, more: object = {}) =>
  ({ job: 'a', version, state: encodeState(state), to: 'up', ...more }) as const;

describe('prove', () => {
  it('accepts a state of this version, and an older one after its upgrade', () => {
    expect(prove(two, item({ line: 1 }, 2))).toEqual({ ok: true });
    expect(prove(two, item({ offset: 1 }, 1))).toEqual({ ok: true });
  });

  it('brings a state back down for the old code, which accepts it', () => {
    const up = prove(two, item({ offset: 7 }, 1, { downTo: 1 }));
    expect(up).toMatchObject({ ok: true });
    const { down } = up as { down: string };
    expect(decodeState(down)).toEqual({ offset: 7 });
    expect(prove(one, { job: 'a', version: 1, state: down, to: 'same' })).toEqual({ ok: true });
  });

  it('needs no way down where the versions are equal', () => {
    expect(prove(two, item({ line: 1 }, 2, { downTo: 2 }))).toEqual({ ok: true });
  });

  it('tells where there is no way down', () => {
    const oneWay = defineJob({
      name: 'a',
      checkpoint: {
        version: 2,
        schema: z.object({ line: z.int() }),
        upgrade: { 1: old => ({ line: old.offset }) },
      },
      run,
    });
    expect(prove(oneWay, item({ offset: 1 }, 1, { downTo: 1 }))).toEqual({ ok: true, noWayDown: true });
  });

  it('brings a state of its own down for an older release, and says where there is no way', () => {
    const down = prove(two, item({ line: 7 }, 2, { to: 'down', downTo: 1 }));
    expect(decodeState((down as { down: string }).down)).toEqual({ offset: 7 });
    const { downgrade: _, ...oneWay } = two.checkpoint!;
    const without = { ...two, checkpoint: { ...oneWay, downgrade: {} } };
    expect(prove(without, item({ line: 7 }, 2, { to: 'down', downTo: 1 }))).toEqual({
      ok: true,
      noWayDown: true,
    });
  });

  it('accepts cursors alone wherever the job exists', () => {
    expect(prove(one, { job: 'a', version: null, state: null, to: 'up' })).toEqual({ ok: true });
    expect(prove(undefined, { job: 'a', version: null, state: null, to: 'up' })).toMatchObject({ ok: false });
  });

  it.each([
    [
      'a job that is gone',
      undefined,
      item({}, 1),
      { from: 1, to: null, direction: 'up', path: '', message: 'job a is not in the new release' },
    ],
    [
      'a later version',
      one,
      item({}, 3),
      { from: 3, to: 1, message: 'was saved by version 3, this code reads version 1' },
    ],
    [
      'a later version than a chain reads',
      two,
      item({}, 3),
      { message: 'was saved by version 3, this code reads 1–2' },
    ],
    [
      'a job without checkpoint',
      defineJob({ name: 'a', run }),
      item({}, 1),
      { to: null, message: expect.stringContaining('declares no checkpoint') },
    ],
    [
      'a state that does not fit',
      two,
      item({ line: 1, by: { JFK: 'x' } }, 2),
      { from: 2, to: 2, path: '/by/JFK' },
    ],
    ['an upgraded state that does not fit', two, item({ at: 1 }, 1), { from: 1, to: 2, path: '/line' }],
    ['damaged text', two, { ...item({}, 2), state: '!' }, { message: expect.stringContaining('damaged') }],
    [
      'a version that the old code does not write',
      two,
      { ...item({}, 1), to: 'same' as const },
      { direction: 'down', message: expect.stringContaining('this code writes version 2') },
    ],
    [
      'a state that its own release does not accept any more',
      two,
      item({ line: 'x' }, 2, { to: 'down', downTo: 1 }),
      { direction: 'down', path: '/line', message: expect.stringContaining('release that wrote it') },
    ],
    [
      'a downgraded state that the old code refuses',
      one,
      { ...item({ offset: 'x' }, 1), to: 'same' as const },
      { direction: 'down', path: '/offset' },
    ],
  ])('refuses %s, naming versions and path', (_, job, proof, failure) => {
    expect(prove(job, proof)).toEqual({ ok: false, failure: expect.objectContaining(failure) });
  });

  it.each([
    [
      'upgrade',
      'up',
      {
        upgrade: {
          1: () => {
            throw new Error('boom');
          },
        },
      },
      'upgrade from version 1 to 2 failed: boom',
    ],
    ['asynchronous upgrade', 'up', { upgrade: { 1: async () => ({ n: 1 }) } }, 'returned a promise'],
    [
      'downgrade',
      'down',
      {
        upgrade: { 1: () => ({ n: 1 }) },
        downgrade: {
          2: () => {
            throw new Error('boom');
          },
        },
      },
      'downgrade from version 2 to 1 failed: boom',
    ],
    [
      'downgrade to what cannot be kept',
      'down',
      { upgrade: { 1: () => ({ n: 1 }) }, downgrade: { 2: () => ({ fn: run }) } },
      '(/fn) is a function',
    ],
  ])('refuses a failing %s', (_, direction, migrations, message) => {
    const job = defineJob({
      name: 'a',
      checkpoint: { version: 2, schema: z.object({ n: z.int() }), ...migrations } as never,
      run,
    });
    expect(prove(job, item({}, 1, { downTo: 1 }))).toEqual({
      ok: false,
      failure: expect.objectContaining({ direction, message: expect.stringContaining(message) }),
    });
  });

  it('says so where a schema wants to wait', () => {
    const job = defineJob({
      name: 'a',
      checkpoint: { version: 1, schema: z.object({}).refine(async () => true) },
      run,
    });
    expect(prove(job, item({}, 1))).toMatchObject({
      ok: false,
      failure: { message: expect.stringContaining('the schema itself failed') },
    });
  });
});

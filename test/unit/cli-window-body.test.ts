import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { share, shares } from '../../src/cli/arguments.js';
import { inOurWords } from '../../src/cli/in-our-words.js';
import { readTasks } from '../../src/cli/read-tasks.js';
import { windowBody } from '../../src/cli/window-body.js';
import { tempDir } from '../support/temp-dir.js';

function fileOf(text: string): string {
  const file = join(tempDir('hooks'), 'hooks.yaml');
  writeFileSync(file, text);
  return file;
}

describe('the options of a window', () => {
  test('what was not said is left to the server', () => {
    expect(JSON.parse(JSON.stringify(windowBody({ reason: 'x' })))).toEqual({ reason: 'x' });
  });

  test('become the fields of the request', () => {
    const file = fileOf('probes: [{ name: ready, http: { url: "http://x/" } }]\nwatch: { maxCrashes: 1 }');
    const body = windowBody({
      reason: 'x',
      strategy: 'rolling',
      batch: 2,
      pause: '10s',
      announce: '15m',
      requireApproval: true,
      hooks: file,
      watchFor: '5m',
      watchMaxFailures: 0.1,
    });
    expect(JSON.parse(JSON.stringify(body))).toEqual({
      reason: 'x',
      strategy: 'rolling',
      rolling: { batch: 2, pause: '10s' },
      announce: '15m',
      requiresApproval: true,
      probes: [{ name: 'ready', http: { url: 'http://x/' } }],
      watch: { maxCrashes: 1, duration: '5m', maxFailureRate: 0.1 },
    });
  });

  test('a watch that is none is left for the server to refuse', () => {
    expect(windowBody({ reason: 'x', hooks: fileOf('watch: true'), watchFor: '5m' }).watch).toBe(true);
  });

  test('shares are told in per cent or as a part', () => {
    expect(shares('1%, 0.1,50%,100%')).toEqual([0.01, 0.1, 0.5, 1]);
    for (const text of ['', 'ten', '101%', '1.5', '-1%']) expect(() => share(text)).toThrow(/10% or 0\.1/);
  });
});

describe('a file of hooks', () => {
  test('is YAML or JSON', () => {
    const hooks = [{ name: 'a', when: 'before', command: ['true'] }];
    expect(readTasks(fileOf(JSON.stringify({ hooks })))).toEqual({ hooks });
    expect(readTasks(fileOf('hooks:\n  - { name: a, when: before, command: ["true"] }'))).toEqual({ hooks });
  });

  test.each([
    ['hooks: [', /neither JSON nor YAML/],
    ['- name: a', /holds no named parts/],
    ['', /holds no named parts/],
    ['hook: []', /has hook: --hooks takes hooks, probes, watch/],
  ])('%j is refused with what it takes', (text, says) => {
    const file = fileOf(text);
    expect(() => readTasks(file)).toThrow(says);
    expect(() => readTasks(file)).toThrow(file);
  });
});

test('what the server says of fields is told of the options', () => {
  expect(
    inOurWords('/rolling is for strategy rolling, and this one is window: set "strategy" to "rolling"'),
  ).toBe('--batch or --pause is for strategy rolling, and this one is window: set --strategy to "rolling"');
  expect(inOurWords('/watch/duration does not fit: give maxDuration more')).toBe(
    '--watch-for does not fit: give --max-duration more',
  );
  expect(inOurWords('/canary/steps/1 must be more than 10%')).toBe('--steps/1 must be more than 10%');
});

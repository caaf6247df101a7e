import { expect, test } from 'vitest';
import { createStyle } from '../../src/cli/show/style.js';
import { windowLines } from '../../src/cli/show/window.js';
import type { HostStatus } from '../../src/model/intent.js';
import type { Phase, Window } from '../../src/model/window.js';
import { factsOf, LIMITS } from '../../src/window/facts.js';
import { progressOf } from '../../src/window/progress.js';
import { iso, sampleHost, sampleIntent, T0, windowIn } from '../support/window-samples.js';

const seenAt = (id: string, at: number): HostStatus => ({ ...sampleHost(id), seenAt: iso(at) });

/** @returns the window after a look, and whom it misses for the first time. */
function look(window: Window, hosts: HostStatus[], at: number) {
  const facts = factsOf(window, { intent: sampleIntent(), hosts, busy: null }, at, LIMITS);
  return { window: progressOf(facts), vanished: facts.vanished };
}
const phases = ({ hosts }: Window) => Object.fromEntries(hosts.map(({ id, phase }) => [id, phase]));

test.each<Phase>(['draining', 'resuming', 'watching'])(
  'a host that dies while a window is %s is told as silent, to its end',
  phase => {
    const at = T0 + 60_000;
    const begun = look(windowIn(phase), [seenAt('a', at), seenAt('b', at)], at).window;
    expect(phases(begun).b).toBe(phases(begun).a);

    const silent = look(begun, [seenAt('a', at + 6_000), seenAt('b', at)], at + 6_000);
    expect(phases(silent.window).b).toBe('silent');
    expect(silent.vanished).toEqual([]);

    const gone = look(silent.window, [seenAt('a', at + 12_000)], at + 12_000);
    expect(phases(gone.window)).toMatchObject({ a: phases(begun).a, b: 'fell-silent' });
    expect(gone.vanished).toEqual(['b']);

    const later = look(gone.window, [seenAt('a', at + 13_000)], at + 13_000);
    expect(later.window.hosts).toEqual(gone.window.hosts);
    expect(later.vanished).toEqual([]);
    const done: Window = { ...later.window, phase: 'done', outcome: 'completed' };
    expect(windowLines(done, at, createStyle(false)).join('\n')).toMatch(/hosts +b fell silent/);
  },
);

test('a host that left without having been silent is not told of while runs come to their stop', () => {
  const begun = look(windowIn('draining'), [sampleHost('a'), sampleHost('b')], T0).window;
  expect(phases(look(begun, [sampleHost('a')], T0).window)).not.toHaveProperty('b');
});

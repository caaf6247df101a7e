import { expect, test } from 'vitest';
import { LastWords } from '../../src/window/last-words.js';
import { sampleHost, sampleTally, sampleWindow } from '../support/window-samples.js';

test('what a host last said of its runs is kept when it is gone, until the window is over', () => {
  const words = new LastWords();
  const window = sampleWindow();
  const tally = sampleTally({ inFlight: 9, finished: 2 });
  const hosts = [
    sampleHost('computes', { gate: 'open', running: 4, resuming: 1 }),
    sampleHost('has stopped', { gate: 'closed', running: 3, tally }),
    sampleHost('leaves', { gate: 'closed', tally }, { leaving: true }),
    sampleHost('knows nothing of it', null),
  ];
  const all = { computes: 5, 'has stopped': 7, leaves: 0, 'knows nothing of it': 0 };
  expect(words.heed(window, hosts)).toEqual(all);
  expect(words.heed(window, [sampleHost('computes', { gate: 'open', running: 1 })])).toEqual({
    ...all,
    computes: 1,
  });
  words.forget(window);
  expect(words.heed(window, [])).toEqual({});
});

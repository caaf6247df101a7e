import { expect, test } from 'vitest';
import { createKeys } from '../../src/store/keys.js';

test('two Slackwaters on one Redis that share the prefix of the queues do not share workflow runs that are due', () => {
  expect(createKeys('one').agenda('app')).not.toBe(createKeys('two').agenda('app'));
});

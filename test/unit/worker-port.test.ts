import { expect, test } from 'vitest';
import type { ToHost } from '../../src/model/messages.js';
import { createPort } from '../../src/worker/port.js';

const turn = () => new Promise(resolve => setImmediate(resolve));

function portOf() {
  const sent: ToHost[] = [];
  return {
    sent,
    port: createPort(
      7,
      message => sent.push(message),
      () => undefined,
    ),
  };
}

test('the lines that a run logs in one turn go out as one message', async () => {
  const { sent, port } = portOf();
  port.log('a');
  port.log('b');
  await turn();
  port.log('c');
  await turn();
  expect(sent).toEqual([
    { t: 'log', claim: 7, lines: ['a', 'b'] },
    { t: 'log', claim: 7, lines: ['c'] },
  ]);
});

test('the last lines go out before the end is told', () => {
  const { sent, port } = portOf();
  port.log('last');
  port.flush();
  expect(sent).toEqual([{ t: 'log', claim: 7, lines: ['last'] }]);
});

test('a loop that logs without pause is cut short, and that is said', async () => {
  const { sent, port } = portOf();
  for (let i = 0; i < 10_000; i++) port.log('x'.repeat(100_000));
  await turn();
  const [message] = sent as Extract<ToHost, { t: 'log' }>[];
  expect(message!.lines).toHaveLength(501);
  expect(message!.lines[0]).toHaveLength(8_192);
  expect(message!.lines.at(-1)).toMatch(/9500 lines of one turn were dropped/);
});

test('a question is answered by its number, an error as an error', async () => {
  const { sent, port } = portOf();
  const first = port.step('a', { value: '1' });
  const second = port.enqueue('id', 'job', '{}', {});
  const [step, enqueue] = sent as { seq: number }[];
  port.answer({ t: 'ack', claim: 7, seq: enqueue!.seq, value: 'run-1' });
  port.answer({ t: 'ack', claim: 7, seq: step!.seq, error: { code: 'conflict', message: 'taken over' } });
  await expect(first).rejects.toMatchObject({ code: 'conflict', message: 'taken over' });
  expect(await second).toBe('run-1');
});

import type { Job, Worker } from 'bullmq';
import { expect, test, vi } from 'vitest';
import { ClaimsNow } from '../../src/queue/claims-now.js';

/** A worker that gives what the test says. */
function setUp(answers: (Job | Error | undefined)[]) {
  const getNextJob = vi.fn(async () => {
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  });
  const worker = { id: 'w', concurrency: 5, getNextJob, pause: vi.fn(), resume: vi.fn() };
  const [call, hold, onError] = [vi.fn(async () => {}), vi.fn(async () => {}), vi.fn()];
  const claims = new ClaimsNow({
    worker: worker as unknown as Worker,
    most: 5,
    held: () => 0,
    hold,
    call,
    onError,
  });
  return { claims, worker, call, hold, onError };
}

test('who finds nothing calls whoever waits', async () => {
  const { claims, call, hold } = setUp([undefined]);
  await claims.claim();
  expect([call.mock.calls.length, hold.mock.calls.length]).toEqual([1, 0]);
});

test('so does who could not ask, and says why', async () => {
  const { claims, call, onError, worker } = setUp([new Error('gone')]);
  await claims.claim();
  expect(call).toHaveBeenCalledTimes(1);
  expect(onError).toHaveBeenCalledWith(new Error('gone'));
  expect(worker.concurrency).toBe(5);
});

test('who has found one calls nobody, and the loop has one claim less meanwhile', async () => {
  const { claims, call, hold, worker } = setUp([{ id: 'a' } as Job]);
  hold.mockImplementation(async () => {
    expect(worker.concurrency).toBe(4);
  });
  await claims.claim();
  expect([call.mock.calls.length, hold.mock.calls.length, worker.concurrency]).toEqual([0, 1, 5]);
  expect(worker.pause).not.toHaveBeenCalled();
});

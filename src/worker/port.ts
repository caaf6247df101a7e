import type { RunPort } from '../execution/port.js';
import type { ToHost, ToWorker } from '../model/messages.js';
import { type ErrorCode, SlackwaterError } from '../platform/errors.js';

type Ack = Extract<ToWorker, { t: 'ack' }>;

/** How a run in this process reaches its host: each question carries a number, and waits for the answer of that number. */
export function createPort(
  claim: number,
  send: (message: ToHost) => void,
): RunPort & { answer(ack: Ack): void } {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let last = 0;
  const ask = (question: (seq: number) => ToHost) =>
    new Promise<unknown>((resolve, reject) => {
      waiting.set(++last, { resolve, reject });
      send(question(last));
    });

  return {
    started: () => send({ t: 'started', claim }),
    advanced: () => send({ t: 'advanced', claim }),
    async save(checkpoint, durable) {
      await ask(seq => ({ t: 'save', claim, seq, checkpoint, durable }));
    },
    async step(name, record) {
      await ask(seq => ({ t: 'step', claim, seq, name, record }));
    },
    async enqueue(id, job, payload, options) {
      return (await ask(seq => ({ t: 'enqueue', claim, seq, id, job, payload, options }))) as string;
    },
    progress: progress => send({ t: 'progress', claim, progress }),
    log: line => send({ t: 'log', claim, lines: [line] }),
    answer({ seq, value, error }) {
      const question = waiting.get(seq);
      waiting.delete(seq);
      if (error) question?.reject(new SlackwaterError(error.code as ErrorCode, error.message));
      else question?.resolve(value);
    },
  };
}

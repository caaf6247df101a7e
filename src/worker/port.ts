import type { RunPort } from '../execution/port.js';
import type { ChanceReport, ToHost, ToWorker } from '../model/messages.js';
import { type ErrorCode, SlackwaterError } from '../platform/errors.js';

type Ack = Extract<ToWorker, { t: 'ack' }>;

/** How a run in this process reaches its host: each question carries a number, and waits for the answer of that number. */
export function createPort(
  claim: number,
  send: (message: ToHost) => void,
  takeChances: () => ChanceReport | undefined,
): RunPort & { answer(ack: Ack): void; flush(): void } {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let last = 0;
  const lines = logLines(claim, send);
  const ask = (question: (seq: number) => ToHost) =>
    new Promise<unknown>((resolve, reject) => {
      waiting.set(++last, { resolve, reject });
      send(question(last));
    });

  return {
    started: () => send({ t: 'started', claim }),
    advanced: () => send({ t: 'advanced', claim }),
    async save(checkpoint, durable) {
      await ask(seq => ({ t: 'save', claim, seq, checkpoint, durable, chances: takeChances() }));
    },
    async step(name, record) {
      await ask(seq => ({ t: 'step', claim, seq, name, record, chances: takeChances() }));
    },
    async enqueue(id, job, payload, options) {
      return (await ask(seq => ({ t: 'enqueue', claim, seq, id, job, payload, options }))) as string;
    },
    progress: progress => send({ t: 'progress', claim, progress }),
    log: line => lines.add(line),
    /** To be called before the end is told: after it, nobody listens. */
    flush: () => lines.flush(),
    answer({ seq, value, error }) {
      const question = waiting.get(seq);
      waiting.delete(seq);
      if (error) question?.reject(new SlackwaterError(error.code as ErrorCode, error.message));
      else question?.resolve(value);
    },
  };
}

const MOST_LINES = 500;
const MOST_CHARACTERS = 8_192;

/** The log of a run, a message for each turn of the loop. What a loop writes without ever pausing is cut short, and that is said. */
function logLines(
  claim: number,
  send: (message: ToHost) => void,
): { add(line: string): void; flush(): void } {
  let lines: string[] = [];
  let dropped = 0;
  const flush = () => {
    if (lines.length === 0) return;
    if (dropped > 0)
      lines.push(
        JSON.stringify({ level: 40, time: Date.now(), msg: `${dropped} lines of one turn were dropped` }),
      );
    send({ t: 'log', claim, lines });
    lines = [];
    dropped = 0;
  };
  return {
    flush,
    add(line) {
      if (lines.length === 0) setImmediate(flush);
      if (lines.length < MOST_LINES) lines.push(line.slice(0, MOST_CHARACTERS));
      else dropped++;
    },
  };
}

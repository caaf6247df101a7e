import type { ToHost } from '../model/messages.js';
import type { StepAnswer } from '../model/workflow.js';

/** Of the payloads in one message: the host reads it in one go, and its loop must stay free. */
const MOST_CHARACTERS = 64 * 1024;

/** Tells what an evaluation gave. Many payloads go in pages, one a turn of the loop; what is asked meanwhile may be answered in between. */
export function tellAnswer(seq: number, answer: StepAnswer, send: (message: ToHost) => void): void {
  if (answer.verdict !== 'run') return send({ t: 'evaluated', seq, answer });
  const pages = pagesOf(answer.payloads);
  const next = () => {
    const payloads = pages.shift() ?? [];
    if (pages.length === 0) return send({ t: 'evaluated', seq, answer: { verdict: 'run', payloads } });
    send({ t: 'payloads', seq, payloads });
    setImmediate(next);
  };
  next();
}

function pagesOf(payloads: string[]): string[][] {
  const pages: string[][] = [];
  let room = 0;
  for (const payload of payloads) {
    if (room <= 0) {
      pages.push([]);
      room = MOST_CHARACTERS;
    }
    pages.at(-1)!.push(payload);
    room -= payload.length + 1;
  }
  return pages;
}

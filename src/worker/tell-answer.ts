import type { ToHost } from '../model/messages.js';
import type { StepAnswer } from '../model/workflow.js';
import { pagesOf } from '../platform/pages.js';

/** Of the payloads in one message: the host reads it in one go, and its loop must stay free. */
const MOST_CHARACTERS = 64 * 1024;

/** Tells what an evaluation gave. Many payloads go in pages, one a turn of the loop; what is asked meanwhile may be answered in between. */
export function tellAnswer(seq: number, answer: StepAnswer, send: (message: ToHost) => void): void {
  if (answer.verdict !== 'run') return send({ t: 'evaluated', seq, answer });
  const pages = pagesOf(answer.payloads, MOST_CHARACTERS);
  const next = () => {
    const payloads = pages.shift() ?? [];
    if (pages.length === 0) return send({ t: 'evaluated', seq, answer: { verdict: 'run', payloads } });
    send({ t: 'payloads', seq, payloads });
    setImmediate(next);
  };
  next();
}

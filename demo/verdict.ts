import { isDeepStrictEqual } from 'node:util';
import type { Run } from '../src/model/run.js';
import type { Report } from '../src/model/window.js';
import { countLedger } from './ledger.js';
import type { Runs } from './runs.js';
import { duration, type Narrator } from './say.js';
import type { Answers } from './undisturbed.js';

/** The report of the deploy, in words. */
export function tellReport(
  narrator: Narrator,
  { from, to, runs, pause, proof, work, ...report }: Report,
): void {
  narrator.good(`Release ${from} is out, ${to} is in.`);
  for (const line of [
    `${runs.inFlight} runs were computing: ${runs.yielded} stopped at a checkpoint and went on in the new code, ${runs.finished} came to an end before.`,
    `A run stood still for ${duration(pause.p50Ms)} (median), ${duration(pause.maxMs)} at most.`,
    `There was a moment of ${duration(report.stoppedMs)} in which none was running.`,
    `${proof.checkpoints} saved states were read by the new code, and brought back for the old, before the swap.`,
    `Work lost: ${duration(work.lostMs)}. Parts done again: ${work.repeatedCheckpoints}.`,
  ])
    narrator.say(`  ${line}`);
}

/**
 * Compares results with the answers, and counts effects from the ledger.
 *
 * @param ended all runs, as the API shows them.
 */
export function judge(narrator: Narrator, ledger: string, ended: Run[], runs: Runs, answers: Answers) {
  const completed = ended.filter(run => run.state === 'completed').length;
  const wrong = ended.filter(run => !isDeepStrictEqual(run.result, answers.get(runs.get(run.id)!)));
  const right = ended.length - wrong.length;
  const count = countLedger(ledger, new Map([...runs].map(([id, order]) => [id, order.items])));
  const attempt = Math.max(count.attempt, ...ended.map(run => run.attempt));

  const checks: [boolean, string][] = [
    [completed === runs.size, `${completed} of ${runs.size} runs are completed.`],
    [right === runs.size, `${right} of ${runs.size} results equal those of the direct computation.`],
    [
      count.moved > 0,
      `${count.moved} runs did one part of their work in the old code, and the rest in the new.`,
    ],
    [
      count.repeated === 0,
      `${count.lines} effects are in the ledger that the jobs wrote; twice: ${count.repeated}.`,
    ],
    [count.lost === 0, `Missing in the ledger: ${count.lost}.`],
    [attempt === 1, `Attempts that the runs needed, at most: ${attempt}. A deploy costs none.`],
  ];
  for (const [fine, text] of checks) fine ? narrator.good(text) : narrator.bad(text);
  for (const run of wrong.slice(0, 3))
    narrator.bad(
      `  ${run.id} of ${run.job} is ${run.state}: ${run.error?.message ?? JSON.stringify(run.result)}`,
    );

  return {
    ok: checks.every(([fine]) => fine),
    figures: {
      resultsMatch: completed === runs.size && right === runs.size,
      repeatedItems: count.repeated,
      lostItems: count.lost,
      runs: { accepted: runs.size, completed, moved: count.moved, maxAttempt: attempt, items: count.lines },
    },
  };
}

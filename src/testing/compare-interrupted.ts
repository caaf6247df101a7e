import { inspect, isDeepStrictEqual } from 'node:util';
import type { InterruptReport, TestRun } from './options.js';

/** See `interruptEverywhere`. @param undisturbed has begun. @param begin runs the job once more, not yet interrupted. */
export async function compareInterrupted<Result>(
  job: string,
  undisturbed: TestRun<Result>,
  begin: () => TestRun<Result>,
): Promise<InterruptReport<Result>> {
  const { result, checkpoints } = await undisturbed;
  const faults: { what: string; cause?: unknown }[] = [];
  for (let n = 1; n <= checkpoints; n++) {
    for (const how of ['yield', 'crash'] as const) {
      const where = `with a ${how} at checkpoint ${n} of ${checkpoints}`;
      try {
        const other = await (how === 'yield' ? begin().yieldAt(n) : begin().crashAt(n));
        if (!isDeepStrictEqual(other.result, result))
          faults.push({ what: `${where} the result is ${show(other.result)} instead of ${show(result)}` });
      } catch (cause) {
        faults.push({
          what: `${where} it fails: ${cause instanceof Error ? cause.message : String(cause)}`,
          cause,
        });
      }
    }
  }
  if (faults.length > 0) throw differs(job, faults);
  return { result, checkpoints, interruptions: 2 * checkpoints };
}

function differs(job: string, faults: { what: string; cause?: unknown }[]): Error {
  const shown = faults.slice(0, 10).map(({ what }) => `\n  ${what}`);
  const more = faults.length > shown.length ? `\n  and ${faults.length - shown.length} more` : '';
  return new Error(`job "${job}" does not go on where it stopped:${shown.join('')}${more}`, {
    cause: faults.find(({ cause }) => cause)?.cause,
  });
}

const show = (value: unknown) =>
  inspect(value, { depth: 4, breakLength: Number.POSITIVE_INFINITY, maxStringLength: 200 });

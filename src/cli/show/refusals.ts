import type { Refusal } from '../../model/intent.js';
import type { Style } from './style.js';
import { plural } from './text.js';

const SHOWN = 10;

/** Which saved states the new release cannot read, and where; then what a person can do about it. */
export function refusalLines(refusals: Refusal[], style: Style): string[] {
  if (refusals.length === 0) return [];
  const lines = refusals
    .slice(0, SHOWN)
    .flatMap(refusal => [
      `  ${style.red('✗')} ${style.bold(refusal.job)}  ${refusal.run}  ${style.dim(refusal.step === undefined ? versions(refusal) : 'workflow')}`,
      `    ${placeOf(refusal, style)}${refusal.message}`,
    ]);
  if (refusals.length > SHOWN)
    lines.push(style.dim(`    … and ${plural(refusals.length - SHOWN, 'more state')}`));
  return [...lines, '', ...nextSteps(refusals).map(step => `  ${style.dim('→')} ${step}`)];
}

function placeOf({ step, path }: Refusal, style: Style): string {
  if (step) return `step ${style.cyan(step)}: `;
  return path ? `at ${style.cyan(path)}: ` : '';
}

export function versions({ from, to, direction }: Pick<Refusal, 'from' | 'to' | 'direction'>): string {
  const named = (version: number | null) => (version === null ? 'no version' : `version ${version}`);
  const path = from === to ? named(from) : `${named(from)} → ${named(to)}`;
  return direction === 'up' ? path : `${path}, on the way back`;
}

function nextSteps(refusals: Refusal[]): string[] {
  const { run } = refusals[0]!;
  return [
    `${mending(refusals[0]!)}, then deploy again`,
    `or let the runs end first: slackwater runs show ${run} · slackwater runs cancel ${run}`,
  ];
}

/** What an author changes so that a state can be read, or a workflow run can go on. */
export function mending({
  job,
  from,
  to,
  direction,
  step,
}: Pick<Refusal, 'job' | 'from' | 'to' | 'direction' | 'step'>) {
  if (step !== undefined)
    return `let workflow ${job} still have what runs that have begun come to: add beside it, and take away when they have ended`;
  if (direction === 'down')
    return `mend checkpoint.downgrade of ${job}: it must give what the older of the two releases accepts, and is code of the newer one, which has to be deployed first where it runs already`;
  if (from !== null && to !== null && from > to)
    return `states of version ${from} of ${job} are newer than this code: check the code that wrote them, or one that follows it`;
  return from !== to && from !== null
    ? `let checkpoint.upgrade[${from}] of ${job} give what checkpoint.schema accepts`
    : `raise checkpoint.version of ${job} and add an upgrade from ${from ?? 'the old one'}`;
}

import type { Findings, Unreadable } from '../check/check-states.js';
import type { CheckedWorkflows } from '../check/check-workflows.js';
import { mending, versions } from './refusals.js';
import type { Style } from './style.js';
import { plural } from './text.js';

const SHOWN = 50;

/** Which states a release cannot read, each by its name, and what an author can do about it. */
export function checkLines(found: Findings, running: string | null, style: Style): string[] {
  const all = counted(found);
  const comeBack = running && found.oneWay.length + found.setBack.length === 0;
  const back = comeBack
    ? ` and brings ${found.live + found.kept === 1 ? 'it' : 'them'} back for release ${running}`
    : '';
  if (found.refused === 0 && found.live + found.kept === 0) return ['there is no state to read'];
  const lines =
    found.refused === 0
      ? [`${style.green('✓')} reads ${found.live + found.kept === 1 ? '' : 'all '}${all}${back}`]
      : [`${style.red('✗')} cannot read ${found.refused.toLocaleString('en-US')} of ${all}`, ''];
  lines.push(...found.refusals.slice(0, SHOWN).flatMap(refusal => linesOf(refusal, style)));
  const more = found.refused - SHOWN;
  if (more > 0) lines.push(style.dim(`    … and ${plural(more, 'more state')} (--json names a thousand)`));
  if (found.refused > 0) lines.push('', ...advice(found.refusals).map(step => `  ${style.dim('→')} ${step}`));
  for (const job of found.oneWay)
    lines.push(`${style.yellow('!')} ${job} has no way back: its checkpoint has no downgrade`);
  for (const { job, onRollback } of found.setBack)
    lines.push(
      `${style.yellow('!')} ${job} has no way down to this release: ${onRollback === 'park' ? 'its runs are parked' : 'its runs go on from the last older state, or begin anew'}`,
    );
  return lines;
}

function counted({ live, kept }: Findings): string {
  if (kept === 0) return plural(live, 'live state');
  return live === 0
    ? plural(kept, 'kept state')
    : `${plural(live + kept, 'state')}, ${live} live and ${kept} kept`;
}

function linesOf(refusal: Unreadable, style: Style): string[] {
  const { job, run, at, path, message } = refusal;
  const where = [run, at].filter(Boolean).join('  ');
  return [
    `  ${style.red('✗')} ${style.bold(job)}  ${where}  ${style.dim(versions(refusal))}`,
    `    ${path ? `at ${style.cyan(path)}: ` : ''}${message}`,
  ];
}

/** One a job and kind of fault. */
function advice(refusals: Unreadable[]): string[] {
  const steps = new Set(
    refusals.map(refusal =>
      / is not in the /.test(refusal.message) && refusal.to === null
        ? `keep ${refusal.job} until its runs have ended, or delete its states where they are kept`
        : mending(refusal),
    ),
  );
  return [...steps, 'then check again'];
}

/** Which workflow runs a release cannot go on with, and where. */
export function workflowCheckLines({ workflows, unfit }: CheckedWorkflows, style: Style): string[] {
  if (workflows === 0) return [];
  const all = plural(workflows, 'live workflow run');
  if (unfit.length === 0) return [`${style.green('✓')} can go on with all ${all}`];
  const runs = new Set(unfit.map(({ run }) => run)).size;
  const lines = unfit
    .slice(0, SHOWN)
    .flatMap(({ run, job, step, message }) => [
      `  ${style.red('✗')} ${style.bold(job)}  ${run}`,
      `    ${step === null ? '' : `step ${style.cyan(step)}: `}${message}`,
    ]);
  const more = unfit.length - SHOWN;
  return [
    `${style.red('✗')} cannot go on with ${runs.toLocaleString('en-US')} of ${all}`,
    '',
    ...lines,
    ...(more > 0 ? [style.dim(`    … and ${plural(more, 'more step')} (--json names all)`)] : []),
  ];
}

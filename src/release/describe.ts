import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';
import type { JobManifest, ScheduleManifest } from '../model/release.js';
import type { WorkflowManifest } from '../model/workflow.js';
import { formatDuration } from '../platform/duration.js';
import { type FieldError, SlackwaterError } from '../platform/errors.js';
import { describeProgram } from './own-package.js';

/** What the modules of a release define. */
export interface Definitions {
  jobs: JobManifest[];
  workflows: WorkflowManifest[];
  schedules: ScheduleManifest[];
}

export type DescribeAnswer =
  | ({ ok: true } & Definitions)
  | { ok: false; error: { code: string | null; message: string; stack: string; errors: FieldError[] } };

/** Job code sees nothing of the environment of whoever builds: no token, no Redis URL. */
const GRANTED = ['PATH', 'HOME', 'TZ', 'LANG'];
const TAIL = 2_000;

/**
 * Reads the definitions in a bundle, in a child process.
 * @param entry the file to import. @param limitMs when to give up.
 * @throws SlackwaterError `bad-definition` that says what the author's code did instead.
 */
export async function describeBundle(entry: string, limitMs: number): Promise<Definitions> {
  const { file, execArgv } = describeProgram();
  const env = Object.fromEntries(
    GRANTED.flatMap(name => (name in process.env ? [[name, process.env[name]]] : [])),
  );
  const child = fork(file, [entry], { execArgv, env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  const printed = tailOf(child);
  const end = await outcomeOf(child, limitMs);
  if ('answer' in end && end.answer.ok) {
    const { jobs, workflows, schedules } = end.answer;
    return { jobs, workflows, schedules };
  }
  throw new SlackwaterError('bad-definition', ...explain(end, printed(), entry, limitMs));
}

type End = { answer: DescribeAnswer } | { late: true } | { exit: number | null; signal: string | null };

function outcomeOf(child: ChildProcess, limitMs: number): Promise<End> {
  return new Promise((resolve, reject) => {
    let end: End | undefined;
    const timer = setTimeout(() => {
      end ??= { late: true };
      child.kill('SIGKILL');
    }, limitMs);
    child.once('message', answer => {
      end ??= { answer: answer as DescribeAnswer };
    });
    child.once('error', reject);
    // Only when the child is gone: nobody is left behind, and all that it printed has arrived.
    child.once('close', (exit, signal) => {
      clearTimeout(timer);
      resolve(end ?? { exit, signal });
    });
  });
}

function tailOf(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text = (text + chunk).slice(-TAIL);
    });
  }
  return () => text.trim();
}

function explain(end: End, printed: string, entry: string, limitMs: number): [string, FieldError[]] {
  const only = 'A module of jobs must only define them: move what it does into run().';
  const also = printed ? `\nIt printed last:\n${indent(printed)}` : '';
  if ('late' in end)
    return [
      `importing the jobs took longer than ${formatDuration(limitMs)} and was stopped. ${only}${also}`,
      [],
    ];
  if ('exit' in end) {
    if (end.exit === 13)
      return [
        `importing the jobs waits for a promise at the top of a module that never settles. ${only}${also}`,
        [],
      ];
    const how = end.signal ? `signal ${end.signal}` : `exit code ${end.exit}`;
    return [`importing the jobs ended the process (${how}). ${only}${also}`, []];
  }
  if (end.answer.ok) throw new Error('an answer with jobs needs no explanation');
  const { code, message, stack, errors } = end.answer.error;
  if (code !== null) return [message, errors];
  return [`importing the jobs failed: ${message}\n${framesOf(stack, entry)}${also}`, errors];
}

/** The frames in the author's files, told as the author knows them. */
function framesOf(stack: string, entry: string): string {
  const folder = path.dirname(entry) + path.sep;
  const frames = stack.split('\n').filter(line => /^\s+at /.test(line) && line.includes(folder));
  return frames.map(line => line.replace('file://', '').replace(folder, '')).join('\n');
}

const indent = (text: string) => text.replace(/^/gm, '  ');

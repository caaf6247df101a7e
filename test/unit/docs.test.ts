import { readFileSync } from 'node:fs';
import { defineJob, defineWorkflow } from 'slackwater';
import { runJob } from 'slackwater/testing';
import { expect, it } from 'vitest';
import { compile } from '../support/compile.js';
import { codeIn } from '../support/doc-code.js';
import { ROOT } from '../support/processes.js';

/** For blocks that show a few lines only. */
const PRELUDE = `import type { Context } from 'slackwater';\ndeclare const ctx: Context;\n`;

/** The whole of a block, as a file beside the others of its document. */
function filesOf(document: string): Record<string, string> {
  const files = codeIn(document).map(({ path, text }, i) => {
    const whole = /^checkpoint: \{/.test(text)
      ? `import { defineJob, defineWorkflow } from 'slackwater';\nimport { z } from 'zod';\ndefineJob({ name: 'count', ${text} run() {} });`
      : /^import /m.test(text)
        ? text
        : PRELUDE + text;
    return [`${ROOT}docs/of/${document}/${path ?? `block-${i}.ts`}`, whole];
  });
  return Object.fromEntries(files);
}

const DOCUMENTS = [
  'README.md',
  'docs/authoring.md',
  'docs/schedules.md',
  'docs/flow-control.md',
  'docs/workflows.md',
];
it.each(DOCUMENTS)('the code in %s compiles', document => {
  const files = filesOf(document);
  expect(Object.keys(files).length).toBeGreaterThan(0);
  expect(compile(files)).toEqual([]);
});

const rows = readFileSync(`${ROOT}docs/authoring.md`, 'utf8')
  .split('\n')
  .filter(line => line.startsWith('| `'))
  .map(line => line.split(' | ', 1)[0]!);
const isTold = (name: string) => rows.some(row => new RegExp(`\`${name.replace('.', '\\.')}[\`(]`).test(row));

it('docs/authoring.md has all of ctx', async () => {
  const { result } = await runJob(defineJob({ name: 'look', run: ctx => Object.keys(ctx) }), {});
  expect((result as string[]).length).toBeGreaterThan(10);
  expect((result as string[]).filter(name => !isTold(name))).toEqual([]);
});

it('docs/authoring.md has all options of defineJob', () => {
  const told = (options: object): string => {
    try {
      defineJob(options as never);
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };
  const optionsIn = (message: string) => /there are ([\w, ]+)/.exec(message)![1]!.split(', ');
  const own = optionsIn(told({ nothing: 1 })).filter(name => name !== 'checkpoint');
  const checkpoint = optionsIn(told({ checkpoint: { nothing: 1 } })).map(name => `checkpoint.${name}`);
  expect([...own, ...checkpoint].filter(name => !isTold(name))).toEqual([]);
});

it('docs/workflows.md has all options of steps', () => {
  const text = readFileSync(`${ROOT}docs/workflows.md`, 'utf8');
  const table = text
    .split('\n')
    .filter(line => line.startsWith('|'))
    .join('\n');
  // biome-ignore lint/suspicious/noExplicitAny: options that there are not.
  const workflow = defineWorkflow({ name: 'w' }) as any;
  const job = defineJob({ name: 'j', run() {} });
  const told = (define: () => unknown): string[] => {
    try {
      define();
      return [];
    } catch (error) {
      return /there are ([\w, ]+)/.exec((error as Error).message)![1]!.split(', ');
    }
  };
  const options = [
    ...told(() => defineWorkflow({ name: 'w', nothing: 1 } as never)),
    ...told(() => workflow.step('s', job, { nothing: 1 })),
    ...told(() => workflow.signal('s', { nothing: 1 })),
    ...told(() => workflow.wait('s', { nothing: 1 })),
  ];
  expect(options.length).toBeGreaterThan(15);
  expect(options.filter(name => !new RegExp(`\`${name}[\`(]`).test(table))).toEqual([]);
});

import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { compile } from '../support/compile.js';

const declared = ['types.test-d.ts', 'workflow-types.test-d.ts'].map(file =>
  fileURLToPath(new URL(file, import.meta.url)),
);

it('infers payload, state and result, and refuses the wrong ones', () => {
  const snippet = (name: string) => fileURLToPath(new URL(`${name}.ts`, import.meta.url));
  const job = (body: string) => `
    import { defineJob } from 'slackwater';
    import * as z from 'zod';
    defineJob({ name: 'a', payload: z.object({ file: z.string() }), checkpoint: { version: 1, schema: z.object({ n: z.int() }) },
      async run(ctx, payload) { ${body} } });`;
  const errors = compile({
    ...Object.fromEntries(declared.map(file => [file, null])),
    [snippet('good')]: job('await ctx.checkpoint({ n: payload.file.length });'),
    [snippet('wrong-state')]: job('await ctx.checkpoint({ m: 1 });'),
    [snippet('wrong-payload')]: job('return payload.fiel;'),
  });
  // The first files hold an expectation for each of its lines; only the two wrong snippets may speak.
  expect(errors).toEqual([
    expect.stringContaining("'m' does not exist in type '{ n: number; }'"),
    expect.stringContaining("Property 'fiel' does not exist"),
  ]);
});

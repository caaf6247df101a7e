import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const declared = fileURLToPath(new URL('types.test-d.ts', import.meta.url));

/** Compiles `files` (real ones, or texts by their path) as an author's project would. @returns what the compiler says. */
function compile(files: Record<string, string | null>): string[] {
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists } = host;
  host.readFile = path => files[path] ?? readFile(path);
  host.fileExists = path => path in files || fileExists(path);
  const program = ts.createProgram({
    rootNames: Object.keys(files),
    options: {
      ...options,
      noEmit: true,
      incremental: false,
      tsBuildInfoFile: undefined,
      rootDir: root,
      paths: { slackwater: [`${root}src/index.ts`], 'slackwater/testing': [`${root}src/testing.ts`] },
    },
    host,
  });
  return Object.keys(files)
    .flatMap(path => [...ts.getPreEmitDiagnostics(program, program.getSourceFile(path))])
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

it('infers payload, state and result, and refuses the wrong ones', () => {
  const snippet = (name: string) => fileURLToPath(new URL(`${name}.ts`, import.meta.url));
  const job = (body: string) => `
    import { defineJob } from 'slackwater';
    import * as z from 'zod';
    defineJob({ name: 'a', payload: z.object({ file: z.string() }), checkpoint: { version: 1, schema: z.object({ n: z.int() }) },
      async run(ctx, payload) { ${body} } });`;
  const errors = compile({
    [declared]: null,
    [snippet('good')]: job('await ctx.checkpoint({ n: payload.file.length });'),
    [snippet('wrong-state')]: job('await ctx.checkpoint({ m: 1 });'),
    [snippet('wrong-payload')]: job('return payload.fiel;'),
  });
  // The first file holds an expectation for each of its lines; only the two wrong snippets may speak.
  expect(errors).toEqual([
    expect.stringContaining("'m' does not exist in type '{ n: number; }'"),
    expect.stringContaining("Property 'fiel' does not exist"),
  ]);
});

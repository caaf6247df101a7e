import { buildRelease } from '../../release/index.js';
import type { CommonOptions } from '../define.js';
import { print, printJson, printLines, say, styleOf } from '../output.js';
import { definitionLines } from '../show/release.js';
import { bytes } from '../show/text.js';

export interface JobsOptions {
  jobs: string;
  app?: string;
}

export async function build(options: CommonOptions & JobsOptions & { out: string }): Promise<void> {
  const { jobs, app, out } = options;
  const built = await buildRelease({ jobs, app, outDir: out });
  for (const warning of built.warnings) say(warning);
  const size = built.manifest.files.reduce((sum, file) => sum + file.bytes, 0);
  if (options.json) {
    return printJson({ id: built.id, digest: built.digest, bytes: size, out, ...built.manifest });
  }
  print(`${built.id}  ${built.manifest.app}  ${bytes(size)} in ${out}\n`);
  printLines(definitionLines(built.manifest, styleOf(process.stdout)));
}

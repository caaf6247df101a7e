import { type BuildFailure, build, formatMessages, type Message } from 'esbuild';
import { SlackwaterError } from '../platform/errors.js';
import { withCompilerOptions } from './compiler-options.js';
import { linkPlugin } from './link.js';
import { stabiliseCode, stabiliseMap } from './stable-paths.js';

export const ENTRY = 'index.mjs';

/** What a module may import beside code and JSON, by the ending of its name. */
export const DATA_LOADERS = {
  '.txt': 'text',
  '.md': 'text',
  '.sql': 'text',
  '.csv': 'text',
  '.html': 'text',
  '.wasm': 'binary',
} as const;

/** Bundled CommonJS may require what is built into Node. (`require` in an author's own module is renamed by esbuild: no clash.) */
const BANNER =
  "import { createRequire as __slackwaterCreateRequire } from 'node:module';\nconst require = __slackwaterCreateRequire(import.meta.url);";

export interface Bundle {
  /** `index.mjs`, which exports `modules: Record<path, namespace>`, and its source map. */
  files: Map<string, Uint8Array>;
  warnings: string[];
}

/**
 * Links all modules of a jobs folder into one. Equal modules give equal bytes, wherever they lie.
 * @throws SlackwaterError `bad-definition` with file, line, column and the source line of each fault.
 */
export async function bundle(root: string, modules: string[]): Promise<Bundle> {
  try {
    const result = await withCompilerOptions(root, options =>
      build({
        ...options,
        stdin: { contents: entryOf(modules), resolveDir: root, sourcefile: 'slackwater-entry.js' },
        absWorkingDir: root,
        outfile: ENTRY,
        write: false,
        metafile: true,
        bundle: true,
        platform: 'node',
        target: 'node20',
        format: 'esm',
        charset: 'utf8',
        sourcemap: true,
        sourcesContent: false,
        banner: { js: BANNER },
        define: { __dirname: 'import.meta.dirname', __filename: 'import.meta.filename' },
        loader: DATA_LOADERS,
        plugins: [linkPlugin(root)],
        logLevel: 'silent',
      }),
    );
    const text = (end: string) => result.outputFiles.find(file => file.path.endsWith(end))!.text;
    const inputs = Object.keys(result.metafile.inputs);
    const files = new Map<string, Uint8Array>([
      [ENTRY, Buffer.from(stabiliseCode(root, text(ENTRY), inputs))],
      [`${ENTRY}.map`, Buffer.from(stabiliseMap(root, text(`${ENTRY}.map`)))],
    ]);
    return { files, warnings: await shown('warning', result.warnings) };
  } catch (error) {
    const { errors } = error as BuildFailure;
    if (!Array.isArray(errors)) throw error;
    const messages = await shown('error', errors.map(withAdvice));
    throw new SlackwaterError(
      'bad-definition',
      `the jobs in ${root} cannot be built\n\n${messages.join('\n\n')}`,
    );
  }
}

function entryOf(modules: string[]): string {
  const imports = modules.map((file, i) => `import * as m${i} from ${JSON.stringify(`./${file}`)};`);
  const exported = modules.map((file, i) => `  ${JSON.stringify(file)}: m${i},`);
  return [...imports, 'export const modules = {', ...exported, '};', ''].join('\n');
}

/** esbuild advises to mark a package as external: no way out here, a worker has nothing but the release. */
function withAdvice(message: Message): Message {
  const missing = /^Could not resolve "(.+)"/.exec(message.text)?.[1];
  if (missing === undefined) return message;
  const advice = /^[./]/.test(missing)
    ? 'Check the path: it is relative to the file that imports it.'
    : `Install it where the jobs are (npm install ${packageOf(missing)}); a path alias needs a tsconfig.json in or above the jobs folder.`;
  return { ...message, notes: [{ text: advice, location: null }] };
}

const packageOf = (name: string) => name.split('/', name.startsWith('@') ? 2 : 1).join('/');

async function shown(kind: 'error' | 'warning', messages: Message[]): Promise<string[]> {
  const plain = messages.map(message => ({ ...message, pluginName: '' }));
  return (await formatMessages(plain, { kind, color: false, terminalWidth: 110 })).map(text => text.trim());
}

import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Compiles `files` (real ones, or texts by their path) as an author's project would. @returns what the compiler says. */
export function compile(files: Record<string, string | null>): string[] {
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists, directoryExists } = host;
  const paths = Object.keys(files);
  host.readFile = path => files[path] ?? readFile(path);
  host.fileExists = path => path in files || fileExists(path);
  host.directoryExists = path => paths.some(each => each.startsWith(`${path}/`)) || directoryExists!(path);
  const program = ts.createProgram({
    rootNames: paths,
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
  return paths
    .flatMap(path => [...ts.getPreEmitDiagnostics(program, program.getSourceFile(path))])
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

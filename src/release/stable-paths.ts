import path from 'node:path';
import { isOwnFile, PACKAGE_ROOT } from './own-package.js';

/**
 * A bundle tells where its modules lay: in a comment before each, in the names of wrapped CommonJS modules, in its source map. Those
 * places differ from machine to machine, and the digest must not. So every place is told as the author would: relative to the jobs
 * folder, or as `node_modules/…` from wherever a package was found.
 */
function stablePath(root: string, file: string): string {
  const posix = (text: string) => text.split(path.sep).join('/');
  const relative = posix(path.relative(root, file));
  const inPackage = relative.lastIndexOf('node_modules/');
  if (inPackage >= 0) return relative.slice(inPackage);
  if (relative.startsWith('../') && isOwnFile(file))
    return `node_modules/slackwater/${posix(path.relative(PACKAGE_ROOT, file))}`;
  return relative;
}

/** @param inputs as esbuild's metafile names them, relative to `root`. */
export function stabiliseCode(root: string, code: string, inputs: string[]): string {
  const moved = new Map(inputs.map(input => [input, stablePath(root, path.resolve(root, input))]));
  const lines = code.split('\n').map(line => {
    const comment = /^(\s*\/\/ )(.+)$/.exec(line);
    if (comment) return comment[1] + (moved.get(comment[2]!) ?? comment[2]!);
    const wrapped = /^(\s+(?:async )?)("(?:[^"\\]|\\.)*")(\(.*)$/.exec(line);
    const name = wrapped && moved.get(JSON.parse(wrapped[2]!));
    return name ? wrapped[1] + JSON.stringify(name) + wrapped[3] : line;
  });
  return lines.join('\n');
}

/** The same for the sources of a source map, which are URLs relative to `root`. */
export function stabiliseMap(root: string, text: string): string {
  const map = JSON.parse(text) as { sources: string[] };
  map.sources = map.sources.map(source =>
    /^[a-z][a-z+.-]+:/i.test(source)
      ? source
      : encodeURI(stablePath(root, path.resolve(root, decodeURI(source)))),
  );
  return JSON.stringify(map);
}

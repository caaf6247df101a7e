import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const PEERS = fileURLToPath(new URL('../peers/', import.meta.url));

/**
 * Makes plain JavaScript of every program in `peers/` (`*-main.ts`). A program that first has to be translated would take longer to start than a
 * peer in the field, and the start is part of what is measured.
 * @param dir inside this clone, so that packages are found.
 * @returns paths by name, without `-main`.
 */
export async function compilePrograms(dir: string): Promise<Record<string, string>> {
  const names = readdirSync(PEERS).filter(name => name.endsWith('-main.ts'));
  await build({
    entryPoints: names.map(name => join(PEERS, name)),
    outdir: dir,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    outExtension: { '.js': '.mjs' },
    logLevel: 'silent',
  });
  return Object.fromEntries(
    names.map(name => [name.replace(/-main\.ts$/, ''), join(dir, name.replace(/\.ts$/, '.mjs'))]),
  );
}

import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/**
 * The nearest tsconfig.json speaks for path aliases, decorators and JSX. Its options about imports that only types use are set aside:
 * they would make a bundle of the same modules differ by the folder they lie in.
 */
export async function withCompilerOptions<T>(
  root: string,
  use: (options: { tsconfig: string } | { tsconfigRaw: string }) => Promise<T>,
): Promise<T> {
  const nearest = nearestConfig(root);
  if (nearest === null) return use({ tsconfigRaw: '{}' });
  const folder = await mkdtemp(path.join(tmpdir(), 'slackwater-tsconfig-'));
  try {
    const tsconfig = path.join(folder, 'tsconfig.json');
    const compilerOptions = { verbatimModuleSyntax: false };
    await writeFile(tsconfig, JSON.stringify({ extends: nearest, compilerOptions }));
    return await use({ tsconfig });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function nearestConfig(folder: string): string | null {
  for (let at = folder; ; at = path.dirname(at)) {
    const file = path.join(at, 'tsconfig.json');
    if (existsSync(file)) return file;
    if (at === path.dirname(at)) return null;
  }
}

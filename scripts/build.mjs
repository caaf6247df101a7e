// Compiles src/ to dist/ and copies what the compiler leaves behind (Lua scripts).
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const compiled = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.json'], { cwd: root, stdio: 'inherit' });
if (compiled.status !== 0) process.exit(compiled.status ?? 1);
cpSync(`${root}src/store/scripts`, `${root}dist/store/scripts`, { recursive: true });
chmodSync(`${root}dist/cli/main.js`, 0o755);

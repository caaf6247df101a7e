// Records `slackwater deploy` over 84 runs in flight, in a real terminal, and draws docs/deploy.svg from it. Needs tmux and dist/.
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { animate } from './record/animate.mjs';
import { createScene } from './record/scene.mjs';
import { openTerminal } from './record/terminal.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FILE = 'docs/deploy.svg';
const COMMAND = "slackwater deploy --jobs jobs2 --reason 'new shape'";
/** The report is read for so long, ms, before all begins again. */
const READING = 7_000;
const MOST_BYTES = 150_000;

const say = (/** @type {string} */ line) => process.stderr.write(`record: ${line}\n`);

try {
  if (!existsSync(`${ROOT}dist/cli/main.js`)) throw new Error('dist/ is missing: run "npm run build" first');
  const svg = animate(await record(), { title: 'slackwater deploy over 84 running jobs', reading: READING });
  mkdirSync(`${ROOT}docs`, { recursive: true });
  writeFileSync(ROOT + FILE, svg);
  const { size } = statSync(ROOT + FILE);
  say(`${FILE}: ${Math.round(size / 1_000)} kB`);
  if (size > MOST_BYTES) throw new Error(`that is more than ${MOST_BYTES / 1_000} kB: look less often`);
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

/** @returns {Promise<import('./record/terminal.mjs').Shot[]>} */
async function record() {
  const interrupted = new Promise((_, reject) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'])
      process.on(name, () => reject(new Error(`stopped by ${name}`)));
  });
  const terminal = await openTerminal({ columns: 110, rows: 24 });
  const scene = createScene(`${ROOT}dist/cli/main.js`);
  async function shoot() {
    say('starting Redis, a server, a host, and 84 runs');
    await scene.start();
    say('recording');
    return terminal.record(COMMAND, { cwd: scene.dir, env: scene.env });
  }
  try {
    const shots = await Promise.race([shoot(), interrupted]);
    showNothingOf([scene.dir, ROOT, homedir(), hostname()], shots);
    return shots;
  } finally {
    await terminal.close();
    await scene.close();
  }
}

/** @param {string[]} words that tell of this machine @param {import('./record/terminal.mjs').Shot[]} shots */
function showNothingOf(words, shots) {
  for (const word of words) {
    if (shots.some(({ screen }) => screen.includes(word)))
      throw new Error(`the screen shows ${word}, which is of this machine`);
  }
}

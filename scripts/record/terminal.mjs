// A terminal that can be looked at: tmux, on a socket of its own.
import { execFile } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

/** Between two looks, ms. The view redraws ten times a second. */
const LOOK_EVERY = 100;
const KEY_EVERY = 35;
const GIVE_UP_AFTER = 60_000;
const PROMPT = '$ ';
const COLOURED_PROMPT = `\u001B[32m$\u001B[39m `;

/**
 * One look at the screen.
 * @typedef {object} Shot
 * @property {number} at ms since the first
 * @property {string} screen lines, with SGR sequences
 * @property {{ x: number, y: number } | null} cursor `null` while it is hidden
 */

/** @param {{ columns: number, rows: number }} size @throws Error where there is no tmux */
export async function openTerminal({ columns, rows }) {
  const socket = `slackwater-record-${process.pid}`;
  /** @param {string[]} args */
  const tmux = async (...args) => {
    const env = { PATH: process.env.PATH, LC_ALL: 'C.UTF-8', TERM: 'xterm-256color' };
    const { stdout } = await promisify(execFile)('tmux', ['-L', socket, '-f', '/dev/null', ...args], { env });
    return stdout;
  };
  await promisify(execFile)('tmux', ['-V']).catch(() => {
    throw new Error('this needs tmux, which is not on the PATH: apt-get install tmux, brew install tmux');
  });

  /** @returns {Promise<Omit<Shot, 'at'>>} */
  async function look() {
    const where = '#{cursor_flag} #{cursor_x} #{cursor_y}';
    const text = await tmux('capture-pane', '-e', '-p', ';', 'display-message', '-p', where);
    const lines = text.trimEnd().split('\n');
    const [flag, x, y] = lines.pop()?.split(' ').map(Number) ?? [];
    return { screen: lines.join('\n').trimEnd(), cursor: flag ? { x: x ?? 0, y: y ?? 0 } : null };
  }

  return {
    /**
     * Types a command into a fresh shell, and looks on until the prompt is back.
     * @param {string} command @param {{ cwd: string, env: Record<string, string> }} where @returns {Promise<Shot[]>}
     */
    async record(command, { cwd, env }) {
      const variables = Object.entries({
        ...env,
        TERM: 'screen-256color',
        LC_ALL: 'C.UTF-8',
        PS1: COLOURED_PROMPT,
      });
      const shell = ['env', '-i', ...variables.map(([name, value]) => `${name}=${value}`), 'sh'];
      const size = ['-x', String(columns), '-y', String(rows)];
      await tmux('set', '-g', 'status', 'off', ';', 'new-session', '-d', ...size, '-c', cwd, ...shell);
      const began = performance.now();
      /** @type {Shot[]} */
      const shots = [];
      let typed = false;
      const typing = type(command).then(() => (typed = true));
      typing.catch(() => {});
      try {
        for (;;) {
          const at = performance.now() - began;
          const shot = { at, ...(await look()) };
          shots.push(shot);
          if (typed && isOver(shot)) return shots;
          if (at > GIVE_UP_AFTER) throw new Error(`the command did not end:\n${shot.screen}`);
          await pause(LOOK_EVERY - (performance.now() - began - at));
        }
      } finally {
        await typing;
      }
    },
    close: async () => void (await tmux('kill-server').catch(() => {})),
  };

  /** @param {string} text */
  async function type(text) {
    await pause(600);
    for (const key of text) {
      await tmux('send-keys', '-l', key);
      await pause(KEY_EVERY);
    }
    await pause(300);
    await tmux('send-keys', 'Enter');
  }
}

/** @param {Omit<Shot, 'at'>} shot */
function isOver({ screen, cursor }) {
  const lines = plain(screen).split('\n');
  const last = lines.length - 1;
  return last > 0 && cursor?.y === last && cursor.x === PROMPT.length && lines[last] === PROMPT.trim();
}

/** @param {string} text */
// biome-ignore lint/suspicious/noControlCharactersInRegex: an escape sequence is what is looked for
const plain = text => text.replace(/\u001B\[[\d;]*m/g, '');

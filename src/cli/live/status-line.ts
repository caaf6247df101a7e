import { clip } from '../show/style.js';
import { createScreen, type Terminal } from './screen.js';

/** Where something stands, told while it is waited for: one line that changes on a terminal, a line for each change elsewhere. */
export function statusLine(stream: Terminal & { isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env) {
  let shown = '';
  const screen = stream.isTTY && env.TERM !== 'dumb' ? createScreen(stream) : null;
  return {
    show(text: string): void {
      if (screen) screen.draw([clip(text, stream.columns || 80)]);
      else if (text !== shown) stream.write(`${text}\n`);
      shown = text;
    },
    /** Takes the line of a terminal away. */
    end(): void {
      screen?.clear();
    },
  };
}

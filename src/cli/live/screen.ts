/** Where lines are drawn again and again: stderr of a terminal. */
export interface Terminal {
  write(text: string): unknown;
  columns?: number;
  rows?: number;
}

const HIDE_CURSOR = '\u001B[?25l';
const SHOW_CURSOR = '\u001B[?25h';
const CLEAR_LINE_END = '\u001B[K';
const CLEAR_BELOW = '\u001B[J';

/**
 * Redraws a block of lines in place. One write a frame, each line overwritten rather than cleared first, and nothing written where nothing
 * changed: no flicker. Lines must be no wider than the terminal. A block taller than the screen loses its end.
 */
export function createScreen(terminal: Terminal) {
  let drawn: string[] = [];
  return {
    draw(lines: string[]): void {
      const next = lines.slice(0, Math.max(1, (terminal.rows ?? 24) - 1));
      if (drawn.length === next.length && drawn.every((line, i) => line === next[i])) return;
      const up = drawn.length > 0 ? `\u001B[${drawn.length}A\r` : HIDE_CURSOR;
      terminal.write(`${up}${next.map(line => `${line}${CLEAR_LINE_END}\n`).join('')}${CLEAR_BELOW}`);
      drawn = next;
    },
    /** Takes the block away; what is written next begins in its place. */
    clear(): void {
      if (drawn.length > 0) terminal.write(`\u001B[${drawn.length}A\r${CLEAR_BELOW}${SHOW_CURSOR}`);
      drawn = [];
    },
    /** Leaves the block as it is and the cursor below it. */
    leave(): void {
      if (drawn.length > 0) terminal.write(SHOW_CURSOR);
      drawn = [];
    },
  };
}

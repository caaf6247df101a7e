// Text with SGR sequences, as runs of characters of one look.

/**
 * Characters next to each other that look alike.
 * @typedef {object} Span
 * @property {number} x column of the first
 * @property {string} text without blanks at either end
 * @property {string} look names of CSS classes: a colour, `b`, `d`
 */

/** @type {Record<number, string>} */
const COLOURS = { 31: 'red', 32: 'green', 33: 'yellow', 36: 'cyan' };

/**
 * @param {string} screen lines; what one begins may go on in the next
 * @returns {Span[][]} for each line
 */
export function spansOf(screen) {
  const now = { colour: '', bold: false, dim: false };
  return screen.split('\n').map(line => {
    /** @type {Span[]} */
    const spans = [];
    let x = 0;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: an escape sequence is what is looked for
    for (const part of line.split(/(\u001B\[[\d;]*m)/)) {
      if (part.startsWith('\u001B')) {
        for (const code of part.slice(2, -1).split(';')) apply(Number(code));
        continue;
      }
      // Columns hold wherever the font puts its characters when no span reaches over a gap.
      for (const { 0: text, index } of part.matchAll(/\S+(?: \S+)*/g)) {
        const look = [now.colour, now.bold && 'b', now.dim && 'd'].filter(Boolean).join(' ');
        spans.push({ x: x + [...part.slice(0, index)].length, text, look });
      }
      x += [...part].length;
    }
    return spans;
  });

  /** @param {number} code */
  function apply(code) {
    if (code === 0) Object.assign(now, { colour: '', bold: false, dim: false });
    else if (code === 1) now.bold = true;
    else if (code === 2) now.dim = true;
    else if (code === 22) Object.assign(now, { bold: false, dim: false });
    else if (code === 39) now.colour = '';
    else if (code in COLOURS) now.colour = COLOURS[code] ?? '';
    else if (code !== 49) throw new Error(`the screen uses SGR ${code}, for which there is no look here`);
  }
}

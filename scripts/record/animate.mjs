// Shots of a screen as one SVG that plays by itself: CSS alone. A row is drawn once for as long as it stays as it is.
import { spansOf } from './cells.mjs';

/** One character, px. */
const CELL = { width: 8.4, height: 21 };
const FONT_SIZE = 14;
const MARGIN = { x: 26, top: 58, bottom: 22 };

const STYLE = `
svg{--page:#fff;--edge:#d5dbe1;--text:#1f2933;--dim:#667280;--dot:#dfe4e9;--red:#c62f2f;--green:#15803d;--yellow:#9a6700;--cyan:#0b7394;--rest:#e3e8ec}
@media (prefers-color-scheme:dark){svg{--page:#0e151b;--edge:#2a3641;--text:#dde5ec;--dim:#7d8b98;--dot:#2c3843;--red:#ff7b72;--green:#4cc46f;--yellow:#e0b044;--cyan:#3fc1dc;--rest:#1e2933}}
text{font:${FONT_SIZE}px ui-monospace,SFMono-Regular,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace;fill:var(--text);white-space:pre}
.b{font-weight:700}.d{fill:var(--dim)}.red{fill:var(--red)}.green{fill:var(--green)}.yellow{fill:var(--yellow)}.cyan{fill:var(--cyan)}.rest{fill:var(--rest)}.cursor{fill:var(--text);opacity:.75}`;

/**
 * @param {import('./terminal.mjs').Shot[]} shots
 * @param {{ title: string, reading: number }} options `reading`: how long the last one stands, ms
 * @returns {string}
 */
export function animate(shots, { title, reading }) {
  const frames = merge(shots);
  const total = (shots.at(-1)?.at ?? 0) + reading;
  const rows = Math.max(...frames.map(({ rows }) => rows.length));
  const columns = Math.max(...frames.flatMap(({ widths }) => widths));
  const width = Math.ceil(columns * CELL.width + 2 * MARGIN.x);
  const height = rows * CELL.height + MARGIN.top + MARGIN.bottom;
  const when = (/** @type {number} */ frame) => frames[frame]?.at ?? total;

  const scenes = [...scenesOf(frames)].map(([key, drawn], i) => {
    const [from = 0, to = 0] = key.split('-').map(Number);
    const last = to === frames.length;
    return {
      css: `.s${i}{${last ? '' : 'visibility:hidden;'}animation-name:s${i}}@keyframes s${i}{${keyframes(when(from) / total, when(to) / total)}}`,
      svg: `<g class="s${i}">${drawn.join('')}</g>`,
    };
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(title)}">
<style>${STYLE}
g{animation:${(total / 1_000).toFixed(2)}s step-end infinite}
@media (prefers-reduced-motion:reduce){g{animation:none!important}}
${scenes.map(({ css }) => css).join('\n')}
</style>
<rect x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="10" style="fill:var(--page);stroke:var(--edge)"/>
${[0, 1, 2].map(i => `<circle cx="${MARGIN.x + 4 + i * 18}" cy="26" r="5" style="fill:var(--dot)"/>`).join('')}
${scenes.map(({ svg }) => svg).join('\n')}
</svg>
`;
}

/** Shots drawn, those that look the same as the one before left out. @param {import('./terminal.mjs').Shot[]} shots */
function merge(shots) {
  /** @type {{ at: number, rows: string[], widths: number[] }[]} */
  const frames = [];
  for (const { at, screen, cursor } of shots) {
    const lines = spansOf(screen);
    const rows = lines.map((spans, y) => drawRow(spans, y));
    if (cursor) rows[cursor.y] = (rows[cursor.y] ?? '') + box(cursor.x, cursor.y, 1, 'cursor');
    const before = frames.at(-1);
    if (before && before.rows.join() === rows.join()) continue;
    const widths = lines.map(spans => Math.max(0, ...spans.map(({ x, text }) => x + [...text].length)));
    frames.push({ at: before ? at : 0, rows: [...rows].map(row => row ?? ''), widths });
  }
  return frames;
}

/**
 * Rows by the frames in which they stand.
 * @param {{ rows: string[] }[]} frames @returns {Map<string, string[]>} by `from-to`, `to` being the first frame without them
 */
function scenesOf(frames) {
  /** @type {Map<string, string[]>} */
  const scenes = new Map();
  const rows = Math.max(...frames.map(({ rows }) => rows.length));
  for (let y = 0; y < rows; y++) {
    let from = 0;
    for (let to = 1; to <= frames.length; to++) {
      const row = frames[from]?.rows[y] ?? '';
      if (to < frames.length && (frames[to]?.rows[y] ?? '') === row) continue;
      if (row) scenes.set(`${from}-${to}`, [...(scenes.get(`${from}-${to}`) ?? []), row]);
      from = to;
    }
  }
  return scenes;
}

/** @param {number} from @param {number} to shares of the whole */
function keyframes(from, to) {
  const percent = (/** @type {number} */ share) => `${+(share * 100).toFixed(2)}%`;
  const hidden = from > 0 ? '0%{visibility:hidden}' : '';
  const end = to < 1 ? `${percent(to)},to{visibility:hidden}` : 'to{visibility:visible}';
  return `${hidden}${percent(from)}{visibility:visible}${end}`;
}

/** @param {import('./cells.mjs').Span[]} spans @param {number} y */
function drawRow(spans, y) {
  const words = spans.filter(({ text }) => !BLOCKS.test(text));
  const bars = spans.filter(({ text }) => BLOCKS.test(text)).map(span => drawBar(span, y));
  if (words.length === 0) return bars.join('');
  const parts = words.map(
    ({ x, text, look }) => `<tspan x="${left(x)}"${look && ` class="${look}"`}>${escaped(text)}</tspan>`,
  );
  return `<text y="${top(y) + 15}">${parts.join('')}</text>${bars.join('')}`;
}

const EIGHTHS = '░▏▎▍▌▋▊▉█';
const BLOCKS = new RegExp(`^[${EIGHTHS}]+$`);

/** Block characters leave gaps in most fonts; a bar has none. @param {import('./cells.mjs').Span} span @param {number} y */
function drawBar({ x, text, look }, y) {
  const cells = [...text];
  const filled = cells.reduce((sum, cell) => sum + EIGHTHS.indexOf(cell) / 8, 0);
  const rest = cells.includes('░') ? box(x, y, cells.length, 'rest', 4) : '';
  return rest + box(x, y, filled, look, 4);
}

/** @param {number} x @param {number} y @param {number} columns @param {string} look @param {number} [inset] */
function box(x, y, columns, look, inset = 1) {
  const height = CELL.height - 2 * inset - 1;
  return `<rect class="${look}" x="${left(x)}" y="${top(y) + inset}" width="${+(columns * CELL.width).toFixed(1)}" height="${height}" rx="1"/>`;
}

const left = (/** @type {number} */ x) => +(MARGIN.x + x * CELL.width).toFixed(1);
const top = (/** @type {number} */ y) => MARGIN.top + y * CELL.height;
const escaped = (/** @type {string} */ text) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

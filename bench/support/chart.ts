import type { Section } from './bench.js';
import { unitText } from './format.js';
import { spreadOf } from './stats.js';

const WIDTH = 760;
const HEIGHT = 420;
const PLOT = { left: 70, right: 250, top: 46, bottom: 52 };
const COLOURS = ['#0b6e99', '#c2571a', '#4f8a10', '#8b3fa0', '#b8860b', '#555555'];

/** Lines against sizes, both scales logarithmic: a straight line is a power, its slope the exponent. The bars are least to most. */
export function chart(section: Section): string {
  const shown = section.series.filter(({ values }) =>
    values.some(list => list.length > 0 && spreadOf(list).median > 0),
  );
  const all = shown.flatMap(({ values }) => values.flat()).filter(value => value > 0);
  const [from, to] = [
    10 ** Math.floor(Math.log10(Math.min(...all))),
    10 ** Math.ceil(Math.log10(Math.max(...all))),
  ];
  const x = scale(section.sizes.at(0)!, section.sizes.at(-1)!, PLOT.left + 20, WIDTH - PLOT.right - 20);
  const y = scale(from, to, HEIGHT - PLOT.bottom, PLOT.top);
  const ends = spreadApart(shown.map(({ values }) => y(endOf(values))));
  const parts = shown.flatMap(({ label, values }, i) => {
    const colour = COLOURS[i % COLOURS.length]!;
    // A logarithm knows nothing of zero.
    const points = values
      .flatMap((list, at) => (list.length ? [{ x: x(section.sizes[at]!), ...spreadOf(list) }] : []))
      .filter(point => point.median > 0);
    return [
      `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${points.map(p => `${round(p.x)},${round(y(p.median))}`).join(' ')}"/>`,
      ...points.flatMap(p => [
        `<line stroke="${colour}" x1="${round(p.x)}" x2="${round(p.x)}" y1="${round(y(Math.max(p.min, from)))}" y2="${round(y(p.max))}"/>`,
        `<circle fill="${colour}" cx="${round(p.x)}" cy="${round(y(p.median))}" r="3.5"/>`,
      ]),
      `<text fill="${colour}" x="${WIDTH - PLOT.right + 2}" y="${round(ends[i]! + 4)}">${escaped(label)}</text>`,
    ];
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="12">
<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>
<text x="16" y="24" font-size="14" font-weight="600" fill="#222222">${escaped(`${section.title}, ${unitText[section.unit]}`)}</text>
${[...axisX(section, x), ...axisY(from, to, y), ...parts].join('\n')}
</svg>
`;
}

function axisX(section: Section, x: Scale): string[] {
  const base = HEIGHT - PLOT.bottom;
  return [
    `<line stroke="#888888" x1="${PLOT.left}" x2="${WIDTH - PLOT.right}" y1="${base}" y2="${base}"/>`,
    ...section.sizes.map(
      size =>
        `<text fill="#555555" text-anchor="middle" x="${round(x(size))}" y="${base + 18}">${size.toLocaleString('en-US')}</text>`,
    ),
    `<text fill="#555555" text-anchor="middle" x="${(PLOT.left + WIDTH - PLOT.right) / 2}" y="${base + 38}">${escaped(section.axis)}</text>`,
  ];
}

function axisY(from: number, to: number, y: Scale): string[] {
  const ticks: string[] = [];
  for (let value = from; value <= to * 1.001; value *= 10) {
    const at = round(y(value));
    ticks.push(
      `<line stroke="#e4e4e4" x1="${PLOT.left}" x2="${WIDTH - PLOT.right}" y1="${at}" y2="${at}"/>`,
      `<text fill="#555555" text-anchor="end" x="${PLOT.left - 8}" y="${at + 4}">${value.toLocaleString('en-US')}</text>`,
    );
  }
  return ticks;
}

type Scale = (value: number) => number;

function scale(from: number, to: number, start: number, end: number): Scale {
  if (from === to) return () => (start + end) / 2;
  return value =>
    start + ((Math.log(value) - Math.log(from)) / (Math.log(to) - Math.log(from))) * (end - start);
}

const endOf = (values: number[][]): number =>
  spreadOf(values.findLast(list => list.length > 0 && spreadOf(list).median > 0)!).median;

/** Labels at the ends of the lines, moved so far that none covers another. */
function spreadApart(wanted: number[]): number[] {
  const order = wanted.map((at, i) => ({ at, i })).sort((a, b) => a.at - b.at);
  const placed = [...wanted];
  let least = PLOT.top;
  for (const { at, i } of order) {
    placed[i] = Math.max(at, least);
    least = placed[i]! + 15;
  }
  return placed;
}

const round = (value: number) => Math.round(value * 10) / 10;
const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

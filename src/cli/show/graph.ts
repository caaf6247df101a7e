import { padEnd, widthOf } from './style.js';

/** A step to be drawn: below those that it comes after. */
export interface Node {
  name: string;
  after: readonly string[];
  /** One sign wide, colours apart. */
  mark: string;
  text: string;
}

/** Wider than that, a drawing explains nothing. */
const MOST_LANES = 12;

/** From which sides a line comes into a cell: up 1, down 2, left 4, right 8. */
const LINES = [' ', '│', '│', '│', '─', '╯', '╮', '┤', '─', '╰', '╭', '├', '─', '┴', '┬', '┼'];
const UP = 1;
const DOWN = 2;
const LEFT = 4;
const RIGHT = 8;

/**
 * A graph as lines of text: a lane for each step that others still wait for, as version control draws a history. `null`: it would be too wide.
 * @param nodes those that others come after first.
 */
export function graphLines(nodes: readonly Node[]): string[] | null {
  const lanes: (string | null)[] = [];
  const rows: { cells: string; text: string }[] = [];
  const waiting = new Map(
    nodes.map(({ name }) => [name, nodes.filter(other => other.after.includes(name)).length]),
  );
  for (const { name, after, mark, text } of nodes) {
    for (const before of after) waiting.set(before, waiting.get(before)! - 1);
    const from = after.map(before => lanes.indexOf(before));
    const ended = from.filter(lane => waiting.get(lanes[lane]!) === 0);
    const lane = ended.length > 0 ? Math.min(...ended) : freeLane(lanes);
    if (lane >= MOST_LANES) return null;
    if (from.some(other => other !== lane)) rows.push({ cells: joint(lanes, lane, from, ended), text: '' });
    for (const other of ended) lanes[other] = null;
    lanes[lane] = name;
    rows.push({ cells: row(lanes, lane, mark), text });
    if (waiting.get(name) === 0) lanes[lane] = null;
  }
  const width = Math.max(...rows.map(({ cells }) => widthOf(cells)));
  return rows.map(({ cells, text }) => (text ? `${padEnd(cells, width)}  ${text}` : cells));
}

function freeLane(lanes: (string | null)[]): number {
  const free = lanes.indexOf(null);
  return free < 0 ? lanes.length : free;
}

/** The row of a step: its mark, and the lanes that pass it. */
const row = (lanes: (string | null)[], own: number, mark: string): string =>
  lanes
    .map((name, lane) => (lane === own ? mark : name === null ? ' ' : '│'))
    .join(' ')
    .trimEnd();

/** The row above it, where lines come together or part. */
function joint(lanes: (string | null)[], own: number, from: number[], ended: number[]): string {
  const ends = [own, ...from];
  const [first, last] = [Math.min(...ends), Math.max(...ends)];
  let text = '';
  for (let lane = 0; lane < Math.max(lanes.length, own + 1); lane++) {
    const isOpen = (lanes[lane] ?? null) !== null;
    const staysOpen = lane === own || (isOpen && !ended.includes(lane));
    const across = lane >= first && lane <= last;
    const sides =
      (isOpen ? UP : 0) +
      (staysOpen ? DOWN : 0) +
      (across && lane > first ? LEFT : 0) +
      (across && lane < last ? RIGHT : 0);
    text += LINES[sides]! + (lane >= first && lane < last ? '─' : ' ');
  }
  return text.trimEnd();
}

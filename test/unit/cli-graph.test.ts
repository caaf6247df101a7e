import { describe, expect, it } from 'vitest';
import { graphLines } from '../../src/cli/show/graph.js';

const draw = (...steps: [name: string, ...after: string[]][]) =>
  graphLines(steps.map(([name, ...after]) => ({ name, after, mark: '○', text: name })));

describe('the drawing of a graph', () => {
  it('is a line for a chain', () => {
    expect(draw(['a'], ['b', 'a'], ['c', 'b'])).toEqual(['○  a', '○  b', '○  c']);
  });

  it('parts and comes together for a diamond', () => {
    expect(
      draw(['extract'], ['clean', 'extract'], ['score', 'extract'], ['publish', 'clean', 'score']),
    ).toEqual(['○    extract', '├─╮', '│ ○  clean', '○ │  score', '├─╯', '○    publish']);
  });

  it('lets lines pass others', () => {
    expect(draw(['a'], ['b'], ['c'], ['d', 'a', 'c'], ['e', 'b', 'd'])).toEqual([
      '○      a',
      '│ ○    b',
      '│ │ ○  c',
      '├─┼─╯',
      '○ │    d',
      '├─╯',
      '○      e',
    ]);
  });

  it('keeps a line open for whoever comes later', () => {
    expect(draw(['a'], ['b', 'a'], ['c', 'b'], ['d', 'c', 'a'])).toEqual([
      '○    a',
      '├─╮',
      '│ ○  b',
      '│ ○  c',
      '├─╯',
      '○    d',
    ]);
  });

  it('uses the room of lines that have ended', () => {
    expect(draw(['a'], ['b'], ['c', 'b'])).toEqual(['○  a', '○  b', '○  c']);
  });

  it('is none where it would be too wide', () => {
    const many = Array.from({ length: 13 }, (_, n) => [`s${n}`] as [string]);
    expect(draw(...many, ['last', ...many.map(([name]) => name)])).toBeNull();
  });
});

import { existsSync, readFileSync } from 'node:fs';
import ts from 'typescript';
import { expect, it } from 'vitest';
import { ROOT } from '../support/processes.js';

const rows = readFileSync(`${ROOT}test/process/README.md`, 'utf8')
  .split('\n')
  .filter(line => line.startsWith('| ') && !/^\| (---|fault|claim) /.test(line))
  .map(line => line.slice(2, -2).split(' | '));

it.each(rows.map(cells => [cells[0]!, cells.at(-1)!]))('%s: its tests are there', (_, shownBy) => {
  for (const one of shownBy.split('<br>')) {
    const [, file, title] = /^`([\w/.-]+\.test\.ts)` (.+)$/.exec(one) ?? [];
    expect(file, one).toBeDefined();
    const path = `${ROOT}test/${file}`;
    expect(existsSync(path), `${path} is not there`).toBe(true);
    expect(titlesIn(readFileSync(path, 'utf8')), `no test in ${file} is called`).toContain(title);
  }
});

it('takes for titles those of tests that run, and of groups of them', () => {
  const source = `
    const other = 'no title';
    describe('a group', () => {
      test.each([1])('each', () => expect('said').toBe('told'));
      for (const of of ['x']) test(\`of \${of}: it ends (\${of})\`, { timeout: 1 }, () => {});
    });
    describe.skip('left out', () => test('inside', () => {}));
    test.skipIf(others)('on some machines', () => {});
    test.todo('later');
    it.each([1]).skip('none of them', () => {});
  `;
  expect(titlesIn(source)).toEqual(['a group', 'each', 'of', 'it ends', 'on some machines']);
});

/** The titles of tests and groups that run, in the order of the file; of a title that is made up, each part that is written out. */
function titlesIn(source: string): string[] {
  const titles: string[] = [];
  const visit = (node: ts.Node): void => {
    const words = ts.isCallExpression(node) ? wordsOf(node.expression) : [];
    if (ts.isCallExpression(node) && /^(test|it|describe\w*)$/.test(words[0] ?? '')) {
      if (words.includes('skip') || words.includes('todo')) return;
      titles.push(...partsOf(node.arguments[0]));
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('a.test.ts', source, ts.ScriptTarget.Latest));
  return titles;
}

/** `test.each(rows)` is `test`, `each`. */
function wordsOf(called: ts.Expression): string[] {
  if (ts.isIdentifier(called)) return [called.text];
  if (ts.isPropertyAccessExpression(called)) return [...wordsOf(called.expression), called.name.text];
  return ts.isCallExpression(called) ? wordsOf(called.expression) : [];
}

function partsOf(title: ts.Expression | undefined): string[] {
  if (!title) return [];
  if (ts.isStringLiteralLike(title)) return [title.text];
  if (!ts.isTemplateExpression(title)) return [];
  const parts = [title.head.text, ...title.templateSpans.map(({ literal }) => literal.text)];
  return parts.map(part => part.replace(/^[\s:,()]+|[\s:,()]+$/g, '')).filter(Boolean);
}

import { cruise, type ICruiseOptions, type ICruiseResult } from 'dependency-cruiser';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';
import { describe, expect, it } from 'vitest';
import rules from '../.dependency-cruiser.cjs';

/**
 * With `types`, imports that the compiler leaves out count too. What is reached, and cycles, are questions of run time: two types of one
 * folder may name each other, such as a job and its context.
 */
async function look(types: boolean): Promise<ICruiseResult> {
  const atRunTime = ({ to }: { to: object }) => 'reachable' in to || 'circular' in to;
  const forbidden = rules.forbidden.filter(rule => !types || !atRunTime(rule));
  const settings = { ...rules.options, ruleSet: { forbidden }, validate: true, tsPreCompilationDeps: types };
  const { output } = await cruise(
    ['src'],
    settings as ICruiseOptions,
    {},
    { tsConfig: extractTSConfig('tsconfig.json') },
  );
  return output as ICruiseResult;
}

describe.each([
  { what: 'imports at run time', types: false },
  { what: 'imports with those of types', types: true },
])('$what', ({ types }) => {
  it('point one way, in no cycle, through the whole tree', async () => {
    const { modules, summary } = await look(types);
    // A cruise that cannot parse TypeScript sees nothing and is content.
    const ours = modules.filter(({ source }) => source.startsWith('src/'));
    expect(ours.length).toBeGreaterThan(50);
    expect(ours.flatMap(({ dependencies }) => dependencies).length).toBeGreaterThan(100);
    expect(summary.violations.map(inWords)).toEqual([]);
  });
});

type Violation = ICruiseResult['summary']['violations'][number];

function inWords({ rule, from, to, cycle, via }: Violation): string {
  const way = (cycle ?? via ?? []).map(({ name }) => name).join(' → ');
  return `${rule.name}: ${from} → ${to}${way && ` (${way})`}`;
}

import { cruise, type ICruiseOptions, type ICruiseResult } from 'dependency-cruiser';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';
import { describe, expect, it } from 'vitest';
import rules from '../.dependency-cruiser.cjs';

/** Questions of run time, where imports of types are gone. Two types of one folder may name each other, such as a job and its context. */
const AT_RUN_TIME = ['no-cycles', 'bundles-stay-small', 'author-types-only', 'testing-needs-no-redis'];
/** A file of types alone is used by types alone. */
const WITH_TYPES = ['unused'];

async function look(types: boolean): Promise<ICruiseResult> {
  const others = types ? AT_RUN_TIME : WITH_TYPES;
  const forbidden = rules.forbidden.filter(({ name }) => !others.includes(name));
  const settings = { ...rules.options, ruleSet: { forbidden }, validate: true, tsPreCompilationDeps: types };
  const resolution = { tsConfig: extractTSConfig('tsconfig.json') };
  const { output } = await cruise(['src'], settings as ICruiseOptions, {}, resolution);
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
    // Hundreds of files are parsed: on a busy machine that takes minutes.
  }, 300_000);
});

type Violation = ICruiseResult['summary']['violations'][number];

function inWords({ rule, from, to, cycle, via }: Violation): string {
  const way = (cycle ?? via ?? []).map(({ name }) => name).join(' → ');
  return `${rule.name}: ${from} → ${to}${way && ` (${way})`}`;
}

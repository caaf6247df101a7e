import { cruise, type ICruiseOptions, type ICruiseResult } from 'dependency-cruiser';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';
import { beforeAll, expect, it } from 'vitest';
import rules from '../.dependency-cruiser.cjs';

let result: ICruiseResult;

beforeAll(async () => {
  const { forbidden, options } = rules;
  const settings = { ...options, ruleSet: { forbidden }, validate: true } as ICruiseOptions;
  const report = await cruise(['src'], settings, {}, { tsConfig: extractTSConfig('tsconfig.json') });
  result = report.output as ICruiseResult;
});

it('looks at the whole tree', () => {
  // A cruise that cannot parse TypeScript sees nothing and is content.
  const ours = result.modules.filter(({ source }) => source.startsWith('src/'));
  expect(ours.length).toBeGreaterThan(50);
  expect(ours.flatMap(({ dependencies }) => dependencies).length).toBeGreaterThan(100);
});

it('has imports that point one way, no cycles, and no file that nothing leads to', () => {
  const violations = result.summary.violations.map(({ rule, from, to, cycle, via }) => {
    const way = (cycle ?? via ?? []).map(({ name }) => name).join(' → ');
    return `${rule.name}: ${from} → ${to}${way && ` (${way})`}`;
  });
  expect(violations).toEqual([]);
});

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { LedgerLine } from '../../jobs/_ledger.js';

export const FLIGHTS = fileURLToPath(
  new URL('../../node_modules/vega-datasets/data/flights-3m.parquet', import.meta.url),
);

/** The items in a ledger, in the order in which they were done. */
export function itemsIn(ledger: string): string[] {
  return linesIn(ledger).map(line => line.item);
}

function linesIn(ledger: string): LedgerLine[] {
  return readFileSync(ledger, 'utf8')
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as LedgerLine);
}

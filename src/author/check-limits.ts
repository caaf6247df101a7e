import { checkCount, checkDuration, refuseUnknown } from './checks.js';
import { type Fault, isRecord } from './fault.js';

/** More than this is no limit, and would be counted run by run. */
const MOST = 10_000;
const PATH = /^[^.\s]+(\.[^.\s]+)*$/;

/** `limit`, `concurrencyKey` and `retention` of a job. */
export function checkLimits(
  { limit, concurrencyKey, retention }: Record<string, unknown>,
  fault: Fault,
): void {
  if (limit !== undefined) checkLimit(limit, fault);
  if (concurrencyKey !== undefined) checkKey(concurrencyKey, fault);
  if (retention !== undefined) checkRetention(retention, fault);
}

function checkLimit(limit: unknown, fault: Fault): void {
  if (!isRecord(limit) || Object.keys(limit).length === 0)
    return fault(
      '/limit',
      'limit must be an object: { concurrency: 4, perKey: 1, rate: { max: 100, per: "1m" } }, or some of these',
    );
  refuseUnknown(limit, ['concurrency', 'perKey', 'rate'], 'limit.', fault);
  const { concurrency, perKey, rate } = limit;
  if (concurrency !== undefined) checkMost(concurrency, 'limit.concurrency', fault);
  if (perKey !== undefined) checkMost(perKey, 'limit.perKey', fault);
  if (rate === undefined) return;
  if (!isRecord(rate)) return fault('/limit/rate', 'limit.rate must be { max: 100, per: "1m" }');
  refuseUnknown(rate, ['max', 'per'], 'limit.rate.', fault);
  checkMost(rate.max, 'limit.rate.max', fault);
  if (checkDuration(rate.per, 'limit.rate.per', fault) === 0)
    fault('/limit/rate/per', 'limit.rate.per must be longer than 0');
}

function checkMost(value: unknown, field: string, fault: Fault): void {
  checkCount(value, field, fault);
  if ((value as number) > MOST)
    fault(`/${field.replaceAll('.', '/')}`, `${field} must be at most ${MOST}: leave it out for no limit`);
}

function checkKey(key: unknown, fault: Fault): void {
  if (typeof key === 'string' && key.length <= 200 && PATH.test(key)) return;
  fault(
    '/concurrencyKey',
    `concurrencyKey must be a path into the payload such as "customer.id": names separated by dots, not ${
      typeof key === 'function'
        ? 'a function (neither a server nor a plain producer could call it)'
        : JSON.stringify(key)
    }`,
  );
}

function checkRetention(retention: unknown, fault: Fault): void {
  if (!isRecord(retention) || Object.keys(retention).length === 0)
    return fault('/retention', 'retention must be { completed: "1d", failed: "30d" }, or one of these');
  refuseUnknown(retention, ['completed', 'failed'], 'retention.', fault);
  for (const [state, value] of Object.entries(retention))
    if (checkDuration(value, `retention.${state}`, fault) === 0)
      fault(`/retention/${state}`, `retention.${state} must be longer than 0`);
}

import { describe, expect, it } from 'vitest';
import { checkSize, decodeState, encodeState } from '../../src/model/state-codec.js';

class Own {
  field = 1;
}
const cyclic: Record<string, unknown> = { list: [1] };
(cyclic.list as unknown[]).push(cyclic);

describe('the codec of states', () => {
  it.each([
    ['null', null],
    ['undefined', undefined],
    ['JSON', { a: [1, 'two', true, null, { b: -1.5 }], '': 'empty key' }],
    ['undefined in an object and in an array', { a: undefined, b: [undefined, 1] }],
    ['Date', { at: new Date('2025-02-03T04:05:06.789Z') }],
    [
      'Map with keys of any kind',
      new Map<unknown, unknown>([
        ['k', 1],
        [{ x: 1 }, new Set([1n])],
      ]),
    ],
    ['Set', new Set([1, 'a', null])],
    ['BigInt', [2n ** 80n, -1n]],
    ['minus zero', [-0]],
    ['holes', Object.assign(new Array(3), { 0: 1, 2: 3 })],
    ['surrogates and separators', 'a\ud800\u2028</script>"\\'],
    ['Maps in Maps', new Map([['a', new Map([['b', new Date(0)]])]])],
  ])('keeps %s', (_, value) => {
    expect(decodeState(encodeState(value))).toStrictEqual(value);
  });

  it.each([
    ['a function', () => 1, ''],
    ['a method deep inside', { rows: [{}, { fn() {} }] }, '/rows/1/fn'],
    ['an instance of a class', { a: { own: new Own() } }, '/a/own'],
    ['an instance in a Map', { m: new Map([['k/x~', new Own()]]) }, '/m/k~1x~0'],
    ['an instance in a Set', { s: new Set([new Own()]) }, '/s/0'],
    ['a subclass of Map', { m: new (class extends Map {})() }, '/m'],
    ['a symbol', { s: Symbol('s') }, '/s'],
    ['a symbol as a key', { a: { [Symbol('s')]: 1 } }, '/a'],
    ['a cycle', cyclic, '/list/1'],
    ['a RegExp', { r: /x/ }, '/r'],
    ['a typed array', { b: new Uint8Array(1) }, '/b'],
    ['a URL', { u: new URL('http://example.org') }, '/u'],
    ['an Error', { e: new Error('x') }, '/e'],
    ['a promise', { p: Promise.resolve() }, '/p'],
    ['NaN', { n: [Number.NaN] }, '/n/0'],
    ['Infinity', { n: Number.POSITIVE_INFINITY }, '/n'],
    ['an invalid Date', { d: new Date(Number.NaN) }, '/d'],
    ['the key __proto__', JSON.parse('{"a":{"__proto__":1}}'), '/a'],
    ['a boxed text', { t: Object('text') }, '/t'],
  ])('refuses %s and names the path', (_, value, pointer) => {
    expect(() => encodeState(value)).toThrow(
      expect.objectContaining({ code: 'bad-state', errors: [expect.objectContaining({ pointer })] }),
    );
    if (pointer) expect(() => encodeState(value)).toThrow(`(${pointer})`);
  });

  it('refuses what is nested too deep for any reader', () => {
    let deep: unknown = 1;
    for (let i = 0; i < 100_000; i++) deep = [deep];
    expect(() => encodeState(deep)).toThrow('nested too deep');
  });

  it('shows the path as code, too', () => {
    expect(() => encodeState({ a: [{ 'odd key': new Map([['k', () => 1]]) }] })).toThrow(
      'a[0]["odd key"].get("k")',
    );
  });

  it('reads what devalue wrote', () => {
    expect(decodeState('[{"a":1},2]')).toEqual({ a: 2 });
  });

  it('refuses text that is no state', () => {
    for (const text of ['', '=', '={', 'x', '[{"a":99}]']) expect(() => decodeState(text)).toThrow('damaged');
  });

  it('names job and size where a state is too large', () => {
    const text = encodeState('é'.repeat(100));
    expect(checkSize(text, 1_000, 'big')).toBe(203);
    expect(() => checkSize(text, 202, 'big')).toThrow(/job "big" has 203 bytes, the limit is 202/);
  });
});

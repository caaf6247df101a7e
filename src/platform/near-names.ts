/** How a message ends about a name that is not there: what may have been meant, or where there is nothing like it `otherwise`, which says where to look. */
export function didYouMean(wanted: string, names: Iterable<string>, otherwise: string): string {
  const near = nearNames(wanted, names);
  return near.length > 0 ? `did you mean ${near.join(' or ')}?` : otherwise;
}

/** Up to three of `names` that somebody who wrote `wanted` may have meant, the nearest first. */
function nearNames(wanted: string, names: Iterable<string>): string[] {
  const most = Math.max(2, Math.floor(wanted.length / 3));
  return [...new Set(names)]
    .map(name => ({
      name,
      away: name.includes(wanted) || wanted.includes(name) ? 1 : distance(wanted, name),
    }))
    .filter(({ away }) => away <= most)
    .sort((a, b) => a.away - b.away)
    .slice(0, 3)
    .map(({ name }) => name);
}

/** Letters to change, insert or leave out (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}

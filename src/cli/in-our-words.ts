/** What a server says to clients of its API, as whoever types commands would say it. */
const WORDS: [theirs: RegExp, ours: string][] = [
  [/GET \/v1\/jobs lists them/, '"slackwater release ls" and "slackwater release show ID" list them'],
  [/GET \/v1\/queues lists them/, '"slackwater queues" lists them'],
  [/say which with \?app=, one of/, 'say which with --app, one of'],
  [/\(follow \/v1\/windows\/(\S+)\/events\)/, '(slackwater window watch $1)'],
  [/"drainTimeout"/, '--drain-timeout'],
  [/"maxDuration"/, '--max-duration'],
];

export const inOurWords = (message: string): string =>
  WORDS.reduce((text, [theirs, ours]) => text.replace(theirs, ours), message);

/** What a server says to clients of its API, as whoever types commands would say it. */
const WORDS: [theirs: RegExp, ours: string][] = [
  [/GET \/v1\/jobs lists them/, '"slackwater release ls" and "slackwater release show ID" list them'],
  [/GET \/v1\/releases lists them/, '"slackwater release ls" lists them'],
  [/GET \/v1\/queues lists them/, '"slackwater queues" lists them'],
  [/say which with \?app=, one of/, 'say which with --app, one of'],
  [/\(follow \/v1\/windows\/(\S+)\/events\)/, '(slackwater window watch $1)'],
  [/["/]?\bdrainTimeout\b"?/g, '--drain-timeout'],
  [/"?\bmaxDuration\b"?/g, '--max-duration'],
  [/"startsAt"|\/startsAt\b/g, '--at'],
  [/\/rolling is for/, '--batch or --pause is for'],
  [/\/canary is for/, '--steps or --step is for'],
  [/\/rolling\/(batch|pause)\b|\/canary\/(steps?)\b/g, '--$1$2'],
  [/\/watch\/duration\b/g, '--watch-for'],
  [/"strategy"|\/strategy\b/g, '--strategy'],
  [/"choice"/g, '--choice'],
  [/under another name in X-Slackwater-Actor/, 'under another name with --as'],
];

export const inOurWords = (message: string): string =>
  WORDS.reduce((text, [theirs, ours]) => text.replace(theirs, ours), message);

import type { Redis } from '../../../src/store/redis.js';
import { retried } from './chosen-stories.js';
import type { Story } from './story.js';
import type { HostBugs } from './world.js';

/** An error that is put in on purpose: into the text of a script, or into what hosts do. */
export interface Mutation {
  bug: string;
  /** What has to be there, once each, and what stands in its place. */
  script?: { name: string; change: [from: string, to: string][] };
  hosts?: HostBugs;
  /** Left out: any. */
  stories?(seed: number): Story;
  /** The promise that stories find broken … */
  breaks: RegExp;
  /** … and the first story that did: those after it are told only where it does so no more. */
  from: number;
}

const LOCK = "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return ";
const GOES_ON = 'if false then';

/**
 * Not here, since another layer makes them harmless: a `take-due` that gives a workflow run to two hosts at once, or a second round of `addJob` (all that follows may be done twice); a `settle-step`
 * or `begin-workflow` that leaves out the fence alone (who lost its claim has lost its lock as well, so of `settle-step` both go); a `begin-workflow` that begins twice (who claims the run has
 * read that it has begun, unless it lost its claim in between).
 */
export const MUTATIONS: Mutation[] = [
  {
    bug: 'a run that is settled twice counts twice',
    script: { name: 'settle-step', change: [["== 0 then return {'kept'} end", '== 2 then return {} end']] },
    breaks: /are still to come|are still to end|has not ended/,
    from: 9,
  },
  {
    bug: 'a step is expanded twice',
    script: {
      name: 'expand-step',
      change: [["if redis.call('HGET', wf, 's:' .. name) ~= 'ready' then", GOES_ON]],
    },
    breaks: /come of two answers|does not end|still to end|again/,
    from: 32,
  },
  {
    bug: 'a step begins when the last of those before it has ended',
    script: {
      name: 'settle-step',
      change: [['if not SETTLED[before] then open = true end', 'open = not SETTLED[before]']],
    },
    breaks: /is given as|is computed while|has not ended, and is asked for/,
    from: 14,
  },
  {
    bug: 'who lost its claim may settle',
    script: {
      name: 'settle-step',
      change: [
        [`${LOCK}{'lost'} end`, ''],
        ["~= ARGV[2] then return {'fenced'} end", "== '' then end"],
      ],
    },
    breaks: /is computed again, after it was settled|is done again|and was not done|are still to come/,
    from: 87,
  },
  {
    bug: 'a run that was settled before its host died is computed again',
    script: {
      name: 'start-run',
      change: [
        ["local settled = ARGV[8] ~= '' and redis.call('HGET', KEYS[4], ARGV[8])", 'local settled = false'],
      ],
    },
    breaks: /is computed again, after it was settled|is done again/,
    from: 63,
  },
  {
    bug: 'a workflow run rests though it has changed since it was looked at',
    script: { name: 'rest-workflow', change: [['~= ARGV[2] then return 0 end', "== 'x' then return 0 end"]] },
    breaks: /does not end/,
    from: 144,
  },
  {
    bug: 'a retried run that no host has claimed yet is not proven',
    script: { name: 'reopen-run', change: [["redis.call('SADD', reopened, id)", '']] },
    stories: retried,
    breaks: /does not fit a release that was proven/,
    from: 27,
  },
  { bug: 'nobody looks at the agenda', hosts: { sweep: true }, breaks: /does not end/, from: 3 },
  {
    bug: 'a host does not care for its gate',
    hosts: { gate: true },
    breaks: /while its gate is closed|on an old word/,
    from: 3,
  },
  {
    bug: 'a host that was away goes on on its old word',
    hosts: { word: true },
    breaks: /on an old word/,
    from: 29,
  },
];

/**
 * Has all that is sent by this connection run the script with the error in it. @returns whether it was sent.
 * The first use throws where the text that it takes the place of is not there any more.
 */
export function plant(redis: Redis, { name, change }: NonNullable<Mutation['script']>): () => boolean {
  const define = redis.defineCommand.bind(redis);
  let isSent = false;
  redis.defineCommand = (as, definition) => {
    if (as !== `sw_${name.replaceAll('-', '_')}`) return define(as, definition);
    const lua = change.reduce((text, each) => changed(name, text, each), definition.lua);
    isSent = true;
    define(as, { ...definition, lua });
  };
  return () => isSent;
}

function changed(name: string, lua: string, [from, to]: [string, string]): string {
  const parts = lua.split(from);
  if (parts.length === 2) return parts.join(to);
  throw new Error(
    `${name}.lua has ${JSON.stringify(from)} ${parts.length - 1} times: put this error in anew`,
  );
}

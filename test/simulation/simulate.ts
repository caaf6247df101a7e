import { type Story, storyOf } from './story.js';
import { type Options, type Told, World } from './world.js';

export const tell = (story: Story, options: Options = {}): Promise<Told> => new World(story, options).tell();

/** The same story without the faults that it does not need to go wrong. */
async function shortest(story: Story, options: Options = {}): Promise<Story> {
  let shorter = story;
  for (const fault of story.faults) {
    const without = { ...shorter, faults: shorter.faults.filter(each => each !== fault) };
    if ((await tell(without, options)).violation) shorter = without;
  }
  return shorter;
}

/** A violation as people want to read it: what, by which seed, what it takes, and the last of what happened. */
export async function explain(seed: number, options: Options = {}): Promise<string> {
  const story = await shortest(storyOf(seed), options);
  const { violation, trace } = await tell(story, { ...options, keepTrace: true });
  const { window, hosts, servers, releases } = story;
  const { strategy, onDrainTimeout } = window;
  const faults = story.faults.map(({ kind, at, ms, which }) => `  ${at}: ${kind} (${which}, ${ms} ms)`);
  return [
    `seed ${seed} breaks a promise: ${violation?.message}`,
    `replay: SLACKWATER_SIM_SEED=${seed} npx vitest run --project unit test/simulation/simulation.test.ts`,
    `a ${strategy} window (${onDrainTimeout}), ${servers} servers, ${hosts} hosts, ${story.runs.length} runs`,
    `new release: ${JSON.stringify(releases.new)}`,
    `what it takes to go wrong:`,
    ...(faults.length > 0 ? faults : ['  nothing']),
    'what happened:',
    ...trace,
  ].join('\n');
}

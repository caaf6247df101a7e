import { readPayload } from '../arguments.js';
import { connect, part } from '../connect.js';
import type { CommonOptions } from '../define.js';
import { print, printJson } from '../output.js';

export async function signal(
  id: string,
  name: string,
  options: CommonOptions & { payload?: string },
): Promise<void> {
  const payload = options.payload === undefined ? null : readPayload(options.payload);
  const path = `/v1/runs/${part(id)}/signals/${part(name)}`;
  const answer = await connect(options).post<{ run: string; signal: string; taken: boolean }>(path, {
    payload,
  });
  if (options.json) return printJson(answer);
  print(`${answer.run}  ${name}  ${answer.taken ? 'taken' : 'kept until its step waits for it'}`);
}

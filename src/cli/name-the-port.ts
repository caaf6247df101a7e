import { SlackwaterError } from '../platform/errors.js';

/** A port that is taken, told with what to do about it; any other error as it is. */
export function nameThePort(error: unknown, port: number, command: 'dev' | 'serve'): unknown {
  const { code } = ((error as Error).cause ?? error) as NodeJS.ErrnoException;
  if (code !== 'EADDRINUSE' && code !== 'EACCES') return error;
  const why = code === 'EADDRINUSE' ? 'is taken by another process' : 'may not be used by this user';
  return new SlackwaterError(
    'bad-config',
    `port ${port} ${why}: choose another, such as "slackwater ${command} --port ${port < 65_535 ? port + 1 : 0}", or 0 for a free one`,
    [],
    { cause: error },
  );
}

import { loadConfig } from '../../config/load.js';
import { createServer } from '../../server/server.js';
import { nameThePort } from '../name-the-port.js';
import { print } from '../output.js';
import { untilAsked } from '../until-asked.js';

export interface ServeOptions {
  port?: number;
  host?: string;
  config?: string;
}

/** Runs a server until it is asked to leave. The address goes to stdout once it serves. */
export async function serve(options: ServeOptions): Promise<void> {
  const env = {
    ...process.env,
    ...(options.port === undefined ? {} : { SLACKWATER_PORT: String(options.port) }),
    ...(options.host === undefined ? {} : { SLACKWATER_HOST: options.host }),
  };
  const config = loadConfig({ file: options.config, env });
  const server = createServer(config);
  try {
    await untilAsked(server, () => print(`ready ${server.url}`));
  } catch (error) {
    throw nameThePort(error, config.server.port, 'serve');
  }
}

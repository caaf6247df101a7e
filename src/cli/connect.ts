import { type Client, createClient } from './client.js';
import type { CommonOptions } from './define.js';

/** The server that a command's options and the environment name. */
export const connect = (options: CommonOptions & { as?: string }): Client =>
  createClient({ url: options.url, actor: options.as });

/** An ID as a part of a path. */
export const part = (id: string): string => encodeURIComponent(id);

import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onEnd } from './lifetime.js';

export interface LossyLink {
  /** Of Redis, over it. */
  readonly url: string;
  /** Whether the answer has been lost. */
  lost(): boolean;
}

/**
 * A link to Redis that loses one answer: the first request that fits is passed on, and the connection is closed before Redis has said what came of it. Then the link is as good as
 * any. Closed when the test ends.
 */
export async function losingAnAnswer(url: string, fits: (sent: string) => boolean): Promise<LossyLink> {
  const { hostname, port, pathname, protocol } = new URL(url);
  const sockets = new Set<Socket>();
  let lost = false;
  const server = createServer(client => {
    const redis = protocol === 'unix:' ? connect(pathname) : connect(Number(port || 6_379), hostname);
    let loses = false;
    for (const [from, to] of [
      [client, redis],
      [redis, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => {});
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
    client.on('data', data => {
      if (!lost && fits(data.toString())) lost = loses = true;
      redis.write(data);
    });
    redis.on('data', data => {
      // It has been done: that was the answer.
      if (loses) client.destroy();
      else client.write(data);
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onEnd(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise(resolve => server.close(resolve));
  });
  return { url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`, lost: () => lost };
}

import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onEnd } from './lifetime.js';

/** A link that can be cut. Both ends believe that it is there: nothing is closed, what is sent is only not delivered. */
export interface TcpProxy {
  readonly port: number;
  cut(): void;
  /** Delivers what was sent meanwhile, and goes on. */
  restore(): void;
  /** From now on each piece arrives `ms` later. */
  slow(ms: number): void;
}

/** Listens on a free port of loopback and passes everything on to `port` there; closed when the test ends. */
export async function tcpProxy(port: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let open = true;
  let delayMs = 0;
  const waiting = new Set<() => void>();

  const server = createServer({ pauseOnConnect: true }, client => {
    const upstream = connect(port, '127.0.0.1');
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => {});
      from.on('close', () => {
        sockets.delete(from);
        // What is on its way still arrives.
        deliver(() => to.destroy());
      });
      from.on('data', data => deliver(() => to.write(data)));
    }
    client.resume();
  });

  function deliver(piece: () => void): void {
    const pass = () => (open ? piece() : waiting.add(piece));
    if (delayMs > 0) setTimeout(pass, delayMs);
    else pass();
  }

  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onEnd(async () => {
    waiting.clear();
    for (const socket of sockets) socket.destroy();
    await new Promise(resolve => server.close(resolve));
  });
  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      open = false;
    },
    restore() {
      open = true;
      for (const piece of waiting) piece();
      waiting.clear();
    },
    slow(ms) {
      delayMs = ms;
    },
  };
}

import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Scope } from '../support/scope.js';

/** The network between one process and Redis. */
export interface Link {
  readonly port: number;
  /** Nothing is delivered any more, in neither direction; both ends believe that the other is there. */
  cut(): void;
  /** Every connection breaks; new ones are made at once. */
  reset(): void;
  /** Each piece arrives `ms` later. */
  slow(ms: number): void;
  /** As if nothing had been; what was cut off arrives now. */
  mend(): void;
}

/** Listens on a free port of loopback, and passes everything on to `port` there. */
export async function openLink(port: number, scope: Scope): Promise<Link> {
  const sockets = new Set<Socket>();
  const kept: (() => void)[] = [];
  let isCut = false;
  let delayMs = 0;

  const deliver = (piece: () => void) => {
    if (isCut) kept.push(piece);
    else piece();
  };
  const carry = (from: Socket, to: Socket) => {
    // Pieces stay in their order also where the delay changes on their way.
    let last = Promise.resolve();
    const pass = (piece: () => void) => {
      const arrived = delayMs > 0 ? new Promise(done => setTimeout(done, delayMs)) : null;
      last = last.then(() => arrived).then(() => deliver(piece));
    };
    sockets.add(from);
    from.on('data', data => pass(() => to.write(data)));
    from.on('error', () => {});
    from.on('close', () => {
      sockets.delete(from);
      pass(() => to.destroy());
    });
  };
  const server = createServer(client => {
    const upstream = connect(port, '127.0.0.1');
    carry(client, upstream);
    carry(upstream, client);
  });
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  const destroyAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  scope.defer(async () => {
    const closed = new Promise(done => server.close(done));
    destroyAll();
    await closed;
  });
  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      isCut = true;
    },
    reset: destroyAll,
    slow(ms) {
      delayMs = ms;
    },
    mend() {
      isCut = false;
      delayMs = 0;
      for (const piece of kept.splice(0)) piece();
    },
  };
}

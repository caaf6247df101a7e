import { connect, createServer, type Socket } from 'node:net';
import { onEnd } from './lifetime.js';

/** A way to a port of loopback that can be cut like a cable: nothing comes through in either direction, and neither end is told. */
export interface Cable {
  readonly port: number;
  cut(): void;
  /** What was on its way arrives, late. */
  mend(): void;
}

/** It is gone when the test (or the file) ends. */
export async function cableTo(port: number): Promise<Cable> {
  let whole = true;
  const sockets = new Set<Socket>();
  const onItsWay: (() => void)[] = [];
  const pass = (act: () => void) => {
    if (whole) act();
    else onItsWay.push(act);
  };
  const carry = (from: Socket, to: Socket) => {
    sockets.add(from);
    from.on('data', chunk => pass(() => to.write(chunk)));
    from.on('error', () => {});
    from.on('close', () => {
      sockets.delete(from);
      pass(() => to.destroy());
    });
  };
  const server = createServer(near => {
    near.pause();
    pass(() => {
      const far = connect(port, '127.0.0.1');
      carry(near, far);
      carry(far, near);
      near.resume();
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onEnd(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    port: (server.address() as { port: number }).port,
    cut() {
      whole = false;
    },
    mend() {
      whole = true;
      for (const act of onItsWay.splice(0)) act();
    },
  };
}

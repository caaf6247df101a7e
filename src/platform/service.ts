/**
 * One shape for everything that lives long (server, engine, host, pools): `start` resolves when it serves, `stop` when
 * nothing of it is left. Both may be called twice.
 */
export interface Service {
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts in order; when one fails, stops those already started, in reverse. Stops in reverse order. */
export function serviceGroup(services: Service[]): Service {
  const started: Service[] = [];
  const stop = async () => {
    for (const service of started.splice(0).reverse()) await service.stop();
  };
  return {
    async start() {
      try {
        for (const service of services.slice(started.length)) {
          await service.start();
          started.push(service);
        }
      } catch (error) {
        await stop();
        throw error;
      }
    },
    stop,
  };
}

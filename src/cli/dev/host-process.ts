import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Service } from '../../platform/service.js';
import { say } from '../output.js';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));
/** A host that ends by itself is started again, this much later, ms. */
const RESTART_AFTER = 1_000;
/** A host gives its runs back within half a minute; one that has not left after this is ended, and others find its runs. */
const LEAVE_WITHIN = 45_000;

/**
 * A host as a process of its own, so that nothing here can keep its loop from renewing claims. It stands in its own session: a Ctrl-C on
 * the terminal is for us, who stop it in its turn; and it leaves by itself when the IPC channel closes, should we be killed.
 */
export function hostProcess(env: NodeJS.ProcessEnv): Service {
  let child: ChildProcess | undefined;
  let restart: NodeJS.Timeout | undefined;
  let leaving = false;

  function launch(): ChildProcess {
    const host = fork(MAIN, ['host'], { env, detached: true, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    host.once('exit', (code, signal) => {
      if (leaving) return;
      say(`the host ended (${signal ?? `exit code ${code}`}); it is started again`);
      restart = setTimeout(() => (child = launch()), RESTART_AFTER);
    });
    return host;
  }

  return {
    /** Resolves when the host has reached its Redis and claims runs. */
    async start() {
      child = launch();
      await new Promise<void>((done, failed) => {
        child!.once('message', () => done());
        child!.once('exit', code =>
          failed(new Error(`the host did not start (exit code ${code}): see its message above`)),
        );
      });
    },
    async stop() {
      leaving = true;
      clearTimeout(restart);
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const host = child;
      const impatience = setTimeout(() => host.kill('SIGKILL'), LEAVE_WITHIN);
      host.kill('SIGTERM');
      await once(host, 'exit');
      clearTimeout(impatience);
    },
  };
}

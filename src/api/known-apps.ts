import { didYouMean } from '../platform/near-names.js';
import { listApps } from '../store/intents.js';
import type { Store } from '../store/redis.js';
import { wrongField } from './validation.js';

/** @throws SlackwaterError `invalid-body` for an app that never pushed a release, naming those that it may have meant. */
export async function checkApp(store: Store, app: string): Promise<void> {
  const apps = await listApps(store);
  if (apps.includes(app)) return;
  const hint = didYouMean(app, apps, 'push a release of it first');
  throw wrongApp(`there is no app ${JSON.stringify(app)}: ${hint}`);
}

/** The only app there is, for requests that name none. @throws SlackwaterError `invalid-body` where there are others. */
export async function onlyApp(store: Store): Promise<string> {
  const apps = await listApps(store);
  if (apps.length === 1) return apps[0]!;
  throw wrongApp(
    apps.length === 0
      ? 'there is no app yet: push a release first'
      : `there are several apps: name one of ${apps.slice(0, 10).join(', ')}`,
  );
}

const wrongApp = (detail: string) => wrongField('/app', detail);

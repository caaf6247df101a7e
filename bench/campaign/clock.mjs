// Preloaded (`node --import`) into servers and hosts: their clock is wrong by what a file says (ms), which may change at any time. The monotonic
// clock stays right, as on a real machine whose time is set.
import { readFileSync, watchFile } from 'node:fs';

const file = String(process.env.CAMPAIGN_CLOCK);
const RealDate = Date;
const now = () => RealDate.now() + offset;
let offset = read();
watchFile(file, { interval: 500, persistent: false }, () => {
  offset = read();
});

function read() {
  return Number(readFileSync(file, 'utf8'));
}

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, self) => Reflect.construct(target, args.length > 0 ? args : [now()], self),
  apply: () => new RealDate(now()).toString(),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
});

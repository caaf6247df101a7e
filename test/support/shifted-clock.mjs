// Preloaded into a process (`node --import`): its clock on the wall is off by as many ms as the file `CLOCK_SHIFT` says, and jumps when that changes. As
// with a real jump, what measures time from the start of the machine (timers, performance.now) goes on as before.
import { readFileSync } from 'node:fs';

const RealDate = Date;
let shift = 0;

function read() {
  try {
    shift = Number(readFileSync(process.env.CLOCK_SHIFT ?? '', 'utf8'));
  } catch {
    shift = 0;
  }
}

const now = () => RealDate.now() + shift;

read();
setInterval(read, 20).unref();
globalThis.Date = new Proxy(RealDate, {
  // What is made is a real date, so that whoever asks what it is gets the usual answer.
  construct: (_, args) => Reflect.construct(RealDate, args.length > 0 ? args : [now()]),
  apply: () => new RealDate(now()).toString(),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
});

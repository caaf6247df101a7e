import { Socket } from 'node:net';

/**
 * The thread that ends its process when the host's right to the runs has ended. It reads deadlines from file descriptor 4, each a 64-bit
 * little-endian integer: nanoseconds of the monotonic clock, 0 for "no run here, no deadline".
 */
const LOOK_EVERY_MS = 50;
const die = () => process.kill(process.pid, 'SIGKILL');

let deadline = 0n;
let rest = Buffer.alloc(0);

const pipe = new Socket({ fd: 4, readable: true, writable: false });
pipe.on('data', chunk => {
  rest = Buffer.concat([rest, chunk]);
  const whole = rest.length - (rest.length % 8);
  if (whole > 0) deadline = rest.readBigUInt64LE(whole - 8);
  rest = rest.subarray(whole);
});
pipe.on('end', die);
pipe.on('error', die);

setInterval(() => {
  if (deadline !== 0n && process.hrtime.bigint() > deadline) die();
}, LOOK_EVERY_MS);

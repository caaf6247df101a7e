#!/usr/bin/env node
import { createProgram } from './program.js';
import { report } from './report-error.js';

process.title = 'slackwater';
// A reader that has seen enough (`| head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

try {
  await createProgram().parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

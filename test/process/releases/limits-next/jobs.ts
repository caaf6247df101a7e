// The same jobs in another release.
export * from '../limits/jobs.js';
export const release = 'next';

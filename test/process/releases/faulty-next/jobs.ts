export * from '../_faulty.js';
export * from '../v2/jobs.js';

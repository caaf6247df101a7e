export * from '../_faulty.js';
export * from '../v1/jobs.js';

import { flows } from '../_flow.js';

export const { extract, score, publish, moody, nightly, approved, moods } = flows(2);

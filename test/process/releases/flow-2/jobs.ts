import { flows } from '../_flow.js';

export const { extract, score, publish, nightly, approved } = flows(2);

export { type BuiltRelease, buildRelease } from './build.js';
export { readRelease } from './folder.js';

export { verifyFiles } from '../model/manifest.js';
export { type BuildOptions, type BuiltRelease, buildRelease } from './build.js';
export { type ReleaseFolder, readRelease, writeRelease } from './folder.js';

export { default } from '../../../../jobs/nightly.js';
/** Makes it another release. */
export const release = 2;

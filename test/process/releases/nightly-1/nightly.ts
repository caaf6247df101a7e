export { default } from '../../../../jobs/nightly.js';

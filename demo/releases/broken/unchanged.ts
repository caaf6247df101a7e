// A release holds all jobs of the app, those that did not change as well.
export { default as airports } from '../../../jobs/airports.js';
export { default as confidence } from '../../../jobs/confidence.js';
export { default as nightly } from '../../../jobs/nightly.js';
export { default as routes } from '../../../jobs/routes.js';
export { default as scorecard } from '../../../jobs/scorecard.js';

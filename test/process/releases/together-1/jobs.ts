export { fast, long, short, slow } from '../_together.js';

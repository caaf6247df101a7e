import { rolls } from '../_roll.js';

export const { list, each, roll } = rolls('roll.first');

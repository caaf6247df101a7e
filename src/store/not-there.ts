import { SlackwaterError } from '../platform/errors.js';
import { didYouMean } from '../platform/near-names.js';

/** `there is no window win-1: did you mean win-2?` @param otherwise what to do where none of `known` is like it. */
export const notThere = (kind: string, name: string, known: string[], otherwise: string): SlackwaterError =>
  new SlackwaterError('not-found', `there is no ${kind} ${name}: ${didYouMean(name, known, otherwise)}`);

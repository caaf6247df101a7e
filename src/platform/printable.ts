/** A line of others (an error, the output of a hook) for a terminal: it is not to move the cursor, nor to colour what follows. */
export const printable = (line: string): string =>
  line
    .replace(/\p{Cc}\[[\d;?]*[A-Za-z]/gu, '')
    .replace(/\p{Cc}/gu, ' ')
    .trimEnd();

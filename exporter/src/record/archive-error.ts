import { withoutRawKeys } from '../keys/raw-keys.ts';

/** The archive cannot be read; the message is for people and says what to do. */
export class ArchiveError extends Error {
  constructor(cause: Error) {
    const [what] = withoutRawKeys(cause.message).trim().split('\n');
    // What is not sealed yet is in no manifest.
    super(/\.spool\b/.test(what) ? what : `${what}; if a file is damaged, audit verify names it`, { cause });
    this.name = 'ArchiveError';
  }
}

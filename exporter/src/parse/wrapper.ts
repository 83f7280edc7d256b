import type { Outcome } from './log-record.ts';

/** What stands around a line, put there by what carried it. After an ACCEPTED `peel`, bytes[start, end) is the line. */
export interface Wrapper {
  bytes: Buffer;
  start: number;
  end: number;
  peel(bytes: Buffer, start: number, end: number): Outcome;
  /** After the peeled line was rejected: whether there is another way to read it, which bytes[start, end) is then. */
  another(): boolean;
  /** After all readings were rejected: whether the line may go on in the next record; it is kept for that then. */
  keep(): boolean;
  /** The parts so far of lines that are not whole yet, where the runtime splits lines. */
  unfinished?(): Buffer[];
}

/** A file as the lines' receiver knows it. `id` is the id of its FilePosition. */
export interface FileRef {
  id: number;
  source: string;
}

/** Who receives the lines. The bytes are the reader's own block: valid, and free to be rewritten, until the call returns. */
export interface LineSink {
  /**
   * A complete line, without its terminator (LF or CRLF), BOM and NUL runs. Returns false when it is only the
   * first part of a record: then the file's position must stay before it until a later line returns true.
   */
  line(file: FileRef, bytes: Buffer, start: number, end: number): boolean;
  /** The last bytes of a finished file, without newline: counted if they are a valid record, else rejected as partial. */
  lastLine(file: FileRef, bytes: Buffer, start: number, end: number): void;
  /** What was read of a line that is over-long. The reader counts it; its bytes are here for an example. */
  tooLong?(file: FileRef, bytes: Buffer, start: number, end: number): void;
  /** No more lines of this file will come. */
  finished(file: FileRef): void;
  /** Where the sink has lines of big blocks parsed ahead. */
  readonly ahead?: LinesAhead | undefined;
}

/** Lines of a block that are parsed elsewhere while those before them are handed over one by one. */
export interface LinesAhead {
  /**
   * The complete lines bytes[start, end), without NULs, are going to be handed over. Those from `next` on may be
   * parsed, and their bytes be rewritten, from now on.
   */
  begin(file: FileRef, bytes: Buffer, start: number, end: number, maxLineBytes: number): void;
  /** Where lines begin that take() is to be asked for; infinite = nowhere. */
  readonly next: number;
  /** Takes in lines from `next` on and moves it. Returns the place behind those lines; the ones from there up to the new `next` are handed over as ever. */
  take(): number;
}

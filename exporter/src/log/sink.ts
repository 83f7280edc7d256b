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
  /** No more lines of this file will come. */
  finished(file: FileRef): void;
}

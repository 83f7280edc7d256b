import type { FileRef, LineSink } from './sink.ts';

const LF = 10;
const CR = 13;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

/** What the splitter needs to know of the bytes it is given. */
export interface LineContext {
  file: FileRef;
  /** Longer lines (without terminator) are rejected, counted once. */
  maxLineBytes: number;
  /** The bytes are the first of the file: a byte order mark is passed over. */
  fileStart: boolean;
  /** The bytes begin inside an over-long line that is counted already. */
  skipping: boolean;
  /** The sink holds the first part of a record. */
  recordOpen: boolean;
  /** Whether there is a NUL in the bytes, where that is known already. */
  containsNul?: boolean | undefined;
}

/**
 * Cuts a block of bytes into lines. LF and CRLF end a line; a run of two or more NULs (what a hole in a
 * file reads as) ends one too; blank lines and NULs before a line are passed over. A partial line at the
 * end of the block stays unconsumed, so nothing is carried from block to block: the caller offers those
 * bytes again when there are more.
 *
 * The results of the last split() are in the fields, as places in its buffer.
 */
export class LineSplitter {
  /** The bytes before this are done with. */
  consumed = 0;
  /** The bytes before this belong to complete records; equals `consumed` unless a record is open. */
  committable = 0;
  recordOpen = false;
  skipping = false;
  /** Over-long lines met. */
  tooLong = 0;

  /** `meanwhile` is called once, when another thread may have begun to parse and no line is taken yet; it must not throw. */
  split(
    context: LineContext,
    sink: LineSink,
    bytes: Buffer,
    start: number,
    end: number,
    meanwhile: () => void = () => {},
  ): void {
    const { file, maxLineBytes } = context;
    const block = bytes.length === end ? bytes : bytes.subarray(0, end);
    const containsNul = context.containsNul ?? hasNul(block, start);
    let open = context.recordOpen;
    let at = start;
    this.tooLong = 0;
    this.skipping = context.skipping;
    this.committable = start;

    if (this.skipping) {
      const newline = block.indexOf(LF, at);
      if (newline === -1) {
        this.end(end, end, false);
        return;
      }
      at = newline + 1;
      this.skipping = false;
    } else if (context.fileStart && startsWithBom(block, at)) at += BOM.length;
    if (!open) this.committable = at;

    // A record that is open, and a line behind a NUL, depend on the lines before them.
    const ahead = containsNul || open ? undefined : sink.ahead;
    ahead?.begin(file, bytes, at, block.lastIndexOf(LF) + 1, maxLineBytes);
    meanwhile();
    for (;;) {
      while (ahead !== undefined && at === ahead.next) {
        at = ahead.take();
        this.committable = at;
      }
      const newline = block.indexOf(LF, at);
      if (newline === -1) break;
      const lineEnd = newline > at && bytes[newline - 1] === CR ? newline - 1 : newline;
      if (lineEnd - at > maxLineBytes && !containsNul) {
        this.giveUp(context, sink, bytes, at, lineEnd);
        open = false;
      } else if (containsNul) open = this.pieces(context, sink, block, at, lineEnd, open);
      else if (lineEnd > at) open = !sink.line(file, bytes, at, lineEnd);
      at = newline + 1;
      if (!open) this.committable = at;
    }

    if (containsNul) at = this.passHole(context, sink, block, at);
    const rest = end - at;
    if (rest > maxLineBytes + 1 || (rest === maxLineBytes + 1 && bytes[end - 1] !== CR)) {
      this.giveUp(context, sink, bytes, at, end);
      this.skipping = true;
      this.end(end, end, false);
      return;
    }
    this.end(at, open ? this.committable : at, open);
  }

  /** The rest of a finished file, which no newline ends. Returns the number of over-long lines in it (0 or 1). */
  last(context: LineContext, sink: LineSink, bytes: Buffer, start: number, end: number): number {
    if (context.skipping) return 0;
    let from = context.fileStart && startsWithBom(bytes.subarray(0, end), start) ? start + BOM.length : start;
    let to = end;
    while (from < to && bytes[from] === 0) from++;
    while (to > from && (bytes[to - 1] === 0 || bytes[to - 1] === CR)) to--;
    if (to - from > context.maxLineBytes) {
      sink.tooLong?.(context.file, bytes, from, to);
      return 1;
    }
    if (to > from) sink.lastLine(context.file, bytes, from, to);
    return 0;
  }

  private giveUp({ file }: LineContext, sink: LineSink, bytes: Buffer, start: number, end: number): void {
    this.tooLong++;
    sink.tooLong?.(file, bytes, start, end);
  }

  private end(consumed: number, committable: number, open: boolean): void {
    this.consumed = consumed;
    this.committable = committable;
    this.recordOpen = open;
  }

  /** One line of a block that has NULs in it: what lies between runs of them are lines of their own. */
  private pieces(
    context: LineContext,
    sink: LineSink,
    block: Buffer,
    from: number,
    lineEnd: number,
    wasOpen: boolean,
  ): boolean {
    let open = wasOpen;
    let at = from;
    while (at < lineEnd) {
      if (block[at] === 0) {
        at++;
        continue;
      }
      let end = block.indexOf(NUL_RUN, at);
      if (end === -1 || end > lineEnd) end = lineEnd;
      const next = end;
      while (end > at && block[end - 1] === 0) end--;
      if (end - at > context.maxLineBytes) {
        this.giveUp(context, sink, block, at, end);
        open = false;
      } else open = !sink.line(context.file, block, at, end);
      at = next;
    }
    return open;
  }

  /**
   * The place after the NULs a partial line begins with. A partial line that is cut by a hole too big to
   * wait for is given up, the line after the hole is not.
   */
  private passHole(context: LineContext, sink: LineSink, block: Buffer, from: number): number {
    let at = from;
    while (at < block.length && block[at] === 0) at++;
    if (block.length - at <= context.maxLineBytes) return at;
    const hole = block.lastIndexOf(NUL_RUN);
    if (hole < at) return at;
    this.giveUp(context, sink, block, at, hole);
    at = hole + NUL_RUN.length;
    return at;
  }
}

const NUL_RUN = Buffer.from([0, 0]);

export function hasNul(block: Buffer, from: number): boolean {
  return block.indexOf(0, from) !== -1;
}

function startsWithBom(block: Buffer, at: number): boolean {
  return block[at] === BOM[0] && block[at + 1] === BOM[1] && block[at + 2] === BOM[2];
}

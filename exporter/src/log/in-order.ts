import { createReadStream } from 'node:fs';
import { canDecompress, decompressedText } from './compression.ts';
import { ForeignContent, formOf } from './content-form.ts';
import { type LineContext, LineSplitter } from './lines.ts';
import type { FileRef, LineSink } from './sink.ts';

/** Bytes of a file that are held at once, beside the longest line. */
const BLOCK_BYTES = 256 * 1024;

/** A line, in the block it lies in; valid until the next is asked for. */
export interface Line {
  bytes: Buffer;
  start: number;
  end: number;
  /** No newline ends it. */
  last: boolean;
}

/**
 * What a file (plain or compressed, as its content tells) holds, decompressed, block by block; it is closed when whoever
 * reads it stops. Throws ForeignContent for what is no lines of text, and what opening and reading throw.
 */
export async function* contentOf(path: string): AsyncGenerator<Buffer, void, undefined> {
  const file = createReadStream(path, { highWaterMark: BLOCK_BYTES });
  try {
    const blocks = file[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    const { value: first, done } = await blocks.next();
    if (done) return;
    const form = formOf(first);
    const rest = { [Symbol.asyncIterator]: () => blocks };
    if (!canDecompress(form)) {
      if (form) throw new ForeignContent(form);
      yield first;
      yield* rest;
      return;
    }
    yield* decompressedText(form, chained(first, rest));
  } catch (error) {
    throw error instanceof ForeignContent ? Object.assign(error, { path }) : error;
  } finally {
    file.destroy();
  }
}

async function* chained(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  yield* rest;
}

/**
 * The lines of one file (plain or .gz), one at a time, for who reads several files side by side. A block and its
 * lines are in memory. Throws what opening and reading throw.
 */
export class LinesInOrder implements LineSink {
  readonly path: string;
  /** Bytes read so far, decompressed. */
  bytesRead = 0;
  private readonly maxLineBytes: number;
  private readonly chunks: AsyncIterator<Buffer>;
  private readonly splitter = new LineSplitter();
  private readonly file: FileRef;
  private bytes = Buffer.alloc(0);
  /** [start, end) of the lines of the block, one after the other. */
  private spans: number[] = [];
  private at = 0;
  private atStart = true;
  private ended = false;
  private endsOpen = false;

  constructor(path: string, maxLineBytes: number) {
    this.path = path;
    this.file = { id: 0, source: path };
    this.maxLineBytes = maxLineBytes;
    this.chunks = contentOf(path);
  }

  /** The next line of the block; undefined when more() is to be awaited first. */
  next(): Line | undefined {
    if (this.at >= this.spans.length) return undefined;
    const [start, end] = [this.spans[this.at], this.spans[this.at + 1]];
    this.at += 2;
    return { bytes: this.bytes, start, end, last: this.endsOpen && this.at >= this.spans.length };
  }

  /** Reads the next block; false at the end of the file. */
  async more(): Promise<boolean> {
    if (this.ended) return false;
    this.spans = [];
    this.at = 0;
    const { value, done } = await this.chunks.next();
    const rest = this.bytes.subarray(this.splitter.consumed);
    if (done) {
      this.ended = true;
      this.bytes = Buffer.from(rest);
      this.splitter.last(this.context(), this, this.bytes, 0, this.bytes.length);
      return true;
    }
    this.bytesRead += value.length;
    // A copy: parsers may rewrite a line in place.
    this.bytes = Buffer.concat([rest, value]);
    this.splitter.split(this.context(), this, this.bytes, 0, this.bytes.length);
    if (this.splitter.consumed > 0) this.atStart = false;
    return true;
  }

  line(_: FileRef, __: Buffer, start: number, end: number): boolean {
    this.spans.push(start, end);
    return true;
  }

  lastLine(_: FileRef, __: Buffer, start: number, end: number): void {
    this.spans.push(start, end);
    this.endsOpen = true;
  }

  finished(): void {}

  private context(): LineContext {
    const { file, maxLineBytes, atStart: fileStart } = this;
    return { file, maxLineBytes, fileStart, skipping: this.splitter.skipping, recordOpen: false };
  }
}

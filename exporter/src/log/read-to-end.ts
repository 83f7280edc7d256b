import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { canDecompress, decompressedText } from './compression.ts';
import { FORM_BYTES, ForeignContent, formOf } from './content-form.ts';
import type { SourceCounters } from './counters.ts';
import { type LineContext, LineSplitter } from './lines.ts';
import type { FileRef, LineSink } from './sink.ts';

export interface ReadToEndOptions {
  /** As the sink knows the file; default: id 0, source = the path. */
  file?: FileRef;
  maxLineBytes: number;
  /** Default 1 MiB. */
  blockBytes?: number;
  /** Called after each block. bytesTotal is NaN where it is not known (standard input, a pipe, gzip: bytes decompressed). */
  onProgress?: (bytesDone: number, bytesTotal: number) => void;
  /** Gets bytes_total and the over-long lines, under the file's source. */
  counters?: SourceCounters;
}

const COMPRESSED_BLOCK = 64 * 1024;

/**
 * Reads one file (plain, gzip or, where Node.js can, zstd; `-` for standard input) from start to end, its last line with
 * or without newline. Its content tells how it is compressed, not its name. Throws ForeignContent for what is no
 * lines of text, and what opening and reading throw; a damaged file throws after the lines before the damage.
 */
export async function readToEnd(path: string, sink: LineSink, options: ReadToEndOptions): Promise<void> {
  const reader = new WholeReader(path, sink, options);
  const fd = path === '-' ? 0 : openSync(path, constants.O_RDONLY);
  try {
    const begin = firstBytes(fd);
    const form = formOf(begin);
    if (canDecompress(form)) await reader.takeAll(decompressedText(form, blocksOf(fd, begin)));
    else if (form) throw new ForeignContent(form);
    else reader.readPlain(fd, begin);
  } finally {
    if (fd !== 0) closeSync(fd);
  }
  reader.finish();
}

async function* blocksOf(fd: number, begin: Buffer): AsyncGenerator<Buffer> {
  yield begin;
  for (;;) {
    const block = Buffer.allocUnsafe(COMPRESSED_BLOCK);
    const count = readBlocking(fd, block, 0);
    if (count === 0) return;
    yield block.subarray(0, count);
  }
}

/** As many as tell the form, or fewer at the end of the file. */
function firstBytes(fd: number): Buffer {
  const bytes = Buffer.alloc(FORM_BYTES);
  let filled = 0;
  for (let count = 1; count > 0 && filled < bytes.length; filled += count) {
    count = readBlocking(fd, bytes, filled);
  }
  return bytes.subarray(0, filled);
}

/**
 * Two buffers in turn: while the lines of one are taken, the other is filled. In front of what was read there is
 * room for the partial line the one before ended with.
 */
class WholeReader {
  private readonly sink: LineSink;
  private readonly options: ReadToEndOptions;
  private readonly file: FileRef;
  private readonly splitter = new LineSplitter();
  private bytes: Buffer;
  private other: Buffer;
  /** Where in a buffer what is read begins: behind the longest partial line. */
  private readonly front: number;
  /** The bytes not taken yet. */
  private start: number;
  private filled: number;
  private done = 0;
  private total = Number.NaN;
  private atStart = true;

  constructor(path: string, sink: LineSink, options: ReadToEndOptions) {
    this.sink = sink;
    this.options = options;
    this.file = options.file ?? { id: 0, source: path };
    this.front = options.maxLineBytes + 2;
    this.start = this.filled = this.front;
    // The sink may rewrite lines from another thread.
    const buffer = (): Buffer =>
      Buffer.from(new SharedArrayBuffer(this.front + (options.blockBytes ?? 1 << 20)));
    this.bytes = buffer();
    this.other = buffer();
  }

  /** `begin` was read from the file already. */
  readPlain(fd: number, begin: Buffer): void {
    const stat = fstatSync(fd);
    if (stat.isFile()) this.total = stat.size;
    this.take(begin);
    const read = (): number => readBlocking(fd, this.other, this.front);
    for (let count = read(); count > 0; ) {
      let next: number | undefined;
      this.turn(count);
      this.split(count, () => {
        try {
          next = read();
        } catch {
          // The lines that are there count first; reading again throws again.
        }
      });
      count = next ?? read();
    }
  }

  async takeAll(chunks: AsyncIterable<Buffer>): Promise<void> {
    for await (const chunk of chunks) this.take(chunk);
  }

  private take(chunk: Buffer): void {
    for (let from = 0; from < chunk.length; ) {
      const count = chunk.copy(this.other, this.front, from);
      from += count;
      this.turn(count);
      this.split(count);
    }
  }

  /** Goes over to the other buffer, into which `count` bytes were read. */
  private turn(count: number): void {
    const { bytes, start, filled } = this;
    this.bytes = this.other;
    this.other = bytes;
    this.start = this.front - (filled - start);
    this.filled = this.front + count;
    bytes.copy(this.bytes, this.start, start, filled);
  }

  finish(): void {
    const tooLong = this.splitter.last(this.context(), this.sink, this.bytes, this.start, this.filled);
    this.reject(tooLong);
    this.options.counters?.add(this.file.source, 'bytes_total', '', this.done);
    this.sink.finished(this.file);
  }

  private split(read: number, meanwhile?: () => void): void {
    const { splitter } = this;
    splitter.split(this.context(), this.sink, this.bytes, this.start, this.filled, meanwhile);
    this.reject(splitter.tooLong);
    if (splitter.consumed > this.start) this.atStart = false;
    this.start = splitter.consumed;
    this.done += read;
    this.options.onProgress?.(this.done, this.total);
  }

  private reject(tooLong: number): void {
    if (tooLong === 0) return;
    this.options.counters?.add(this.file.source, 'lines_total', '', tooLong);
    this.options.counters?.add(this.file.source, 'lines_rejected_total', 'too_long', tooLong);
  }

  private context(): LineContext {
    const { file, atStart: fileStart } = this;
    const { skipping, recordOpen } = this.splitter;
    return { file, maxLineBytes: this.options.maxLineBytes, fileStart, skipping, recordOpen };
  }
}

/** Standard input may be non-blocking; then reading is tried again a moment later. */
function readBlocking(fd: number, into: Buffer, at: number): number {
  for (;;) {
    try {
      return readSync(fd, into, at, into.length - at, null);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EOF') return 0;
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(PAUSE, 0, 0, 10);
    }
  }
}

const PAUSE = new Int32Array(new SharedArrayBuffer(4));

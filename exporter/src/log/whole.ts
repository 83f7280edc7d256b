import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { SourceCounters } from './counters.ts';
import { type LineContext, LineSplitter } from './lines.ts';
import type { FileRef, LineSink } from './sink.ts';

export interface WholeOptions {
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

/** What every gzip file begins with (RFC 1952): its content tells it, not its name. */
const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);
const COMPRESSED_BLOCK = 64 * 1024;

/**
 * Reads one file (plain or gzip, `-` for standard input) from start to end, its last line with or without
 * newline. Throws what opening and reading throw; a damaged gzip file throws after the lines before the damage.
 */
export async function readWhole(path: string, sink: LineSink, options: WholeOptions): Promise<void> {
  const reader = new WholeReader(path, sink, options);
  const fd = path === '-' ? 0 : openSync(path, constants.O_RDONLY);
  try {
    const head = Buffer.alloc(GZIP_MAGIC.length);
    const begin = head.subarray(0, readUpTo(fd, head));
    if (begin.equals(GZIP_MAGIC))
      await pipeline(Readable.from(blocksOf(fd, begin)), createGunzip({ chunkSize: 256 * 1024 }), (plain) =>
        reader.takeAll(plain),
      );
    else reader.readPlain(fd, begin);
  } finally {
    if (fd !== 0) closeSync(fd);
  }
  reader.finish();
}

function* blocksOf(fd: number, begin: Buffer): Generator<Buffer> {
  yield begin;
  for (;;) {
    const block = Buffer.allocUnsafe(COMPRESSED_BLOCK);
    const count = readBlocking(fd, block, 0);
    if (count === 0) return;
    yield block.subarray(0, count);
  }
}

/** Fills a buffer as far as there are bytes. */
function readUpTo(fd: number, into: Buffer): number {
  let filled = 0;
  while (filled < into.length) {
    const count = readBlocking(fd, into, filled);
    if (count === 0) break;
    filled += count;
  }
  return filled;
}

/** A buffer that is filled, cut into lines, and keeps only the partial line at its end. */
class WholeReader {
  private readonly sink: LineSink;
  private readonly options: WholeOptions;
  private readonly file: FileRef;
  private readonly splitter = new LineSplitter();
  private readonly bytes: Buffer;
  private filled = 0;
  private done = 0;
  private total = Number.NaN;
  private atStart = true;

  constructor(path: string, sink: LineSink, options: WholeOptions) {
    this.sink = sink;
    this.options = options;
    this.file = options.file ?? { id: 0, source: path };
    // Always room for the longest partial line and a good part of a block behind it.
    // The sink may rewrite lines from another thread.
    const length = (options.blockBytes ?? 1 << 20) + options.maxLineBytes + 2;
    this.bytes = Buffer.from(new SharedArrayBuffer(length));
  }

  /** `begin` was read from the file already. */
  readPlain(fd: number, begin: Buffer): void {
    const stat = fstatSync(fd);
    if (stat.isFile()) this.total = stat.size;
    this.take(begin);
    for (;;) {
      const count = readBlocking(fd, this.bytes, this.filled);
      if (count === 0) return;
      this.filled += count;
      this.split(count);
    }
  }

  async takeAll(chunks: AsyncIterable<Buffer>): Promise<void> {
    for await (const chunk of chunks) this.take(chunk);
  }

  private take(chunk: Buffer): void {
    for (let from = 0; from < chunk.length; ) {
      const count = chunk.copy(this.bytes, this.filled, from);
      this.filled += count;
      from += count;
      this.split(count);
    }
  }

  finish(): void {
    const tooLong = this.splitter.last(this.context(), this.sink, this.bytes, 0, this.filled);
    this.reject(tooLong);
    this.options.counters?.add(this.file.source, 'bytes_total', '', this.done);
    this.sink.finished(this.file);
  }

  private split(read: number): void {
    const { splitter, bytes, filled } = this;
    splitter.split(this.context(), this.sink, bytes, 0, filled);
    this.reject(splitter.tooLong);
    if (splitter.consumed > 0) {
      bytes.copyWithin(0, splitter.consumed, filled);
      this.filled = filled - splitter.consumed;
      this.atStart = false;
    }
    this.done += read;
    this.options.onProgress?.(this.done, this.total);
  }

  private reject(tooLong: number): void {
    if (tooLong > 0)
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

import { closeSync, constants, createReadStream, fstatSync, openSync, readSync } from 'node:fs';
import { createGunzip } from 'node:zlib';
import type { SourceCounters } from './counters.ts';
import { type LineContext, LineSplitter } from './lines.ts';
import { isGzip } from './siblings.ts';
import type { FileRef, LineSink } from './sink.ts';

export interface WholeOptions {
  /** As the sink knows the file; default: id 0, source = the path. */
  file?: FileRef;
  maxLineBytes: number;
  /** Default 1 MiB. */
  blockBytes?: number;
  /** Called after each block. bytesTotal is NaN where it is not known (standard input, a pipe, .gz: bytes decompressed). */
  onProgress?: (bytesDone: number, bytesTotal: number) => void;
  /** Gets bytes_total and the over-long lines, under the file's source. */
  counters?: SourceCounters;
}

/**
 * Reads one file (plain or .gz, `-` for standard input) from start to end, its last line with or without
 * newline. Throws what opening and reading throw; a damaged .gz throws after the lines before the damage.
 */
export async function readWhole(path: string, sink: LineSink, options: WholeOptions): Promise<void> {
  const reader = new WholeReader(path, sink, options);
  if (isGzip(path)) {
    const plain = createReadStream(path).on('error', (error) => unzipped.destroy(error));
    const unzipped = createGunzip({ chunkSize: 256 * 1024 });
    for await (const chunk of plain.pipe(unzipped)) reader.take(chunk as Buffer);
  } else reader.readPlain(path);
  reader.finish();
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

  readPlain(path: string): void {
    const fd = path === '-' ? 0 : openSync(path, constants.O_RDONLY);
    try {
      const stat = fstatSync(fd);
      if (stat.isFile()) this.total = stat.size;
      for (;;) {
        const count = readBlocking(fd, this.bytes, this.filled);
        if (count === 0) return;
        this.filled += count;
        this.split(count);
      }
    } finally {
      if (fd !== 0) closeSync(fd);
    }
  }

  take(chunk: Buffer): void {
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

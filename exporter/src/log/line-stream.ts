import type { SourceCounters } from './counters.ts';
import { LineSplitter } from './lines.ts';
import type { FileRef, LineSink } from './sink.ts';

const NOTHING = Buffer.alloc(0);

/** The lines of bytes that come once and in order. A partial line is held until the rest of it comes. */
export class LineStream {
  file: FileRef;
  private maxLineBytes: number;
  private readonly counters: SourceCounters;
  private readonly splitter = new LineSplitter();
  private rest = NOTHING;
  private atStart = true;

  constructor(file: FileRef, maxLineBytes: number, counters: SourceCounters) {
    this.file = file;
    this.maxLineBytes = maxLineBytes;
    this.counters = counters;
  }

  /** The same bytes belong to this source from now on. */
  belongTo({ name, maxLineBytes }: { name: string; maxLineBytes: number }): void {
    if (this.file.source !== name) this.file = { id: this.file.id, source: name };
    this.maxLineBytes = maxLineBytes;
  }

  /** Hands over the lines that are complete. The chunk may be rewritten, and is not needed afterwards. */
  feed(chunk: Buffer, sink: LineSink): void {
    const { splitter } = this;
    const bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    splitter.split(this.context(), sink, bytes, 0, bytes.length);
    if (splitter.consumed > 0) this.atStart = false;
    this.rest = Buffer.from(bytes.subarray(splitter.consumed));
    this.count(splitter.consumed, splitter.tooLong);
  }

  /** The writer has ended: a partial line is the last one it wrote. The next chunk begins with a new line. */
  end(sink: LineSink): void {
    const tooLong = this.splitter.last(this.context(), sink, this.rest, 0, this.rest.length);
    this.count(this.rest.length, tooLong);
    this.rest = NOTHING;
    this.splitter.skipping = false;
    this.splitter.recordOpen = false;
    this.atStart = true;
    sink.finished(this.file);
  }

  private count(bytes: number, tooLong: number): void {
    const { source } = this.file;
    if (bytes > 0) this.counters.add(source, 'bytes_total', '', bytes);
    if (tooLong === 0) return;
    this.counters.add(source, 'lines_total', '', tooLong);
    this.counters.add(source, 'lines_rejected_total', 'too_long', tooLong);
  }

  private context() {
    const { file, maxLineBytes, atStart: fileStart } = this;
    const { skipping, recordOpen } = this.splitter;
    return { file, maxLineBytes, fileStart, skipping, recordOpen };
  }
}

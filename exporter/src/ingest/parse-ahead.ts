import { availableParallelism } from 'node:os';
import { MessageChannel, Worker } from 'node:worker_threads';
import type { FormatOptions } from '../parse/format.ts';
import type { LineParser } from '../parse/log-record.ts';
import type { ParsedLines } from '../parse/parsed-lines.ts';
import type { ParseThreadStart, ToParseThread } from './parse-thread.ts';
import { CHUNKS, SharedChunks } from './shared-chunks.ts';

/** A smaller block is no backlog, and there is too little in it to share out. */
const SMALLEST_BLOCK = 512 * 1024;
const NOWHERE = Number.POSITIVE_INFINITY;

/**
 * A second thread that parses the lines of a big block while the caller accounts those before them. The results
 * come back chunk by chunk, in order, all of a block before the next begins; so nothing is ever under way
 * between two blocks, and the caller may commit, rotate or stop there as if it had parsed alone. Where the
 * thread has not come yet, the caller parses itself; it waits only for a chunk that is being parsed, and
 * parses another one meanwhile.
 */
export class ParseAhead {
  private readonly chunks = new SharedChunks();
  private readonly signal = new Int32Array(new SharedArrayBuffer(4));
  private readonly channel = new MessageChannel();
  private readonly program: URL;
  private worker: Worker | undefined;
  private round = 0;
  private bytes: Buffer = Buffer.alloc(0);
  private parser!: LineParser;
  private maxLineBytes = 0;
  /** The chunk whose turn is next, and the first one behind it that may be free. */
  private chunk = CHUNKS;
  private free = CHUNKS;
  /** Where the lines begin that take() is to be asked for; infinite = nowhere. */
  next = NOWHERE;

  /** `program` is the thread's, as built. */
  constructor(program = new URL('./parse-thread.js', import.meta.url)) {
    this.program = program;
  }

  /** Undefined where there is no second core to parse on. */
  static where(): ParseAhead | undefined {
    return availableParallelism() > 1 ? new ParseAhead() : undefined;
  }

  get lines(): ParsedLines {
    return this.chunks.lines;
  }

  /** New formats, by number; not while a block is under way. */
  reconfigure(formats: FormatOptions[]): void {
    this.send({ type: 'formats', formats });
  }

  /**
   * Lets the other thread begin with bytes[start, end): complete lines, without NULs, in memory that can be
   * shared. `parser` is one of the format.
   */
  begin(
    bytes: Buffer,
    start: number,
    end: number,
    format: number,
    parser: LineParser,
    maxLineBytes: number,
  ): void {
    this.next = NOWHERE;
    if (end - start < SMALLEST_BLOCK || !(bytes.buffer instanceof SharedArrayBuffer)) return;
    this.worker ??= this.start();
    this.bytes = bytes;
    this.parser = parser;
    this.maxLineBytes = maxLineBytes;
    this.chunks.cut(++this.round, bytes, start, end);
    this.chunk = 0;
    this.free = 1;
    this.next = start;
    this.send({ type: 'block', round: this.round, bytes: bytes.buffer, format, maxLineBytes });
  }

  /**
   * Gives `each` the parsed lines from `next` on, as places in `lines`. Returns the place behind them: lines
   * from there up to the new `next` are the caller's to parse.
   */
  take(each: (chunk: number, line: number) => void): number {
    const { chunks, round, chunk } = this;
    this.chunk++;
    this.next = this.chunk < CHUNKS ? chunks.startOf(this.chunk) : NOWHERE;
    this.parseUnlessClaimed(chunk);
    while (!chunks.isParsed(round, chunk)) if (!this.parseFree()) chunks.await(round, chunk);
    const count = chunks.countOf(chunk);
    for (let line = 0; line < count; line++) each(chunk, line);
    return chunks.passedOf(chunk);
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    await this.worker?.terminate();
    this.channel.port1.close();
  }

  /** Parses the first free chunk: those behind it are still there for the other thread while this one accounts it. */
  private parseFree(): boolean {
    while (this.free < CHUNKS) if (this.parseUnlessClaimed(this.free++)) return true;
    return false;
  }

  /** False = the chunk is the other thread's, or parsed already. */
  private parseUnlessClaimed(chunk: number): boolean {
    const { chunks, round, parser, bytes, maxLineBytes } = this;
    if (!chunks.claim(round, chunk)) return false;
    chunks.parse(round, chunk, parser, bytes, maxLineBytes);
    return true;
  }

  private start(): Worker {
    const { signal, channel } = this;
    const { memory } = this.chunks;
    const workerData: ParseThreadStart = { memory, signal, port: channel.port2 };
    const worker = new Worker(this.program, {
      workerData,
      transferList: [channel.port2],
      // It makes no objects a line.
      resourceLimits: { maxYoungGenerationSizeMb: 4 },
    });
    worker.unref();
    return worker;
  }

  private send(message: ToParseThread): void {
    this.channel.port1.postMessage(message);
    Atomics.add(this.signal, 0, 1);
    Atomics.notify(this.signal, 0);
  }
}

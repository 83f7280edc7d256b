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
 * come back stretch by stretch, in order, all of a block before the next begins; so nothing is ever under way
 * between two blocks, and the caller may commit, rotate or stop there as if it had parsed alone. Where the
 * thread has not come yet, the caller parses itself; it waits only for a stretch that is being parsed, and
 * parses another one meanwhile.
 */
export class ParseAhead {
  private readonly stretches = new SharedChunks();
  private readonly signal = new Int32Array(new SharedArrayBuffer(4));
  private readonly channel = new MessageChannel();
  private readonly program: URL;
  private worker: Worker | undefined;
  private round = 0;
  private bytes: Buffer = Buffer.alloc(0);
  private parser!: LineParser;
  private maxLineBytes = 0;
  /** The stretch whose turn is next, and the first one behind it that may be free. */
  private stretch = CHUNKS;
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
    return this.stretches.lines;
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
    this.stretches.cut(++this.round, bytes, start, end);
    this.stretch = 0;
    this.free = 1;
    this.next = start;
    this.send({ type: 'block', round: this.round, bytes: bytes.buffer, format, maxLineBytes });
  }

  /**
   * Gives `each` the parsed lines from `next` on, as places in `lines`. Returns the place behind them: lines
   * from there up to the new `next` are the caller's to parse.
   */
  take(each: (stretch: number, line: number) => void): number {
    const { stretches, round, stretch } = this;
    this.stretch++;
    this.next = this.stretch < CHUNKS ? stretches.startOf(this.stretch) : NOWHERE;
    this.parseUnlessClaimed(stretch);
    while (!stretches.isParsed(round, stretch)) if (!this.parseFree()) stretches.await(round, stretch);
    const count = stretches.countOf(stretch);
    for (let line = 0; line < count; line++) each(stretch, line);
    return stretches.passedOf(stretch);
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    await this.worker?.terminate();
    this.channel.port1.close();
  }

  /** Parses the first free stretch: those behind it are still there for the other thread while this one accounts it. */
  private parseFree(): boolean {
    while (this.free < CHUNKS) if (this.parseUnlessClaimed(this.free++)) return true;
    return false;
  }

  /** False = the stretch is the other thread's, or parsed already. */
  private parseUnlessClaimed(stretch: number): boolean {
    const { stretches, round, parser, bytes, maxLineBytes } = this;
    if (!stretches.claim(round, stretch)) return false;
    stretches.parse(round, stretch, parser, bytes, maxLineBytes);
    return true;
  }

  private start(): Worker {
    const { signal, channel } = this;
    const { memory } = this.stretches;
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

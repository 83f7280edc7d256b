import { type LineParser, LogRecord } from '../parse/log-record.ts';
import { ParsedLines } from '../parse/parsed-lines.ts';

/** A block is cut into so many chunks of whole lines. */
export const CHUNKS = 64;

const FREE = 0;
const CLAIMED = 1;
const PARSED = 2;
const FAILED = 3;
const STATES = 4;
/** A round's number and a state fit 32 bits. */
const ROUNDS = 1 << 28;

const LF = 10;
const CR = 13;
/** After so long without an answer the other thread is taken for dead, milliseconds. */
const PATIENCE = 20_000;

const HEADER_BYTES = (4 * CHUNKS + 2) * Int32Array.BYTES_PER_ELEMENT;
const LINES_FROM = Math.ceil(HEADER_BYTES / 8) * 8;

/**
 * Divides the lines of a block between two threads. The thread that claims a chunk parses it, once. The other thread does
 * not touch its bytes until it is parsed. A claim belongs to one round, which is one block: a thread that is late cannot
 * claim a chunk of the next block.
 */
export class SharedChunks {
  readonly memory: SharedArrayBuffer;
  readonly lines: ParsedLines;
  private readonly states: Int32Array;
  /** Where each chunk begins; the last one ends where the one behind it would begin. */
  private readonly starts: Int32Array;
  private readonly counts: Int32Array;
  /** Up to where the lines of a chunk are parsed: before one that is too long, or that found no room. */
  private readonly passed: Int32Array;
  private readonly record = new LogRecord();
  /** Ends of the next lines, and which of them are still ahead. */
  private readonly newlines = new Int32Array(256);
  private found = 0;
  private next = 0;

  constructor(memory = new SharedArrayBuffer(LINES_FROM + ParsedLines.bytes(CHUNKS))) {
    const ints = (i: number, length: number) => new Int32Array(memory, i * 4, length);
    this.memory = memory;
    this.states = ints(0, CHUNKS);
    this.counts = ints(CHUNKS, CHUNKS);
    this.passed = ints(2 * CHUNKS, CHUNKS);
    this.starts = ints(3 * CHUNKS, CHUNKS + 1);
    this.lines = new ParsedLines(memory, LINES_FROM, CHUNKS);
  }

  /** Cuts bytes[start, end), which ends with a line's end, and opens a round. Some chunks may be empty. */
  cut(round: number, bytes: Buffer, start: number, end: number): void {
    const length = Math.ceil((end - start) / CHUNKS);
    this.starts[0] = start;
    this.starts[CHUNKS] = end;
    for (let chunk = 1; chunk < CHUNKS; chunk++) {
      const from = Math.min(end, start + chunk * length) - 1;
      this.starts[chunk] = Math.max(this.starts[chunk - 1], bytes.indexOf(LF, from) + 1);
    }
    for (let chunk = 0; chunk < CHUNKS; chunk++) Atomics.store(this.states, chunk, stateOf(round, FREE));
  }

  startOf(chunk: number): number {
    return this.starts[chunk];
  }

  countOf(chunk: number): number {
    return this.counts[chunk];
  }

  passedOf(chunk: number): number {
    return this.passed[chunk];
  }

  /** True = the chunk is the caller's. */
  claim(round: number, chunk: number): boolean {
    const free = stateOf(round, FREE);
    return Atomics.compareExchange(this.states, chunk, free, stateOf(round, CLAIMED)) === free;
  }

  /** Parses the lines of a chunk the caller has claimed. */
  parse(round: number, chunk: number, parser: LineParser, bytes: Buffer, maxLineBytes: number): void {
    const { lines, record } = this;
    const end = this.starts[chunk + 1];
    let at = this.starts[chunk];
    this.found = this.next = 0;
    lines.begin(chunk);
    while (at < end && lines.hasRoom(chunk)) {
      const known = parser.parseToEnd(bytes, at, end, record);
      const lineEnd = known >= 0 ? known : this.lineEnd(bytes, at, end);
      if (lineEnd - at > maxLineBytes) break;
      if (known >= 0) lines.put(at, lineEnd, parser.outcome, record);
      else if (lineEnd > at) lines.put(at, lineEnd, parser.parse(bytes, at, lineEnd, record), record);
      at = lineEnd + (bytes[lineEnd] === CR ? 2 : 1);
    }
    this.counts[chunk] = lines.count(chunk);
    this.passed[chunk] = at;
    this.end(round, chunk, PARSED);
  }

  /** Gives up a claimed chunk. `await` then throws in the thread that waits for it. */
  fail(round: number, chunk: number): void {
    this.end(round, chunk, FAILED);
  }

  isParsed(round: number, chunk: number): boolean {
    return Atomics.load(this.states, chunk) === stateOf(round, PARSED);
  }

  /** Waits until a chunk that the other thread has claimed is parsed; throws when it never will be. */
  await(round: number, chunk: number): void {
    const outcome = Atomics.wait(this.states, chunk, stateOf(round, CLAIMED), PATIENCE);
    if (outcome === 'timed-out' || Atomics.load(this.states, chunk) === stateOf(round, FAILED))
      throw new Error('the thread that parses ahead has failed');
  }

  /**
   * Where the terminator of the line at `start` begins. Newlines are looked for many at once: asking for each between
   * two lines would cost the parser a sixth of its speed.
   */
  private lineEnd(bytes: Buffer, start: number, end: number): number {
    const { newlines } = this;
    while (this.next < this.found && newlines[this.next] < start) this.next++;
    if (this.next === this.found) {
      this.found = this.next = 0;
      for (let at = start; at < end && this.found < newlines.length; this.found++) {
        newlines[this.found] = bytes.indexOf(LF, at);
        at = newlines[this.found] + 1;
      }
    }
    const newline = newlines[this.next];
    return newline > start && bytes[newline - 1] === CR ? newline - 1 : newline;
  }

  private end(round: number, chunk: number, state: number): void {
    Atomics.store(this.states, chunk, stateOf(round, state));
    Atomics.notify(this.states, chunk);
  }
}

const stateOf = (round: number, state: number): number => ((round % ROUNDS) * STATES + state) | 0;

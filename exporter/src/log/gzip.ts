import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { type Checkpoint, type ContentProbe, HEAD_BYTES, hashOf, TAIL_BYTES } from './content-identity.ts';

const CHUNK = 256 * 1024;

/** incomplete = the stream ends too early (half-written); corrupt = it can never be read. */
export type GzipFault = 'incomplete' | 'corrupt' | 'unreadable';

/** The decompressed bytes of an open .gz file, one member or many, in chunks. Closes the descriptor at the end. */
class GzipChunks {
  private readonly iterator: AsyncIterator<Buffer>;
  private readonly stop: () => void;

  constructor(fd: number) {
    const raw = createReadStream('', { fd, start: 0, autoClose: false, highWaterMark: CHUNK });
    const plain = createGunzip({ chunkSize: CHUNK });
    raw.on('error', (error) => plain.destroy(error));
    // It begins at once, and may fail before anybody asks for a chunk: whoever asks then is told.
    plain.on('error', () => {});
    raw.pipe(plain);
    this.iterator = plain[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    this.stop = () => {
      plain.destroy();
      // Closes the descriptor, once a read that is under way has ended.
      raw.destroy();
    };
  }

  /** The next chunk, undefined at the end, or what is wrong. */
  async next(): Promise<Buffer | GzipFault | undefined> {
    try {
      const step = await this.iterator.next();
      if (!step.done) return step.value;
      this.close();
      return undefined;
    } catch (error) {
      this.close();
      return faultOf(error as NodeJS.ErrnoException);
    }
  }

  close(): void {
    this.stop();
  }
}

function faultOf(error: NodeJS.ErrnoException): GzipFault {
  if (error.code === 'Z_BUF_ERROR') return 'incomplete';
  return error.code?.startsWith('Z_') ? 'corrupt' : 'unreadable';
}

/** Which places of a content are worth a hash, once its head is known. */
export type Interests = (head: Buffer) => { offset: number; tailLength: number }[];

/**
 * Decompresses a .gz once, keeping nothing but what tells which content it is: so a file is known to be
 * complete, and to be new, before its first line is used. Costs a second decompression, saves a repair.
 */
export class GzipProbe implements ContentProbe {
  state: 'running' | 'complete' | GzipFault = 'running';
  length = 0;
  head: Buffer = Buffer.alloc(0);
  private last: Buffer = Buffer.alloc(0);
  private interests: { offset: number; tailLength: number }[] | undefined;
  private readonly hashes = new Map<string, string>();
  private readonly chunks: GzipChunks;
  private readonly ask: Interests;

  constructor(fd: number, ask: Interests) {
    this.chunks = new GzipChunks(fd);
    this.ask = ask;
  }

  /** Goes on for about `budget` decompressed bytes. */
  async step(budget: number): Promise<void> {
    const goal = this.length + budget;
    while (this.state === 'running' && this.length < goal) {
      const chunk = await this.chunks.next();
      if (chunk === undefined) this.finish('complete');
      else if (typeof chunk === 'string') this.finish(chunk);
      else this.take(chunk);
    }
  }

  range(from: number, to: number): Buffer | undefined {
    if (to <= this.head.length) return this.head.subarray(from, to);
    const lastStart = this.length - this.last.length;
    return from >= lastStart && to <= this.length
      ? this.last.subarray(from - lastStart, to - lastStart)
      : undefined;
  }

  hashBefore(offset: number, length: number): string | undefined {
    const bytes = this.range(offset - length, offset);
    return bytes ? hashOf(bytes) : this.hashes.get(`${offset}/${length}`);
  }

  close(): void {
    this.chunks.close();
  }

  private take(chunk: Buffer): void {
    const before = this.length;
    if (this.head.length < HEAD_BYTES)
      this.head = Buffer.concat([this.head, chunk.subarray(0, HEAD_BYTES - this.head.length)]);
    if (this.head.length === HEAD_BYTES) this.interests ??= this.ask(this.head);
    const bytes = Buffer.concat([this.last, chunk]);
    const start = before - this.last.length;
    this.length += chunk.length;
    for (const { offset, tailLength } of this.interests ?? [])
      if (offset > before && offset <= this.length && offset - tailLength >= start)
        this.hashes.set(
          `${offset}/${tailLength}`,
          hashOf(bytes.subarray(offset - tailLength - start, offset - start)),
        );
    this.last = Buffer.from(bytes.subarray(-HEAD_BYTES));
  }

  private finish(state: 'complete' | GzipFault): void {
    this.state = state;
  }
}

/** The decompressed content of a .gz from an offset on: filled asynchronously, read synchronously. */
export class GzipContent {
  fault: GzipFault | undefined;
  ended = false;
  private readonly chunks: GzipChunks;
  /** Content bytes [start, start + window.length). */
  private window: Buffer = Buffer.alloc(0);
  private start = 0;
  private needed: number;

  /** Bytes from up to TAIL_BYTES before `offset` on will be asked for. */
  constructor(fd: number, offset: number) {
    this.chunks = new GzipChunks(fd);
    this.needed = Math.max(0, offset - TAIL_BYTES);
  }

  /** Decompresses until `capacity` bytes from `offset` on are at hand, or the content ends, or `budget` is spent. */
  async fill(offset: number, capacity: number, budget: number): Promise<void> {
    this.needed = Math.max(0, offset - TAIL_BYTES);
    let spent = 0;
    const pieces = [this.window];
    let held = this.start + this.window.length;
    while (!this.ended && held < offset + capacity && spent < budget) {
      const chunk = await this.chunks.next();
      if (chunk === undefined) this.ended = true;
      else if (typeof chunk === 'string') {
        this.fault = chunk;
        this.ended = true;
      } else {
        pieces.push(chunk);
        held += chunk.length;
        spent += chunk.length;
        // Skipped bytes are let go as they come.
        while (pieces.length > 1 && this.start + (pieces[0] as Buffer).length <= this.needed)
          this.start += (pieces.shift() as Buffer).length;
      }
    }
    const all = pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
    const drop = Math.min(all.length, Math.max(0, this.needed - this.start));
    this.window = drop > 0 ? Buffer.from(all.subarray(drop)) : all;
    this.start += drop;
  }

  /** Bytes from `offset` on that can be read now. */
  available(offset: number): number {
    return Math.max(0, this.start + this.window.length - offset);
  }

  /**
   * Copies up to `length` bytes from the mark on to `into` at `at`, and the bytes before the mark before them.
   * Returns the bytes copied, or -1 when the bytes before the mark are not those of the mark.
   */
  read(into: Buffer, at: number, mark: Checkpoint, length: number): number {
    const from = mark.offset - this.start;
    const before = this.window.subarray(Math.max(0, from - mark.tailLength), from);
    if (mark.tailLength > 0 && hashOf(before) !== mark.tailHash) return -1;
    before.copy(into, at - before.length);
    return this.window.copy(into, at, from, Math.min(this.window.length, from + length));
  }

  close(): void {
    this.chunks.close();
  }
}

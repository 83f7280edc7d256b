import type { Readable } from 'node:stream';

/** A stream is paused while this many bytes wait to be taken. */
const MOST_BYTES = 4 * 1024 * 1024;

/** Bytes that a stream delivered and nobody took yet. Its memory is bounded: a full queue pauses the stream. */
export class ChunkQueue {
  /** Bytes that wait to be taken. */
  bytes = 0;
  /** What the stream failed with. */
  error: Error | undefined;
  private readonly stream: Readable;
  private chunks: Buffer[] = [];
  private closed = false;
  private waiting: (() => void)[] = [];
  private readonly most: number;

  constructor(stream: Readable, most = MOST_BYTES) {
    this.stream = stream;
    this.most = most;
    stream.on('data', (chunk: Buffer) => {
      this.chunks.push(chunk);
      this.bytes += chunk.length;
      if (this.bytes >= this.most) stream.pause();
      this.wake();
    });
    stream.on('error', (error) => {
      this.error = error;
      this.close();
    });
    stream.on('end', () => this.close());
    stream.on('close', () => this.close());
  }

  /** True once the stream has ended and everything it delivered was taken. */
  get ended(): boolean {
    return this.closed && this.bytes === 0;
  }

  /** The oldest chunk; undefined when none is there. */
  take(): Buffer | undefined {
    const chunk = this.chunks.shift();
    if (!chunk) return undefined;
    this.bytes -= chunk.length;
    if (this.bytes < this.most && !this.closed) this.stream.resume();
    if (this.ended) this.wake();
    return chunk;
  }

  /** Resolves when bytes arrive or the stream ends, after `milliseconds` at the latest. */
  arrival(milliseconds: number): Promise<void> {
    if (this.bytes > 0 || this.closed) return Promise.resolve();
    return new Promise((resolve) => {
      const late = setTimeout(resolve, milliseconds);
      this.waiting.push(() => {
        clearTimeout(late);
        resolve();
      });
    });
  }

  /** Resolves once everything was taken and the stream has ended. */
  async drained(): Promise<void> {
    while (!this.ended) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  /** Nothing is delivered any more; what waits is dropped. */
  destroy(): void {
    this.stream.destroy();
    this.chunks = [];
    this.bytes = 0;
    this.close();
  }

  private close(): void {
    this.closed = true;
    this.wake();
  }

  private wake(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}

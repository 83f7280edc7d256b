import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { LineStream } from './line-stream.ts';
import type { LineSink } from './sink.ts';

const CHUNK = Buffer.allocUnsafeSlow(256 * 1024);

/**
 * An open FIFO. It stays open when its writer closes it, so that the next one finds a reader and nothing is lost in
 * between. Never blocks.
 */
export class Fifo {
  readonly inode: string;
  readonly lines: LineStream;
  private readonly fd: number;
  /** A writer wrote since the last one closed. */
  private writing = false;

  private constructor(fd: number, inode: string, lines: LineStream) {
    this.fd = fd;
    this.inode = inode;
    this.lines = lines;
  }

  /** Throws what opening throws; undefined when the path leads to no FIFO any more. */
  static open(path: string, lines: LineStream): Fifo | undefined {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(fd, { bigint: true });
    if (stat.isFIFO()) return new Fifo(fd, `${stat.dev}:${stat.ino}`, lines);
    closeSync(fd);
    return undefined;
  }

  /** Reads about `budgetBytes`. Returns the bytes read; 0 = nothing is there. Throws what reading throws. */
  read(budgetBytes: number, sink: LineSink): number {
    let used = 0;
    while (used < budgetBytes) {
      const count = this.readChunk();
      if (count > 0) {
        this.lines.feed(CHUNK.subarray(0, count), sink);
        this.writing = true;
        used += count;
        continue;
      }
      if (count === 0) this.end(sink);
      break;
    }
    return used;
  }

  /** Hands over what is left, and closes. */
  finish(sink: LineSink): void {
    this.end(sink);
    this.close();
  }

  close(): void {
    closeSync(this.fd);
  }

  private end(sink: LineSink): void {
    if (this.writing) this.lines.end(sink);
    this.writing = false;
  }

  /** 0 = no writer has it open; -1 = one has, and wrote nothing. */
  private readChunk(): number {
    try {
      return readSync(this.fd, CHUNK, 0, CHUNK.length, null);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return -1;
      throw error;
    }
  }
}

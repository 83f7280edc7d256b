import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { checksumOf, FRAME_HEAD, SPOOL_MAGIC } from './spool-format.ts';

const FIRST_CAPACITY = 1024 * 1024;

/** One file of the spool that is being appended to. What a full disk refuses stays pending. */
export class SpoolFile {
  private readonly path: string;
  private fd: number | undefined;
  private out: Buffer = Buffer.alloc(FIRST_CAPACITY);
  private used = 0;
  private written = 0;

  constructor(path: string) {
    this.path = path;
    SPOOL_MAGIC.copy(this.out);
    this.used = SPOOL_MAGIC.length;
  }

  /** Bytes that are not in the file yet. */
  get pending(): number {
    return this.used;
  }

  /** Adds a frame; `fill` puts its payload of `length` bytes into the buffer from a place on. */
  frame(kind: number, length: number, fill: (out: Buffer, at: number) => void): void {
    const needed = this.used + FRAME_HEAD + length;
    if (needed > this.out.length) {
      const larger = Buffer.alloc(Math.max(this.out.length * 2, needed));
      this.out.copy(larger, 0, 0, this.used);
      this.out = larger;
    }
    const frame = this.out.subarray(this.used, needed);
    frame.writeUInt32LE(kind, 4);
    frame.writeUInt32LE(length, 8);
    fill(frame, FRAME_HEAD);
    frame.writeUInt32LE(checksumOf(frame), 0);
    this.used = needed;
  }

  /** Hands everything to the system; the file is made with the first bytes. Throws the system's error. */
  write(): void {
    this.fd ??= openSync(this.path, 'w', 0o600);
    let done = 0;
    try {
      while (done < this.used) {
        const bytes = writeSync(this.fd, this.out, done, this.used - done, this.written);
        done += bytes;
        this.written += bytes;
      }
    } finally {
      this.out.copyWithin(0, done, this.used);
      this.used -= done;
    }
  }

  /** Makes durable what was written. Returns the length of the file. */
  sync(): number {
    if (this.fd === undefined) return 0;
    fsyncSync(this.fd);
    return this.written;
  }

  close(): void {
    if (this.fd !== undefined) closeSync(this.fd);
  }
}

/** A new name in a directory is durable once the directory is. */
export function syncDirectoryOf(path: string): void {
  const directory = openSync(dirname(path), 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { FRAME_HEAD, SPOOL_MAGIC } from './spool-format.ts';

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

  frame(kind: number, payload: Buffer): void {
    const { out, at } = this.reserve(kind, payload.length);
    payload.copy(out, at);
  }

  /** Room for the payload of a frame, to be filled by the caller at once. */
  reserve(kind: number, length: number): { out: Buffer; at: number } {
    const needed = this.used + FRAME_HEAD + length;
    if (needed > this.out.length) {
      const larger = Buffer.alloc(Math.max(this.out.length * 2, needed));
      this.out.copy(larger, 0, 0, this.used);
      this.out = larger;
    }
    this.out.writeUInt32LE(kind, this.used);
    this.out.writeUInt32LE(length, this.used + 4);
    const at = this.used + FRAME_HEAD;
    this.used = needed;
    return { out: this.out, at };
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

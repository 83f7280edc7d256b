import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';
import type { FilePosition } from './position.ts';

/** Bytes of a content's beginning that are hashed, and bytes before a position. */
export const HEAD_BYTES = 1024;
export const TAIL_BYTES = 256;

/** A place in a content, and a hash of the bytes just before it. */
export interface Checkpoint {
  offset: number;
  tailLength: number;
  tailHash: string;
}

export type Identity = Pick<FilePosition, 'headLength' | 'headHash' | 'tailLength' | 'tailHash' | 'offset'>;

/** 128 bits of SHA-256, hex. */
export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 32);
}

export const FILE_START: Checkpoint = { offset: 0, tailLength: 0, tailHash: '' };

/** The mark at `offset` of a content whose bytes before it end at `end` in `bytes`. */
export function checkpointIn(bytes: Buffer, end: number, offset: number): Checkpoint {
  const tailLength = Math.min(TAIL_BYTES, offset);
  return {
    offset,
    tailLength,
    tailHash: tailLength === 0 ? '' : hashOf(bytes.subarray(end - tailLength, end)),
  };
}

/** Reads until `length` bytes are there or the file ends. Returns the bytes read. */
export function readFully(fd: number, into: Buffer, at: number, length: number, position: number): number {
  let done = 0;
  while (done < length) {
    const count = readSync(fd, into, at + done, length - done, position + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}

/** What can be seen of a content without following it: an open file, or a .gz that was decompressed once. */
export interface ContentProbe {
  length: number;
  /** The first bytes, at most HEAD_BYTES. */
  head: Buffer;
  /** The bytes [from, to) where they are at hand, undefined where they are not. */
  range(from: number, to: number): Buffer | undefined;
  /** Hash over `length` bytes that end at `offset`, undefined where not at hand. */
  hashBefore(offset: number, length: number): string | undefined;
}

export function probeOfFile(fd: number, length: number): ContentProbe {
  const range = (from: number, to: number): Buffer | undefined => {
    const bytes = Buffer.alloc(to - from);
    return readFully(fd, bytes, 0, bytes.length, from) === bytes.length ? bytes : undefined;
  };
  const head = range(0, Math.min(HEAD_BYTES, length)) ?? Buffer.alloc(0);
  return {
    length,
    head,
    range,
    hashBefore(offset, tailLength) {
      const bytes = range(offset - tailLength, offset);
      return bytes && hashOf(bytes);
    },
  };
}

/** True when a content with this head begins as the known one does. An empty known content says nothing. */
export function sameHead(head: Buffer, known: Identity): boolean {
  return head.length >= known.headLength && hashOf(head.subarray(0, known.headLength)) === known.headHash;
}

/** True when the content has the known head and the known bytes before the position; undefined = not at hand. */
export function sameContent(seen: ContentProbe, known: Identity): boolean | undefined {
  if (seen.length < known.offset) return false;
  if (known.headLength > 0 && !sameHead(seen.head, known)) return false;
  if (known.tailLength === 0) return true;
  const hash = seen.hashBefore(known.offset, known.tailLength);
  return hash === undefined ? undefined : hash === known.tailHash;
}

/** True when `part` is how `whole` begins, as far as its first and last bytes tell; undefined = not at hand. */
export function isBeginningOf(part: ContentProbe, whole: ContentProbe): boolean | undefined {
  if (part.length > whole.length || part.length === 0) return false;
  const head = Math.min(part.head.length, whole.head.length);
  if (!part.head.subarray(0, head).equals(whole.head.subarray(0, head))) return false;
  const from = Math.max(0, part.length - TAIL_BYTES);
  const ours = part.range(from, part.length);
  const theirs = whole.range(from, part.length);
  return ours && theirs ? ours.equals(theirs) : undefined;
}

/**
 * Whether a head tells one content from another: it has two lines that differ. A log that writes the same
 * line over and over does not; a second file of such lines is no copy of the first.
 */
export function isDistinctive(head: Buffer): boolean {
  const lineLength = head.indexOf(10) + 1;
  if (lineLength === 0) return false;
  const others = head.subarray(lineLength);
  return !others.equals(head.subarray(0, others.length));
}

import { statSync } from 'node:fs';
import { isDistinctive } from '../log/content-identity.ts';
import { contentOf } from '../log/in-order.ts';

/** Decompressed bytes that must be the same before whole contents are compared; a few lines, however long. */
const BEGINNING_BYTES = 16 * 1024;
const EMPTY: Buffer = Buffer.alloc(0);

/** `part` is what `whole` begins with, or all of it. */
export interface GivenTwice {
  part: string;
  whole: string;
}

/**
 * The first file whose decompressed content is how another one begins: a copy, compressed or not, taken at any time.
 * A content that is one line over and over is no copy of another. Pipes, and what cannot be read, are left to whoever
 * reads them.
 */
export async function givenTwice(paths: readonly string[]): Promise<GivenTwice | undefined> {
  const earlier: { path: string; head: Buffer }[] = [];
  for (const path of paths) {
    const head = await headOf(path).catch(() => EMPTY);
    for (const other of earlier) {
      const length = Math.min(head.length, other.head.length);
      const same = head.subarray(0, length);
      if (!same.equals(other.head.subarray(0, length)) || !isDistinctive(same)) continue;
      const twice = await partAndWhole(path, other.path).catch(() => undefined);
      if (twice) return twice;
    }
    earlier.push({ path, head });
  }
  return undefined;
}

async function headOf(path: string): Promise<Buffer> {
  // What is taken from a pipe is gone.
  if (!statSync(path).isFile()) return EMPTY;
  let head = EMPTY;
  for await (const block of contentOf(path)) {
    head = Buffer.concat([head, block.subarray(0, BEGINNING_BYTES - head.length)]);
    if (head.length === BEGINNING_BYTES) break;
  }
  return head;
}

/** Reads two contents side by side until they differ or one ends; of equal ones the first path is the part. */
async function partAndWhole(path: string, other: string): Promise<GivenTwice | undefined> {
  const [ours, theirs] = [contentOf(path), contentOf(other)];
  let [left, right] = [EMPTY, EMPTY];
  try {
    for (;;) {
      if (left.length === 0) {
        const { value, done } = await ours.next();
        if (done) return { part: path, whole: other };
        left = value;
      }
      if (right.length === 0) {
        const { value, done } = await theirs.next();
        if (done) return { part: other, whole: path };
        right = value;
      }
      const length = Math.min(left.length, right.length);
      if (!left.subarray(0, length).equals(right.subarray(0, length))) return undefined;
      left = left.subarray(length);
      right = right.subarray(length);
    }
  } finally {
    await Promise.all([ours.return(undefined), theirs.return(undefined)]);
  }
}

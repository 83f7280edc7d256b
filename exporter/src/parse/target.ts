import { ACCEPTED, type LogRecord, type Outcome, rejectionCode } from './log-record.ts';
import { keepOriginal } from './original-bytes.ts';

const BAD_ENDPOINT = rejectionCode('bad_endpoint');

const STAR = 42;
const SLASH = 47;
const COLON = 58;

/** What the bytes of a segment are: the bits of all of them together decide most segments at a glance. */
export const DIGITS = 1;
export const LOWER = 2;
export const UPPER = 4;
export const MARKS = 8;
export const PERCENTS = 16;
export const OTHERS = 32;
const SEPARATOR = 64;
/** Begins a query or a fragment. */
const CUT = 128;

export const BYTE_KINDS = new Uint8Array(256).fill(OTHERS);
for (let c = 48; c <= 57; c++) BYTE_KINDS[c] = DIGITS;
for (let c = 97; c <= 122; c++) BYTE_KINDS[c] = LOWER;
for (let c = 65; c <= 90; c++) BYTE_KINDS[c] = UPPER;
for (const c of Buffer.from('-._~:+@')) BYTE_KINDS[c] = MARKS;
BYTE_KINDS['%'.charCodeAt(0)] = PERCENTS;
BYTE_KINDS[SLASH] = SEPARATOR;
BYTE_KINDS['?'.charCodeAt(0)] = BYTE_KINDS['#'.charCodeAt(0)] = CUT;

/** Most segments a path is told in. */
export const MOST_SEGMENTS = 32;

/** The segments of a path: where they lie and the kinds of byte in each. Empty ones are left out. */
export class Segments {
  readonly starts = new Int32Array(MOST_SEGMENTS);
  readonly ends = new Int32Array(MOST_SEGMENTS);
  readonly kinds = new Uint8Array(MOST_SEGMENTS);
  count = 0;
  /** Whether there are more than could be held. */
  more = false;

  /** Splits the path that begins at `start`; returns where it ends: before a query, a fragment, or `to`. */
  split(bytes: Uint8Array, start: number, to: number): number {
    let first = start;
    let all = 0;
    let p = start;
    this.count = 0;
    this.more = false;
    for (; p < to; p++) {
      const kind = BYTE_KINDS[bytes[p]];
      if (kind < SEPARATOR) {
        all |= kind;
        continue;
      }
      if (p > first) this.add(first, p, all);
      first = p + 1;
      all = 0;
      if (kind === CUT) return p;
    }
    if (p > first) this.add(first, p, all);
    return p;
  }

  private add(start: number, end: number, kinds: number): void {
    const { count } = this;
    if (count === MOST_SEGMENTS) this.more = true;
    else {
      this.starts[count] = start;
      this.ends[count] = end;
      this.kinds[count] = kinds;
      this.count = count + 1;
    }
  }
}

/**
 * Reads the target of a request: sets the record's path, without query and fragment, and splits it. A target is
 * a path, an absolute URL, of which the path counts, or the `*` of OPTIONS.
 */
export function readTarget(
  bytes: Buffer,
  from: number,
  to: number,
  record: LogRecord,
  segments: Segments,
): Outcome {
  let start = from;
  if (from >= to) return BAD_ENDPOINT;
  if (bytes[from] !== SLASH && !(bytes[from] === STAR && to === from + 1)) {
    start = authority(bytes, from, to);
    if (start < 0) return BAD_ENDPOINT;
    while (start < to && BYTE_KINDS[bytes[start]] < SEPARATOR) start++;
    // `https://host` means its root; the host's last byte makes room for the slash.
    if (start === to || bytes[start] !== SLASH) {
      keepOriginal(bytes, start - 1, start);
      bytes[--start] = SLASH;
    }
  }
  record.pathStart = start;
  record.pathEnd = segments.split(bytes, start, to);
  return ACCEPTED;
}

/** Where the authority of an absolute URL begins; -1 when it is none, or has no authority. */
function authority(bytes: Buffer, start: number, end: number): number {
  let p = start;
  while (p < end && (BYTE_KINDS[bytes[p]] & (LOWER | UPPER)) !== 0) p++;
  if (p === start || p + 3 >= end) return -1;
  const slashes = bytes[p] === COLON && bytes[p + 1] === SLASH && bytes[p + 2] === SLASH;
  return slashes && BYTE_KINDS[bytes[p + 3]] < SEPARATOR ? p + 3 : -1;
}

import { ACCEPTED, BLANK, type Outcome, rejectionCode } from './log-record.ts';
import { skipBlanks, startsWith } from './spans.ts';
import { isoTimeEnd } from './time-prefix.ts';
import type { Wrapper } from './wrapper.ts';

const WRAPPER = rejectionCode('wrapper');

const ESCAPE = 27;
const SPACE = 32;
const SLASH = 47;
const LEFT_BRACKET = 91;
const RIGHT_BRACKET = 93;
const LOWER_M = 109;
const BAR = 124;

const LONGEST_NAME = 512;
const RESET = Buffer.from('\u001b[0m');

/** Bytes of container names, with the `@node` of services and the `/` of pods. */
const NAME_BYTES = new Uint8Array(256);
for (let c = 0; c < 256; c++) NAME_BYTES[c] = /[A-Za-z0-9._@/:-]/.test(String.fromCharCode(c)) ? 1 : 0;

/**
 * What `docker compose logs` and `kubectl logs --prefix` put before a line, in colour or not, and the time of `-t` and
 * `--timestamps` behind it:
 *
 *     web-1  | line
 *     web-1  | 2026-05-04T10:11:12.345678901Z line
 *     [pod/web-7d4b9/app] line
 */
export class ComposeWrapper implements Wrapper {
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;
  /** Where the line begins when the time is its own; -1 = no time was passed over. */
  private withTime = -1;

  peel(bytes: Buffer, start: number, end: number): Outcome {
    this.withTime = -1;
    if (skipBlanks(bytes, start, end) === end) return BLANK;
    const prefix = prefixEnd(bytes, start, end);
    let line = prefix < 0 ? start : prefix;
    const time = isoTimeEnd(bytes, line, end);
    if (prefix < 0 && time < 0) return WRAPPER;
    if (time >= 0) {
      this.withTime = line;
      line = Math.min(time + 1, end);
    }
    this.bytes = bytes;
    this.start = line;
    this.end = endsWithReset(bytes, line, end) ? end - RESET.length : end;
    return ACCEPTED;
  }

  /** The line may begin with a time of its own. */
  another(): boolean {
    if (this.withTime < 0) return false;
    this.start = this.withTime;
    this.withTime = -1;
    return true;
  }

  keep(): boolean {
    return false;
  }
}

/** Behind `web-1  | ` or `[pod/web/app] `; -1 when there is neither. */
function prefixEnd(bytes: Buffer, start: number, end: number): number {
  let p = skipColours(bytes, start, end);
  if (bytes[p] === LEFT_BRACKET) return podEnd(bytes, p + 1, end);
  const name = p;
  const limit = Math.min(end, p + LONGEST_NAME);
  while (p < limit && NAME_BYTES[bytes[p]] === 1) p++;
  if (p === name) return -1;
  p = skipColours(bytes, p, end);
  while (p < limit && bytes[p] === SPACE) p++;
  p = skipColours(bytes, p, end);
  if (p >= limit || bytes[p] !== BAR) return -1;
  return oneSpace(bytes, p + 1, end);
}

function podEnd(bytes: Buffer, from: number, end: number): number {
  let slashes = 0;
  let p = from;
  for (; p < end && NAME_BYTES[bytes[p]] === 1; p++) if (bytes[p] === SLASH) slashes++;
  return slashes >= 1 && p < end && bytes[p] === RIGHT_BRACKET ? oneSpace(bytes, p + 1, end) : -1;
}

/** Past one space, with colours before and behind it. */
function oneSpace(bytes: Buffer, from: number, end: number): number {
  const p = skipColours(bytes, from, end);
  return skipColours(bytes, p < end && bytes[p] === SPACE ? p + 1 : p, end);
}

/** Past sequences like `ESC[36m`. */
function skipColours(bytes: Buffer, from: number, end: number): number {
  let p = from;
  while (p + 2 < end && bytes[p] === ESCAPE && bytes[p + 1] === LEFT_BRACKET) {
    let q = p + 2;
    while (q < end && bytes[q] < 64) q++;
    if (q >= end || bytes[q] !== LOWER_M) return p;
    p = q + 1;
  }
  return p;
}

const endsWithReset = (bytes: Buffer, start: number, end: number): boolean =>
  end - start >= RESET.length && startsWith(bytes, end - RESET.length, end, RESET);

import { ACCEPTED, BLANK, type Outcome, rejectionCode } from './log-record.ts';
import { skipBlanks, startsWith, wordEnd } from './spans.ts';
import { isoTimeEnd } from './time-prefix.ts';
import type { Wrapper } from './wrapper.ts';

const WRAPPER = rejectionCode('wrapper');

const SPACE = 32;
const QUOTE = 34;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const NINE = 57;
const COLON = 58;
const LESS = 60;
const GREATER = 62;
const LEFT_BRACKET = 91;
const BACKSLASH = 92;
const RIGHT_BRACKET = 93;

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'].map(
  (name) => Buffer.from(name),
);
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
/** Says that what follows is JSON. */
const COOKIE = Buffer.from('@cee:');
const LONGEST_TAG = 256;

/** Bytes that no tag has: they begin a message in one of our formats. */
const NOT_IN_TAG = new Uint8Array(256).fill(0);
for (let c = 0; c <= SPACE; c++) NOT_IN_TAG[c] = 1;
for (const c of Buffer.from('"{}=,')) NOT_IN_TAG[c] = 1;

/**
 * The header of syslog before a line, with or without a priority (`<190>`):
 *
 *     May  4 10:11:12 web1 nginx[12]: line              RFC 3164; host and tag may be absent
 *     2026-05-04T12:11:12.123456+02:00 web1 nginx: line the same with the time of rsyslog
 *     1 2026-05-04T10:11:12Z web1 nginx 12 - [a b="c"] line  RFC 5424
 *
 * A byte order mark and `@cee:` before the line are passed over.
 */
export class SyslogWrapper implements Wrapper {
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;

  peel(bytes: Buffer, start: number, end: number): Outcome {
    const first = skipBlanks(bytes, start, end);
    if (first === end) return BLANK;
    const header = afterPriority(bytes, first, end);
    const isVersion1 = bytes[header] === ZERO + 1 && bytes[header + 1] === SPACE && header + 1 < end;
    const message = isVersion1
      ? afterHeader5424(bytes, header + 2, end)
      : afterHeader3164(bytes, header, end);
    if (message < 0) return WRAPPER;
    let line = skipBlanks(bytes, Math.min(message, end), end);
    if (startsWith(bytes, line, end, BYTE_ORDER_MARK)) line += BYTE_ORDER_MARK.length;
    if (startsWith(bytes, line, end, COOKIE)) line = skipBlanks(bytes, line + COOKIE.length, end);
    this.bytes = bytes;
    this.start = line;
    this.end = end;
    return ACCEPTED;
  }

  another(): boolean {
    return false;
  }

  keep(): boolean {
    return false;
  }
}

/** Behind `<190>`, where there is one. */
function afterPriority(bytes: Buffer, p: number, end: number): number {
  if (bytes[p] !== LESS) return p;
  let q = p + 1;
  while (q < end && q < p + 4 && isDigit(bytes[q])) q++;
  return q > p + 1 && q < end && bytes[q] === GREATER ? q + 1 : p;
}

/** Time, host and tag; where the message begins, -1 when there is no time. */
function afterHeader3164(bytes: Buffer, from: number, end: number): number {
  let p = isoTimeEnd(bytes, from, end);
  if (p < 0) p = oldTimeEnd(bytes, from, end);
  if (p < 0) return -1;
  p = skipBlanks(bytes, p, end);
  const message = afterTag(bytes, p, end);
  if (message >= 0) return message;
  // What begins like a message is one: the header may end with the time.
  if (NOT_IN_TAG[bytes[p]] === 1) return p;
  const host = wordEnd(bytes, p, end);
  if (host === end) return p;
  const tag = afterTag(bytes, host + 1, end);
  return tag < 0 ? host + 1 : tag;
}

/** Behind `nginx: ` or `nginx[12]: `; -1 when the word at p is no tag. */
function afterTag(bytes: Buffer, p: number, end: number): number {
  const limit = Math.min(end, p + LONGEST_TAG);
  let q = p;
  while (q < limit && bytes[q] !== COLON && bytes[q] !== LEFT_BRACKET)
    if (NOT_IN_TAG[bytes[q++]] === 1) return -1;
  if (q === p || q >= limit) return -1;
  if (bytes[q] === LEFT_BRACKET) {
    while (q < limit && bytes[q] !== RIGHT_BRACKET) if (bytes[q++] === SPACE) return -1;
    q++;
  }
  if (q >= limit || bytes[q] !== COLON) return -1;
  q++;
  // Not the port of `host:443`, nor an IPv6 address.
  if (q === end || bytes[q] === SPACE) return q;
  return NOT_IN_TAG[bytes[q]] === 1 || startsWith(bytes, q, end, COOKIE) ? q : -1;
}

/** Behind `May  4 10:11:12`, with a year or a fraction too; -1 when it is none. */
function oldTimeEnd(bytes: Buffer, from: number, end: number): number {
  if (!MONTHS.some((name) => startsWith(bytes, from, end, name)) || bytes[from + 3] !== SPACE) return -1;
  const day = skipBlanks(bytes, from + 4, end);
  let p = digitsEnd(bytes, day, end, 2);
  if (p === day || bytes[p] !== SPACE) return -1;
  p++;
  const year = digitsEnd(bytes, p, end, 4);
  if (year === p + 4 && bytes[year] === SPACE) p = year + 1;
  for (const separator of [COLON, COLON, -1]) {
    if (digitsEnd(bytes, p, end, 2) !== p + 2) return -1;
    p += 2;
    if (separator >= 0 && bytes[p++] !== separator) return -1;
  }
  if (bytes[p] === POINT) p = digitsEnd(bytes, p + 1, end, 9);
  // Some write `10:11:12: `.
  if (p < end && bytes[p] === COLON) p++;
  return p === end || bytes[p] === SPACE ? p : -1;
}

/** Time, host, application, process, message id and structured data, from behind the version. */
function afterHeader5424(bytes: Buffer, from: number, end: number): number {
  const timeEnd = wordEnd(bytes, from, end);
  const none = timeEnd === from + 1 && bytes[from] === MINUS;
  if (!none && isoTimeEnd(bytes, from, end) !== timeEnd) return -1;
  let p = timeEnd;
  for (let words = 0; words < 4; words++) {
    if (p >= end) return -1;
    const next = wordEnd(bytes, p + 1, end);
    if (next === p + 1) return -1;
    p = next;
  }
  p++;
  if (p >= end) return -1;
  if (bytes[p] === MINUS) return p + 1 === end || bytes[p + 1] === SPACE ? p + 1 : -1;
  if (bytes[p] !== LEFT_BRACKET) return -1;
  while (p < end && bytes[p] === LEFT_BRACKET) {
    p = elementEnd(bytes, p + 1, end);
    if (p < 0) return -1;
  }
  return p === end || bytes[p] === SPACE ? p : -1;
}

/** Behind the `]` of an element of structured data; in its quotes a backslash takes the next byte with it. */
function elementEnd(bytes: Buffer, from: number, end: number): number {
  let quoted = false;
  for (let p = from; p < end; p++) {
    const c = bytes[p];
    if (quoted && c === BACKSLASH) p++;
    else if (c === QUOTE) quoted = !quoted;
    else if (!quoted && c === RIGHT_BRACKET) return p + 1;
  }
  return -1;
}

const isDigit = (c: number): boolean => c >= ZERO && c <= NINE;

/** Behind at most `most` digits. */
function digitsEnd(bytes: Buffer, from: number, end: number, most: number): number {
  let p = from;
  while (p < end && p < from + most && isDigit(bytes[p])) p++;
  return p;
}

import { Views } from './byte-views.ts';
import { ACCEPTED, type LogRecord, type Outcome } from './log-record.ts';
import { MASKED_BYTES } from './masking.ts';
import { LONGEST_TEMPLATE } from './routes.ts';

/** Lines a chunk has room for, and bytes for what of them is not in their block: templates and masked keys. */
const LINES = 192;
const TEXT = 8_192;
/** Copying may write seven bytes too many. */
const LONGEST_TEXT = LONGEST_TEMPLATE + MASKED_BYTES + 7;

/** By line: whole numbers, and timestamp, duration and response size. */
const WIDTH = 24;
const DOUBLES = 3;
const INT_BYTES = LINES * WIDTH * Int32Array.BYTES_PER_ELEMENT;
const DOUBLE_BYTES = LINES * DOUBLES * Float64Array.BYTES_PER_ELEMENT;

/** Flags of a line; above them the unusable fields, then the status. What few lines have is written only where there is a flag. */
const KEY_IN_TEXT = 1;
const LISTED = 2;
const IPV4 = 4;
const IPV6 = 8;
const TENANT = 16;
const USER_AGENT = 32;
const REQUEST_ID = 64;
const IGNORED_FROM = 8;
const STATUS_FROM = 16;

/**
 * Parsed lines in memory that threads share, in chunks of consecutive lines: what a LineParser made of each,
 * as numbers and spans. One thread writes a chunk, then one reads it; others decide who and when.
 */
export class ParsedLines {
  private readonly ints: Int32Array;
  private readonly doubles: Float64Array;
  private readonly text: Buffer;
  private readonly words: DataView;
  private readonly views = new Views();
  private line = 0;
  private textUsed = 0;
  private textEnd = 0;

  static bytes(chunks: number): number {
    return chunks * (INT_BYTES + DOUBLE_BYTES + TEXT);
  }

  /** `from` is a multiple of 8. */
  constructor(memory: SharedArrayBuffer, from: number, chunks: number) {
    const texts = from + chunks * (DOUBLE_BYTES + INT_BYTES);
    this.doubles = new Float64Array(memory, from, chunks * LINES * DOUBLES);
    this.ints = new Int32Array(memory, from + chunks * DOUBLE_BYTES, chunks * LINES * WIDTH);
    this.text = Buffer.from(memory, texts, chunks * TEXT);
    this.words = new DataView(memory, texts, chunks * TEXT);
  }

  /** What is put from now on is the chunk's, from its first line. */
  begin(chunk: number): void {
    this.line = chunk * LINES;
    this.textUsed = chunk * TEXT;
    this.textEnd = this.textUsed + TEXT - LONGEST_TEXT;
  }

  /** Lines put since begin(). */
  count(chunk: number): number {
    return this.line - chunk * LINES;
  }

  /** Whether any one line more finds room. */
  hasRoom(chunk: number): boolean {
    return this.line < (chunk + 1) * LINES && this.textUsed <= this.textEnd;
  }

  put(start: number, end: number, outcome: Outcome, record: LogRecord): void {
    const { ints, doubles } = this;
    const at = this.line * WIDTH;
    ints[at] = start;
    ints[at + 1] = end;
    ints[at + 2] = outcome;
    if (outcome === ACCEPTED) {
      const masked = record.key !== record.bytes;
      const keyStart = masked ? this.keep(record.key, record.keyStart, record.keyEnd) : record.keyStart;
      const template = this.keep(record.template, record.templateStart, record.templateEnd);
      const moved = template - record.templateStart;
      let flags = (record.status << STATUS_FROM) | (record.ignoredFields << IGNORED_FROM);
      if (masked) flags |= KEY_IN_TEXT;
      if (record.templateListed) flags |= LISTED;
      ints[at + 4] = keyStart;
      ints[at + 5] = keyStart + record.keyEnd - record.keyStart;
      ints[at + 6] = record.methodStart;
      ints[at + 7] = record.methodEnd;
      ints[at + 8] = record.pathStart;
      ints[at + 9] = record.pathEnd;
      ints[at + 10] = template;
      ints[at + 11] = record.templateEnd + moved;
      ints[at + 12] = record.surfaceStart < 0 ? -1 : record.surfaceStart + moved;
      ints[at + 13] = record.surfaceEnd < 0 ? -1 : record.surfaceEnd + moved;
      if (record.tenantStart >= 0) {
        flags |= TENANT;
        ints[at + 14] = record.tenantStart;
        ints[at + 15] = record.tenantEnd;
      }
      if (record.userAgentStart >= 0) {
        flags |= USER_AGENT;
        ints[at + 16] = record.userAgentStart;
        ints[at + 17] = record.userAgentEnd;
      }
      if (record.requestIdStart >= 0) {
        flags |= REQUEST_ID;
        ints[at + 18] = record.requestIdStart;
        ints[at + 19] = record.requestIdEnd;
      }
      if (record.ipFamily !== 0) {
        flags |= record.ipFamily === 4 ? IPV4 : IPV6;
        ints[at + 20] = record.ip3;
      }
      if (record.ipFamily === 6) {
        ints[at + 21] = record.ip0;
        ints[at + 22] = record.ip1;
        ints[at + 23] = record.ip2;
      }
      ints[at + 3] = flags;
      const double = this.line * DOUBLES;
      doubles[double] = record.timestampMs;
      doubles[double + 1] = record.durationSeconds;
      doubles[double + 2] = record.responseBytes;
    }
    this.line++;
  }

  start(chunk: number, line: number): number {
    return this.ints[(chunk * LINES + line) * WIDTH];
  }

  end(chunk: number, line: number): number {
    return this.ints[(chunk * LINES + line) * WIDTH + 1];
  }

  /** What parsing the line gave. When it was accepted, the record becomes what the parser made it. */
  read(chunk: number, line: number, bytes: Buffer, record: LogRecord): Outcome {
    const { ints, doubles, text } = this;
    const at = (chunk * LINES + line) * WIDTH;
    const outcome = ints[at + 2];
    if (outcome !== ACCEPTED) return outcome;
    const flags = ints[at + 3];
    record.bytes = bytes;
    record.key = (flags & KEY_IN_TEXT) === 0 ? bytes : text;
    record.template = text;
    record.templateListed = (flags & LISTED) !== 0;
    record.ignoredFields = (flags >> IGNORED_FROM) & 255;
    record.status = flags >> STATUS_FROM;
    record.keyStart = ints[at + 4];
    record.keyEnd = ints[at + 5];
    record.methodStart = ints[at + 6];
    record.methodEnd = ints[at + 7];
    record.pathStart = ints[at + 8];
    record.pathEnd = ints[at + 9];
    record.templateStart = ints[at + 10];
    record.templateEnd = ints[at + 11];
    record.surfaceStart = ints[at + 12];
    record.surfaceEnd = ints[at + 13];
    const tenant = (flags & TENANT) !== 0;
    record.tenantStart = tenant ? ints[at + 14] : -1;
    record.tenantEnd = tenant ? ints[at + 15] : -1;
    const userAgent = (flags & USER_AGENT) !== 0;
    record.userAgentStart = userAgent ? ints[at + 16] : -1;
    record.userAgentEnd = userAgent ? ints[at + 17] : -1;
    const requestId = (flags & REQUEST_ID) !== 0;
    record.requestIdStart = requestId ? ints[at + 18] : -1;
    record.requestIdEnd = requestId ? ints[at + 19] : -1;
    const ipv6 = (flags & IPV6) !== 0;
    record.ipFamily = ipv6 ? 6 : (flags & IPV4) !== 0 ? 4 : 0;
    record.ip3 = record.ipFamily === 0 ? 0 : ints[at + 20] >>> 0;
    record.ip0 = ipv6 ? ints[at + 21] >>> 0 : 0;
    record.ip1 = ipv6 ? ints[at + 22] >>> 0 : 0;
    record.ip2 = ipv6 ? ints[at + 23] >>> 0 : 0;
    const double = (chunk * LINES + line) * DOUBLES;
    record.timestampMs = doubles[double];
    record.durationSeconds = doubles[double + 1];
    record.responseBytes = doubles[double + 2];
    return outcome;
  }

  /** Copies eight bytes at a time; what is too much is written over by what is kept next. */
  private keep(from: Buffer, start: number, end: number): number {
    const { words, textUsed: at } = this;
    const fromWords = this.views.of(from);
    let out = at;
    let i = start;
    for (; i < end && i + 8 <= from.length; i += 8, out += 8) {
      words.setInt32(out, fromWords.getInt32(i));
      words.setInt32(out + 4, fromWords.getInt32(i + 4));
    }
    for (; i < end; i++) this.text[out++] = from[i];
    this.textUsed = at + end - start;
    return at;
  }
}

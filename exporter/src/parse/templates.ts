import { hexByte } from './numbers.ts';
import type { LogRecord } from './record.ts';
import { LONGEST_TEMPLATE, type Routes } from './routes.ts';
import { isIdLike, LETTERS_ARE_A_WORD, surfaceSegment } from './segments.ts';
import { DIGITS, LOWER, OTHERS, PERCENTS, type Segments, UPPER } from './target.ts';
import { wordsOf } from './words.ts';

const PERCENT = 37;
const STAR = 42;
const SLASH = 47;
/** `/:id`, as one big-endian word. */
const ID = 0x2f3a6964;
const ID_LENGTH = 4;
/** Stands for the segments that are too many, or too long together, to be told. */
const REST = Buffer.from('/*');
/** Segments of a guessed template; what is behind them becomes REST. */
const TOLD_SEGMENTS = 12;
const DECODED_BYTES = 256;

/**
 * Gives each path its endpoint template: that of the configured route that fits, else a guess in which id-like
 * segments are `:id`. Empty segments are dropped. Templates are printable ASCII and begin with a slash (or are
 * the `*` of OPTIONS), so none can be mistaken for a pseudo-endpoint.
 */
export class Templates {
  private readonly routes: Routes;
  private readonly guessed = Buffer.alloc(LONGEST_TEMPLATE);
  private readonly words = new DataView(this.guessed.buffer, this.guessed.byteOffset, this.guessed.length);
  private readonly decoded = Buffer.alloc(DECODED_BYTES);

  /** Length of the segment last looked at in `decoded`; -1 when it is written without percent signs. */
  private decodedLength = -1;

  constructor(routes: Routes) {
    this.routes = routes;
  }

  /** Writes template and surface for the record's path and method. */
  write(record: LogRecord, segments: Segments): void {
    const { bytes } = record;
    if (this.routes.size > 0 && !segments.more) {
      const route = this.routes.find(bytes, segments, record.methodStart, record.methodEnd);
      if (route !== undefined) {
        record.template = route.template;
        record.templateEnd = route.template.length;
        record.templateListed = true;
        record.surfaceStart = route.surfaceStart;
        record.surfaceEnd = route.surfaceEnd;
        return;
      }
    }
    record.template = this.guessed;
    if (bytes[record.pathStart] === STAR) {
      this.guessed[0] = STAR;
      record.templateEnd = 1;
    } else this.guess(record, segments);
  }

  private guess(record: LogRecord, segments: Segments): void {
    const { guessed, words } = this;
    const { bytes } = record;
    const { starts, ends, kinds, count } = segments;
    const surface = surfaceSegment(bytes, segments);
    let out = 0;
    for (let i = 0; i < count; i++) {
      // What stands before the surface is the version, or `api`: letters, as far as this matters.
      const id = this.isId(bytes, starts[i], ends[i], i + 1 === surface ? LOWER : kinds[i]);
      const wordLength = this.decodedLength < 0 ? ends[i] - starts[i] : this.decodedLength;
      if (i === TOLD_SEGMENTS || out + (id ? ID_LENGTH : 1 + wordLength) > LONGEST_TEMPLATE - REST.length) {
        out = put(guessed, out, REST, 0, REST.length);
        break;
      }
      if (id) {
        words.setInt32(out, ID);
        out += ID_LENGTH;
        continue;
      }
      guessed[out++] = SLASH;
      const from = out;
      if (this.decodedLength < 0) out = this.putWord(bytes, starts[i], ends[i], out);
      else out = put(guessed, out, this.decoded, 0, wordLength);
      if (i === surface) {
        record.surfaceStart = from;
        record.surfaceEnd = out;
      }
    }
    if (out === 0) guessed[out++] = SLASH;
    record.templateEnd = out;
  }

  /**
   * Writes a word of the path to the guess, sixteen bytes at a time where both sides have so many: the loop then
   * has one turn for most words, whatever their length. What is too much is written over later.
   */
  private putWord(bytes: Buffer, start: number, end: number, at: number): number {
    const { words } = this;
    const out = at + end - start;
    if (end + 16 > bytes.length || out + 16 > LONGEST_TEMPLATE)
      return put(this.guessed, at, bytes, start, end);
    const source = wordsOf(bytes);
    for (let p = start, to = at; p < end; p += 16, to += 16) {
      words.setInt32(to, source.getInt32(p));
      words.setInt32(to + 4, source.getInt32(p + 4));
      words.setInt32(to + 8, source.getInt32(p + 8));
      words.setInt32(to + 12, source.getInt32(p + 12));
    }
    return out;
  }

  /** Whether a segment is id-like. One with percent signs is left decoded in `decoded`. */
  private isId(bytes: Buffer, start: number, end: number, kinds: number): boolean {
    this.decodedLength = -1;
    if (kinds === DIGITS || kinds >= OTHERS) return true;
    if ((kinds & ~(LOWER | UPPER)) === 0 && end - start < LETTERS_ARE_A_WORD) return false;
    if ((kinds & PERCENTS) === 0) return isIdLike(bytes, start, end);
    if (end - start > DECODED_BYTES) return true;
    this.decodedLength = decodePercent(bytes, start, end, this.decoded);
    return isIdLike(this.decoded, 0, this.decodedLength);
  }
}

function put(into: Buffer, at: number, from: Uint8Array, start: number, end: number): number {
  let out = at;
  for (let p = start; p < end; p++) into[out++] = from[p];
  return out;
}

/** Percent-decodes once; a stray percent sign stays, and makes the segment an id. Returns the length. */
function decodePercent(bytes: Buffer, start: number, end: number, into: Buffer): number {
  let out = 0;
  for (let p = start; p < end; p++) {
    const byte = bytes[p] === PERCENT ? hexByte(bytes, p + 1, end) : -1;
    into[out++] = byte < 0 ? bytes[p] : byte;
    if (byte >= 0) p += 2;
  }
  return out;
}

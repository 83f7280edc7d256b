import { wordsOf } from './byte-views.ts';
import type { LogRecord } from './log-record.ts';
import { hexByte } from './numbers.ts';
import { LONGEST_TEMPLATE, type Routes } from './routes.ts';
import { holdsEncodedSecret, holdsSecret, SHORTEST_SECRET } from './secrets.ts';
import { isIdLike, LETTERS_ARE_A_WORD, surfaceSegment } from './segments.ts';
import { DIGITS, LOWER, OTHERS, PERCENTS, type Segments, UPPER } from './target.ts';

const PERCENT = 37;
const STAR = 42;
const SLASH = 47;
/** `/:id`, as one big-endian word. */
const ID = 0x2f3a6964;
const ID_LENGTH = 4;
const SECRET_TEXT = Buffer.from('/:secret');
/** What a segment is: a word, which stays; one of many; a secret. */
const WORD_KIND = 0;
const ID_KIND = 1;
const SECRET_KIND = 2;
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
        for (let i = 0; i < segments.count; i++)
          if (this.isSecret(bytes, segments.starts[i], segments.ends[i], segments.kinds[i])) {
            maskPath(record);
            break;
          }
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
    let secrets = segments.more;
    for (let i = 0; i < count; i++) {
      // What stands before the surface is the version, or `api`: letters, as far as this matters.
      const kind = this.kindOf(bytes, starts[i], ends[i], i + 1 === surface ? LOWER : kinds[i]);
      const wordLength = this.decodedLength < 0 ? ends[i] - starts[i] : this.decodedLength;
      if (i === TOLD_SEGMENTS || out + lengthOf(kind, wordLength) > LONGEST_TEMPLATE - REST.length) {
        out = put(guessed, out, REST, 0, REST.length);
        secrets = true;
        break;
      }
      if (kind === SECRET_KIND) {
        out = put(guessed, out, SECRET_TEXT, 0, SECRET_TEXT.length);
        secrets = true;
        continue;
      }
      if (kind === ID_KIND) {
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
    if (secrets) maskPath(record);
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

  /** What a segment is. One with percent signs is left decoded in `decoded`. */
  private kindOf(bytes: Buffer, start: number, end: number, kinds: number): number {
    this.decodedLength = -1;
    if (kinds === DIGITS) return ID_KIND;
    if ((kinds & ~(LOWER | UPPER)) === 0 && end - start < LETTERS_ARE_A_WORD) return WORD_KIND;
    if (this.isSecret(bytes, start, end, kinds)) return SECRET_KIND;
    if (kinds >= OTHERS) return ID_KIND;
    if ((kinds & PERCENTS) === 0) return isIdLike(bytes, start, end) ? ID_KIND : WORD_KIND;
    if (end - start > DECODED_BYTES) return ID_KIND;
    this.decodedLength = decodePercent(bytes, start, end, this.decoded);
    return isIdLike(this.decoded, 0, this.decodedLength) ? ID_KIND : WORD_KIND;
  }

  private isSecret(bytes: Buffer, start: number, end: number, kinds: number): boolean {
    if (end - start < SHORTEST_SECRET) return false;
    return (kinds & PERCENTS) === 0 ? holdsSecret(bytes, start, end) : holdsEncodedSecret(bytes, start, end);
  }
}

const lengthOf = (kind: number, word: number): number =>
  kind === WORD_KIND ? 1 + word : kind === ID_KIND ? ID_LENGTH : SECRET_TEXT.length;

/** Writes `:secret` over the secrets in the record's path; what is left over behind it is blanked. */
function maskPath(record: LogRecord): void {
  const { bytes, pathStart, pathEnd } = record;
  const segments = bytes.toString('latin1', pathStart, pathEnd).split('/');
  const masked = segments.map((segment) => {
    const written = Buffer.from(segment, 'latin1');
    return holdsEncodedSecret(written, 0, written.length) ? ':secret' : segment;
  });
  record.pathEnd = pathStart + bytes.write(masked.join('/'), pathStart, pathEnd - pathStart, 'latin1');
  bytes.fill(' ', record.pathEnd, pathEnd);
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

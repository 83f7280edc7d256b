import { wordsOf } from './byte-views.ts';
import { codeUnit, decodeEscapes } from './escapes.ts';
import { ESCAPED, FoundValues, type LineScanner, NUMBER, OTHER, TEXT } from './fields.ts';
import { ACCEPTED, BLANK, rejectionCode } from './log-record.ts';
import { hexByte } from './numbers.ts';
import { startsWith } from './spans.ts';
import {
  hashStep,
  mergeWanted,
  type WantedFields,
  type WantedName,
  type WantedNames,
} from './wanted-fields.ts';

const MALFORMED = rejectionCode('malformed');
const NOT_OBJECT = rejectionCode('not_object');

const LF = 10;
const CR = 13;
const QUOTE = 34;
const COMMA = 44;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const NINE = 57;
const COLON = 58;
const LEFT_BRACKET = 91;
const BACKSLASH = 92;
const RIGHT_BRACKET = 93;
const LEFT_BRACE = 123;
const RIGHT_BRACE = 125;
const LOWER_E = 101;
const LOWER_N = 110;
const LOWER_U = 117;
const LOWER_X = 120;

/** 0 = a byte that a string goes on with; the others end the quick loop: quote, backslash, control characters. */
const STOPS = new Uint8Array(256).map((_, c) => (c === QUOTE || c === BACKSLASH || c < 32 ? 1 : 0));
/** The bytes that may stand behind a backslash, without u. */
const ESCAPABLE = new Uint8Array(256);
for (const c of Buffer.from('"\\/bfnrt')) ESCAPABLE[c] = 1;

const LITERALS = ['true', 'false', 'null'].map((word) => Buffer.from(word));

/**
 * Reads one JSON object in one pass and notes where the wanted values are, without an object or a string a
 * line. It accepts exactly what JSON.parse accepts; of members that occur twice the last one counts, as there.
 * Positions are returned; -1 means that the bytes are no JSON.
 */
export class JsonScanner implements LineScanner {
  readonly values: FoundValues;
  private readonly wanted: WantedFields;
  /** One entry an open bracket of a value that nobody wants; grows with the deepest line. */
  private open = new Uint8Array(64);
  /** Of the last string: whether a backslash is in it. */
  private escaped = false;
  /** Whether a wanted value of this line has escapes in it. */
  private toDecode = false;
  /** Of the last member name that was looked up. */
  private found: WantedName | undefined;
  private scratch = Buffer.alloc(256);
  /** Whether `\xHH` is taken in strings. */
  private hexEscapes = false;
  constructor(wanted: WantedFields) {
    this.wanted = wanted;
    this.values = new FoundValues(wanted.places);
  }

  scan(bytes: Buffer, start: number, end: number): number {
    this.begin(true);
    const first = skipSpace(bytes, start, end);
    if (first >= end) return BLANK;
    const object = bytes[first] === LEFT_BRACE;
    const after = object
      ? this.object(bytes, first + 1, end, this.wanted.root)
      : this.unwanted(bytes, first, end);
    if (after < 0 || (after < end && skipSpace(bytes, after, end) !== end)) return MALFORMED;
    if (!object) return NOT_OBJECT;
    this.end(bytes);
    return ACCEPTED;
  }

  /** Takes `\xHH` in strings too, as nginx escapes without `escape=json`. */
  scanAgain(bytes: Buffer, start: number, end: number): number {
    this.hexEscapes = true;
    const outcome = this.scan(bytes, start, end);
    this.hexEscapes = false;
    return outcome;
  }

  scanToEnd(bytes: Buffer, start: number, limit: number): number {
    if (start >= limit || bytes[start] !== LEFT_BRACE) return -1;
    this.begin(false);
    const after = this.object(bytes, start + 1, limit, this.wanted.root);
    if (after < 0 || after >= limit) return -1;
    if (bytes[after] !== LF && (bytes[after] !== CR || after + 1 >= limit || bytes[after + 1] !== LF))
      return -1;
    this.end(bytes);
    return after;
  }

  private begin(lineFeeds: boolean): void {
    lineFeedIsSpace = lineFeeds;
    this.values.clear();
    this.toDecode = false;
  }

  private end(bytes: Buffer): void {
    if (this.toDecode) this.decode(bytes);
    mergeWanted(this.wanted, this.values);
  }

  /** Decodes the escapes of the wanted values in place, once the whole line is known to be JSON. */
  private decode(bytes: Buffer): void {
    const { values } = this;
    for (let place = 0; place < values.places; place++) {
      if (!values.has(place) || values.kind(place) !== ESCAPED) continue;
      const start = values.start(place);
      const decoded = decodeEscapes(bytes, start, values.end(place));
      // An element of an array may be wanted twice: as the first one and by its number.
      for (let other = place; other < values.places; other++)
        if (values.has(other) && values.kind(other) === ESCAPED && values.start(other) === start)
          values.putText(bytes, other, start, decoded);
    }
  }

  /** An object of which members are wanted, from behind its brace. Recurses as deep as the configured paths. */
  private object(bytes: Buffer, from: number, end: number, names: WantedNames): number {
    const { foreseen } = names;
    const words = wordsOf(bytes);
    let p = from;
    for (let member = 0; ; member++) {
      const next = member < foreseen.length ? foreseen[member] : undefined;
      let name: WantedName | undefined;
      if (next?.isAt(words, p, end)) {
        p += next.length;
        name = next.name;
        if (p < end && bytes[p] <= 32) p = skipSpace(bytes, p, end);
      } else {
        const before = p;
        if (p < end && bytes[p] <= 32) p = skipSpace(bytes, p, end);
        if (p >= end) return -1;
        if (bytes[p] === RIGHT_BRACE) return p + 1;
        if (member > 0) {
          if (bytes[p] !== COMMA) return -1;
          p = skipSpace(bytes, p + 1, end);
        }
        if (p >= end || bytes[p] !== QUOTE) return -1;
        p = this.lookUp(bytes, p + 1, end, names);
        if (p < 0) return -1;
        p = skipColon(bytes, p, end);
        if (p < 0) return -1;
        name = this.found;
        next?.learn(words, before, p, name);
      }
      p = name === undefined ? this.unwanted(bytes, p, end) : this.wantedValue(bytes, p, end, name);
      if (p < 0) return -1;
    }
  }

  private wantedValue(bytes: Buffer, p: number, end: number, name: WantedName): number {
    const { values } = this;
    if (name.inside !== undefined) values.drop(name.below);
    if (p >= end) return -1;
    const c = bytes[p];
    if (c === QUOTE) {
      const after = this.string(bytes, p + 1, end);
      if (name.place < 0 || after < 0) return after;
      if (this.escaped) {
        this.toDecode = true;
        values.put(name.place, ESCAPED, p + 1, after - 1);
      } else values.putText(bytes, name.place, p + 1, after - 1);
      return after;
    }
    let kind = OTHER;
    let after: number;
    if ((c >= ZERO && c <= NINE) || c === MINUS) {
      kind = NUMBER;
      after = number(bytes, p, end);
    } else if (c === LEFT_BRACE && name.inside !== undefined)
      after = this.object(bytes, p + 1, end, name.inside);
    else if (c === LEFT_BRACKET) return this.array(bytes, p + 1, end, name);
    else after = this.unwanted(bytes, p, end);
    if (name.place < 0) return after;
    if (c === LOWER_N) values.putNothing(name.place);
    else values.put(name.place, kind, p, after);
    return after;
  }

  /**
   * An array where a value is wanted, from behind its bracket: its first element stands for it, or all of it where a
   * list is wanted; an empty one is no value. Recurses as deep as the configured paths.
   */
  private array(bytes: Buffer, from: number, end: number, name: WantedName): number {
    const { values } = this;
    let p = skipSpace(bytes, from, end);
    if (p < end && bytes[p] === RIGHT_BRACKET) {
      if (name.place >= 0) values.putNothing(name.place);
      return p + 1;
    }
    for (let i = 0; ; i++) {
      const at = p;
      p = this.element(bytes, at, end, name, i);
      if (p < 0) return -1;
      p = skipSpace(bytes, p, end);
      if (p >= end) return -1;
      if (bytes[p] === RIGHT_BRACKET) break;
      if (bytes[p] !== COMMA) return -1;
      p = skipSpace(bytes, p + 1, end);
    }
    if (name.list && name.place >= 0) values.put(name.place, TEXT, from, p);
    return p + 1;
  }

  /** Element `i` of an array, for the array's own name and for its number's. A first one that is an array or an object is of no use. */
  private element(bytes: Buffer, p: number, end: number, name: WantedName, i: number): number {
    if (p >= end) return -1;
    const wanted = name.inside?.elements[i];
    let after = -1;
    if (i > 0 || name.list || name.place < 0) after = this.unwanted(bytes, p, end);
    else if (bytes[p] !== LEFT_BRACKET && bytes[p] !== LEFT_BRACE)
      after = this.wantedValue(bytes, p, end, name);
    else {
      after = this.unwanted(bytes, p, end);
      this.values.put(name.place, OTHER, p, after);
    }
    return after < 0 || wanted === undefined ? after : this.wantedValue(bytes, p, end, wanted);
  }

  /** Any value, checked but not kept. Iterative: depth costs memory of one byte a bracket, never the stack. */
  private unwanted(bytes: Buffer, from: number, end: number): number {
    let p = from;
    let depth = 0;
    for (;;) {
      if (p >= end) return -1;
      const c = bytes[p];
      if (c === LEFT_BRACE || c === LEFT_BRACKET) {
        // Both closing brackets stand two behind their opening ones.
        const close = c + 2;
        p = skipSpace(bytes, p + 1, end);
        if (p < end && bytes[p] === close) p++;
        else {
          if (depth === this.open.length) this.grow();
          this.open[depth++] = close;
          if (close === RIGHT_BRACE) p = this.anyName(bytes, p, end);
          if (p < 0) return -1;
          continue;
        }
      } else {
        p = c === QUOTE ? this.string(bytes, p + 1, end) : scalar(bytes, p, end);
        if (p < 0) return -1;
      }
      for (;;) {
        if (depth === 0) return p;
        p = skipSpace(bytes, p, end);
        if (p >= end) return -1;
        const next = bytes[p++];
        if (next === COMMA) break;
        if (next !== this.open[--depth]) return -1;
      }
      p = skipSpace(bytes, p, end);
      if (this.open[depth - 1] === RIGHT_BRACE) p = this.anyName(bytes, p, end);
      if (p < 0) return -1;
    }
  }

  /** A member name and its colon, up to the value. */
  private anyName(bytes: Buffer, p: number, end: number): number {
    if (p >= end || bytes[p] !== QUOTE) return -1;
    const after = this.string(bytes, p + 1, end);
    return after < 0 ? -1 : skipColon(bytes, after, end);
  }

  /** A member name, from behind its quote; `found` is what it is wanted for. */
  private lookUp(bytes: Buffer, start: number, end: number, names: WantedNames): number {
    let hash = 0;
    let p = start;
    while (p < end && STOPS[bytes[p]] === 0) hash = hashStep(hash, bytes[p++]);
    if (p < end && bytes[p] === QUOTE) {
      this.found = names.find(bytes, start, p, hash);
      return p + 1;
    }
    const after = this.string(bytes, p, end);
    if (after > 0) this.found = this.escapedName(bytes, start, after - 1, names);
    return after;
  }

  private escapedName(bytes: Buffer, start: number, end: number, names: WantedNames): WantedName | undefined {
    if (this.scratch.length < end - start) this.scratch = Buffer.alloc(2 * (end - start));
    const { scratch } = this;
    bytes.copy(scratch, 0, start, end);
    const length = decodeEscapes(scratch, 0, end - start);
    let hash = 0;
    for (let i = 0; i < length; i++) hash = hashStep(hash, scratch[i]);
    return names.find(scratch, 0, length, hash);
  }

  /** A string from behind its opening quote to behind its closing one; sets `escaped`. */
  private string(bytes: Buffer, from: number, end: number): number {
    const words = wordsOf(bytes);
    let p = from;
    this.escaped = false;
    while (p < end) {
      // Marks the quotes, backslashes and control characters of four bytes: the well-known tests for a zero
      // byte, and for one below 32, in a word (Anderson, "Bit Twiddling Hacks"). Only the lowest mark is sure.
      let stops = 0;
      while (p + 4 <= end) {
        const word = words.getInt32(p, true);
        const quote = word ^ 0x22222222;
        const slash = word ^ 0x5c5c5c5c;
        stops =
          (((quote - 0x01010101) & ~quote) |
            ((slash - 0x01010101) & ~slash) |
            ((word - 0x20202020) & ~word)) &
          0x80808080;
        if (stops !== 0) break;
        p += 4;
      }
      if (stops !== 0) p += (31 - Math.clz32(stops & -stops)) >> 3;
      else while (p < end && STOPS[bytes[p]] === 0) p++;
      if (p >= end) return -1;
      const c = bytes[p];
      if (c === QUOTE) return p + 1;
      if (c !== BACKSLASH || p + 1 >= end) return -1;
      this.escaped = true;
      if (ESCAPABLE[bytes[p + 1]] === 1) p += 2;
      else if (bytes[p + 1] === LOWER_U && codeUnit(bytes, p + 2, end) >= 0) p += 6;
      else if (this.hexEscapes && bytes[p + 1] === LOWER_X && hexByte(bytes, p + 2, end) >= 0) p += 4;
      else return -1;
    }
    return -1;
  }

  private grow(): void {
    const larger = new Uint8Array(this.open.length * 4);
    larger.set(this.open);
    this.open = larger;
  }
}

/** Whether a line feed is space in what is scanned (out of a wrapper), or ends the line. */
let lineFeedIsSpace = true;

function skipSpace(bytes: Buffer, from: number, end: number): number {
  let p = from;
  while (p < end) {
    const c = bytes[p];
    if (c !== 32 && c !== 9 && c !== CR && (c !== LF || !lineFeedIsSpace)) break;
    p++;
  }
  return p;
}

function skipColon(bytes: Buffer, from: number, end: number): number {
  let p = from < end && bytes[from] <= 32 ? skipSpace(bytes, from, end) : from;
  if (p >= end || bytes[p++] !== COLON) return -1;
  return p < end && bytes[p] <= 32 ? skipSpace(bytes, p, end) : p;
}

function scalar(bytes: Buffer, p: number, end: number): number {
  const c = bytes[p];
  if ((c >= ZERO && c <= NINE) || c === MINUS) return number(bytes, p, end);
  for (const word of LITERALS) if (startsWith(bytes, p, end, word)) return p + word.length;
  return -1;
}

/** RFC 8259: -? (0 | [1-9] digits) (. digits)? ([eE] [+-]? digits)? */
function number(bytes: Buffer, from: number, end: number): number {
  let p = from;
  if (bytes[p] > ZERO && bytes[p] <= NINE) {
    do p++;
    while (p < end && bytes[p] >= ZERO && bytes[p] <= NINE);
    if (p >= end || (bytes[p] !== POINT && (bytes[p] | 32) !== LOWER_E)) return p;
    p = from;
  }
  if (bytes[p] === MINUS) p++;
  if (p >= end) return -1;
  if (bytes[p] === ZERO) p++;
  else {
    p = digits(bytes, p, end);
    if (p < 0) return -1;
  }
  if (p < end && bytes[p] === POINT) {
    p = digits(bytes, p + 1, end);
    if (p < 0) return -1;
  }
  if (p < end && (bytes[p] | 32) === LOWER_E) {
    p++;
    if (p < end && (bytes[p] === 43 || bytes[p] === MINUS)) p++;
    p = digits(bytes, p, end);
  }
  return p;
}

/** One digit or more; -1 when there is none. */
function digits(bytes: Buffer, from: number, end: number): number {
  let p = from;
  while (p < end && bytes[p] >= ZERO && bytes[p] <= NINE) p++;
  return p > from ? p : -1;
}

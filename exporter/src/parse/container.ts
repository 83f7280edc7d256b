import { TEXT } from './fields.ts';
import { JsonScanner } from './json.ts';
import { ACCEPTED, BLANK, INCOMPLETE, type Outcome, rejectionCode } from './log-record.ts';
import { equals, skipBlanks, wordEnd } from './spans.ts';
import { parseTimestamp } from './timestamp.ts';
import { WantedNames } from './wanted-fields.ts';
import type { Wrapper } from './wrapper.ts';

const WRAPPER = rejectionCode('wrapper');
const TOO_LONG = rejectionCode('too_long');

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const COLON = 58;
const LETTER_F = 70;
const LETTER_P = 80;

const STREAMS = [Buffer.from('stdout'), Buffer.from('stderr')];

/** Joined records that are no line are tried again without their first parts, with at most so many of the last ones. */
const MOST_TRIED = 8;

/** The parts of a record in the making. */
class Parts {
  bytes: Buffer = Buffer.alloc(0);
  used = 0;
  tooLong = false;
  /** Whether the last part looked like the end of a record, and what is here was no line. */
  kept = false;
  /** Where the parts begin, but for the first. */
  starts: number[] = [];

  clear(): void {
    this.used = 0;
    this.tooLong = false;
    this.kept = false;
    this.starts = [];
  }
}

/**
 * Joins the parts a runtime split a long line into, one line a stream in the making. A record that grows beyond
 * `limit` is given up: its parts are swallowed and its end is reported as too_long, once.
 */
class Joiner {
  private readonly limit: number;
  private readonly parts = STREAMS.map(() => new Parts());
  /** Of the record that was joined last: where its parts begin, and which of them were not tried yet. */
  private untried: number[] = [];
  private starts: number[] = [];

  constructor(limit: number) {
    this.limit = limit;
  }

  unfinished(): Buffer[] {
    return this.parts
      .filter(({ used, tooLong }) => used > 0 || tooLong)
      .map(({ bytes, used }) => bytes.subarray(0, used));
  }

  /** Takes a part; `into` gets the whole line when this was its last. */
  add(stream: number, last: boolean, bytes: Buffer, start: number, end: number, into: Wrapper): Outcome {
    const parts = this.parts[stream];
    this.untried = [];
    if (parts.kept && parts.used + end - start > this.limit) parts.clear();
    if (last && parts.used === 0 && !parts.tooLong) {
      into.bytes = bytes;
      into.start = start;
      into.end = end;
      return ACCEPTED;
    }
    this.append(parts, bytes, start, end);
    if (!last) return INCOMPLETE;
    const outcome = parts.tooLong ? TOO_LONG : ACCEPTED;
    into.bytes = parts.bytes;
    into.start = 0;
    into.end = parts.used;
    this.starts = parts.starts;
    this.untried = parts.starts.slice(-MOST_TRIED);
    parts.clear();
    return outcome;
  }

  /** Takes what add() gave back as a part whose line may go on. */
  keep(stream: number, bytes: Buffer, start: number, end: number): void {
    const parts = this.parts[stream];
    if (bytes === parts.bytes) {
      parts.used = end;
      parts.starts = this.starts;
    } else this.append(parts, bytes, start, end);
    parts.kept = true;
  }

  /** Gives the joined record without its first parts; false when there is no other way to cut it. */
  another(into: Wrapper): boolean {
    const start = this.untried.shift();
    if (start === undefined) return false;
    into.start = start;
    return true;
  }

  private append(parts: Parts, bytes: Buffer, start: number, end: number): void {
    const length = parts.used + end - start;
    if (length > this.limit) {
      parts.clear();
      parts.tooLong = true;
    }
    if (parts.tooLong) return;
    if (parts.bytes.length < length) {
      const larger = Buffer.alloc(Math.min(this.limit, 2 * length));
      parts.bytes.copy(larger, 0, 0, parts.used);
      parts.bytes = larger;
    }
    bytes.copy(parts.bytes, parts.used, start, end);
    if (parts.used > 0) parts.starts.push(parts.used);
    parts.used = length;
    parts.kept = false;
  }
}

/** `2016-10-06T00:17:09.669794202Z stdout F line`; P instead of F marks a part whose line goes on. */
export class CriWrapper implements Wrapper {
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;
  private readonly joiner: Joiner;

  constructor(limit: number) {
    this.joiner = new Joiner(limit);
  }

  unfinished(): Buffer[] {
    return this.joiner.unfinished();
  }

  peel(bytes: Buffer, start: number, end: number): Outcome {
    if (skipBlanks(bytes, start, end) === end) return BLANK;
    const timeEnd = wordEnd(bytes, start, end);
    const streamEnd = wordEnd(bytes, timeEnd + 1, end);
    const tagsEnd = wordEnd(bytes, streamEnd + 1, end);
    const stream = streamNumber(bytes, timeEnd + 1, streamEnd);
    const tag = bytes[streamEnd + 1];
    // Tags are separated by colons; the first one says whether the line goes on.
    const tagged = streamEnd + 1 < end && (streamEnd + 2 === tagsEnd || bytes[streamEnd + 2] === COLON);
    if (stream < 0 || !tagged || (tag !== LETTER_F && tag !== LETTER_P)) return WRAPPER;
    if (Number.isNaN(parseTimestamp(bytes, start, timeEnd))) return WRAPPER;
    return this.joiner.add(stream, tag === LETTER_F, bytes, Math.min(tagsEnd + 1, end), end, this);
  }

  /** The runtime says where a record ends. */
  another(): boolean {
    return false;
  }

  keep(): boolean {
    return false;
  }
}

const LOG = 0;
const STREAM = 1;
/**
 * Docker splits a line into parts of exactly so many bytes. The bytes of a character that was split are replaced by
 * longer ones, so no part is ever shorter.
 */
const SPLIT_BYTES = 16_384;

/**
 * `{"log":"line\n","stream":"stdout","time":"…"}`. Docker splits lines over 16 KiB, and the last part has the newline.
 * What is shorter and has none was the container's last write: a line of its own, if it is one.
 */
export class DockerWrapper implements Wrapper {
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;
  private readonly joiner: Joiner;
  private readonly json: JsonScanner;
  /** Of the record peeled last: whether it had no newline, its stream, and where it began. */
  private open = false;
  private stream = 0;
  private from = 0;

  constructor(limit: number) {
    this.joiner = new Joiner(limit);
    const root = new WantedNames();
    root.entry('log').place = LOG;
    root.entry('stream').place = STREAM;
    this.json = new JsonScanner({ root, places: 2, shared: [], nested: [] });
  }

  unfinished(): Buffer[] {
    return this.joiner.unfinished();
  }

  peel(bytes: Buffer, start: number, end: number): Outcome {
    const scanned = this.json.scan(bytes, start, end);
    if (scanned === BLANK) return BLANK;
    const { values } = this.json;
    if (scanned !== ACCEPTED || !values.has(LOG) || values.kind(LOG) !== TEXT) return WRAPPER;
    const stream = values.has(STREAM) ? streamNumber(bytes, values.start(STREAM), values.end(STREAM)) : 0;
    if (stream < 0) return WRAPPER;
    const from = values.start(LOG);
    let to = values.end(LOG);
    const last = to > from && bytes[to - 1] === LINE_FEED;
    if (last) to--;
    if (last && to > from && bytes[to - 1] === CARRIAGE_RETURN) to--;
    this.stream = stream;
    const outcome = this.joiner.add(stream, last || to - from < SPLIT_BYTES, bytes, from, to, this);
    this.open = !last && outcome === ACCEPTED;
    this.from = this.start;
    return outcome;
  }

  /** A container that ended in the middle of a line never wrote the rest: what follows is a line of its own. */
  another(): boolean {
    return this.joiner.another(this);
  }

  /** What has no newline and is no line by itself may still be a part of one. */
  keep(): boolean {
    if (this.open) this.joiner.keep(this.stream, this.bytes, this.from, this.end);
    return this.open;
  }
}

/** Number of the stream that is named, -1 when it is neither stdout nor stderr. */
function streamNumber(bytes: Buffer, start: number, end: number): number {
  if (equals(bytes, start, end, STREAMS[0])) return 0;
  return equals(bytes, start, end, STREAMS[1]) ? 1 : -1;
}

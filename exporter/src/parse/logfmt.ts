import { decodeEscapes } from './escapes.ts';
import { FIELD, FoundValues, type LineScanner } from './fields.ts';
import { ACCEPTED, BLANK, rejectionCode } from './log-record.ts';
import { skipBlanks } from './spans.ts';
import { hashStep, mergeWanted, type WantedFields } from './wanted-fields.ts';

const MALFORMED = rejectionCode('malformed');

const SPACE = 32;
const QUOTE = 34;
const EQUALS = 61;
const BACKSLASH = 92;

/** Fields that say whose request it was and what became of it. */
const IDENTITY = [
  FIELD.timestamp,
  FIELD.date,
  FIELD.time,
  FIELD.keyId,
  FIELD.tenantId,
  FIELD.method,
  FIELD.endpoint,
  FIELD.status,
  FIELD.request,
];

/**
 * Reads `name=value name="quoted \"value\"" bare`. A value without quotes goes up to the next blank, whatever it
 * holds; a bare name has no value, and of a name that occurs twice the last one counts. A line without a single
 * `=`, or with anything but a blank behind a closing quote is malformed. A line that ends inside a quote was cut off:
 * it counts without that value when the key came before it and nothing that identifies the request is behind it.
 */
export class LogfmtScanner implements LineScanner {
  readonly values: FoundValues;
  private readonly wanted: WantedFields;

  constructor(wanted: WantedFields) {
    this.wanted = wanted;
    this.values = new FoundValues(wanted.places);
  }

  scan(bytes: Buffer, start: number, end: number): number {
    const { values } = this;
    values.clear();
    let p = skipBlanks(bytes, start, end);
    if (p >= end) return BLANK;
    let pairs = 0;
    while (p < end) {
      const nameStart = p;
      let hash = 0;
      while (p < end && bytes[p] > SPACE && bytes[p] !== EQUALS) hash = hashStep(hash, bytes[p++]);
      if (p === nameStart) return MALFORMED;
      const name = this.wanted.root.find(bytes, nameStart, p, hash);
      const place = name === undefined ? -1 : name.place;
      if (p >= end || bytes[p] !== EQUALS) {
        if (place >= 0) values.putText(bytes, place, p, p);
      } else {
        pairs++;
        p++;
        if (p < end && bytes[p] === QUOTE) {
          const close = closingQuote(bytes, p + 1, end);
          if (close < 0) {
            if (place >= 0 && this.identifies(place)) return MALFORMED;
            if (!values.names(FIELD.keyId) || this.identityBehind(bytes, p + 1, end)) return MALFORMED;
            if (place >= 0) values.putNothing(place);
            break;
          }
          if (close + 1 < end && bytes[close + 1] > SPACE) return MALFORMED;
          if (place >= 0) values.putText(bytes, place, p + 1, decodeEscapes(bytes, p + 1, close));
          p = close + 1;
        } else {
          const valueStart = p;
          while (p < end && bytes[p] > SPACE) p++;
          if (place >= 0) values.putText(bytes, place, valueStart, p);
        }
      }
      p = skipBlanks(bytes, p, end);
    }
    if (pairs === 0) return MALFORMED;
    mergeWanted(this.wanted, values);
    return ACCEPTED;
  }

  /** Whether a place is one of IDENTITY, or its value is shared by one. */
  private identifies(place: number): boolean {
    if (IDENTITY.includes(place)) return true;
    return this.wanted.shared.some(([from, to]) => from === place && IDENTITY.includes(to));
  }

  /** Whether `name=` of a field that identifies the request stands in bytes[from, end). */
  private identityBehind(bytes: Buffer, from: number, end: number): boolean {
    for (let p = from; p < end; p++) {
      const nameStart = p;
      let hash = 0;
      while (p < end && bytes[p] > SPACE && bytes[p] !== EQUALS) hash = hashStep(hash, bytes[p++]);
      if (p >= end || bytes[p] !== EQUALS) continue;
      const name = this.wanted.root.find(bytes, nameStart, p, hash);
      if (name !== undefined && name.place >= 0 && this.identifies(name.place)) return true;
    }
    return false;
  }
}

/** Position of the quote that ends a text, -1 when there is none; a backslash takes the next byte with it. */
export function closingQuote(bytes: Buffer, from: number, end: number): number {
  for (let p = from; p < end; p++) {
    if (bytes[p] === QUOTE) return p;
    if (bytes[p] === BACKSLASH) p++;
  }
  return -1;
}

import { decodeEscapes } from './escapes.ts';
import { FIELD, FoundValues, type LineScanner } from './fields.ts';
import { closingQuote } from './logfmt.ts';
import { ACCEPTED, BLANK, rejectionCode } from './record.ts';
import { skipBlanks, wordEnd } from './spans.ts';

const MALFORMED = rejectionCode('malformed');

const SPACE = 32;
const QUOTE = 34;
const COMMA = 44;
const LEFT_BRACKET = 91;
const RIGHT_BRACKET = 93;

/**
 * Reads the web server's combined format, as Apache and nginx write it:
 *
 *     203.0.113.9 - key_crm [04/May/2026:10:11:12 +0000] "GET /v1/contacts HTTP/1.1" 200 512 "referer" "agent"
 *
 * The key is the user field, which may hold blanks. Referer and agent may be missing (common format); what
 * follows them is not looked at. `\"` and `\xHH` are decoded, in the user field too, and `""` there is no user.
 */
export class CombinedScanner implements LineScanner {
  readonly values = new FoundValues();

  scan(bytes: Buffer, start: number, end: number): number {
    this.values.clear();
    let p = skipBlanks(bytes, start, end);
    if (p === end) return BLANK;

    let hostEnd = wordEnd(bytes, p, end);
    while (bytes[hostEnd - 1] === COMMA && hostEnd < end) hostEnd = wordEnd(bytes, hostEnd + 1, end);
    this.values.putText(bytes, FIELD.ip, p, hostEnd);

    const user = wordEnd(bytes, hostEnd + 1, end) + 1;
    const bracket = timeBracket(bytes, user, end);
    if (bracket < 0) return MALFORMED;
    if (!isEmptyQuotes(bytes, user, bracket - 1))
      this.values.putText(bytes, FIELD.keyId, user, decodeEscapes(bytes, user, bracket - 1));

    let close = bracket;
    while (close < end && bytes[close] !== RIGHT_BRACKET) close++;
    this.values.putText(bytes, FIELD.timestamp, bracket + 1, close);

    if (close + 2 >= end || bytes[close + 1] !== SPACE || bytes[close + 2] !== QUOTE) return MALFORMED;
    p = this.quoted(bytes, close + 2, end, FIELD.request);
    if (p < 0) return MALFORMED;
    p = this.word(bytes, p, end, FIELD.status);
    if (p < 0) return MALFORMED;
    p = this.word(bytes, p, end, FIELD.bytes);
    if (p < 0) return MALFORMED;

    if (!quoteFollows(bytes, p, end)) return ACCEPTED;
    p = closingQuote(bytes, p + 2, end) + 1;
    if (p === 0) return MALFORMED;
    if (!quoteFollows(bytes, p, end)) return ACCEPTED;
    return this.quoted(bytes, p + 1, end, FIELD.userAgent) < 0 ? MALFORMED : ACCEPTED;
  }

  /** The text that the quote at `open` begins; returns what follows its closing quote. */
  private quoted(bytes: Buffer, open: number, end: number, field: number): number {
    const close = closingQuote(bytes, open + 1, end);
    if (close < 0) return -1;
    this.values.putText(bytes, field, open + 1, decodeEscapes(bytes, open + 1, close));
    return close + 1;
  }

  /** A blank and the word behind it; returns what follows the word. */
  private word(bytes: Buffer, blank: number, end: number, field: number): number {
    if (blank >= end || bytes[blank] !== SPACE || bytes[blank + 1] === QUOTE) return -1;
    const after = wordEnd(bytes, blank + 1, end);
    if (after === blank + 1) return -1;
    this.values.putText(bytes, field, blank + 1, after);
    return after;
  }
}

const quoteFollows = (bytes: Buffer, p: number, end: number): boolean =>
  p + 1 < end && bytes[p] === SPACE && bytes[p + 1] === QUOTE;

const isEmptyQuotes = (bytes: Buffer, start: number, end: number): boolean =>
  end === start + 2 && bytes[start] === QUOTE && bytes[start + 1] === QUOTE;

/** The bracket that opens the time: the first that follows a blank and is followed by `dd/`. */
function timeBracket(bytes: Buffer, from: number, end: number): number {
  for (let p = from + 1; p + 3 < end; p++)
    if (bytes[p] === LEFT_BRACKET && bytes[p - 1] === SPACE && bytes[p + 3] === 47) return p;
  return -1;
}

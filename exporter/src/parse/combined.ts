import { decodeEscapes } from './escapes.ts';
import { FIELD, FoundValues, type LineScanner } from './fields.ts';
import { ACCEPTED, BLANK, rejectionCode } from './log-record.ts';
import { closingQuote } from './logfmt.ts';
import { equals, skipBlanks, wordEnd } from './spans.ts';

const MALFORMED = rejectionCode('malformed');

const SPACE = 32;
const QUOTE = 34;
const COMMA = 44;
const MINUS = 45;
const ZERO = 48;
const NINE = 57;
const LEFT_BRACKET = 91;
const RIGHT_BRACKET = 93;
const REFUSED = Buffer.from('401');

/**
 * Reads the web server's combined format, as Apache and nginx write it:
 *
 *     203.0.113.9 - key_crm [04/May/2026:10:11:12 +0000] "GET /v1/contacts HTTP/1.1" 200 512 "referer" "agent"
 *
 * Before the time there are exactly host, ident and user, or with `vhost` a virtual host before them. The key is the
 * user; `""` and `-` are none, quotes around it are dropped, `\"` and `\xHH` are decoded. Only beside a 401 may it hold
 * spaces: then it is what the client claimed to be. Referer and agent may be missing (common format) or cut off, and so
 * may what is behind the status; what follows the agent is not looked at.
 */
export class CombinedScanner implements LineScanner {
  readonly values = new FoundValues();
  private readonly vhost: boolean;
  /** Whether the user of the line at hand has spaces. */
  private spacedUser = false;

  constructor(vhost: boolean) {
    this.vhost = vhost;
  }

  scan(bytes: Buffer, start: number, end: number): number {
    const { values } = this;
    values.clear();
    const first = skipBlanks(bytes, start, end);
    if (first === end) return BLANK;
    const bracket = timeBracket(bytes, first, end);
    if (bracket < 0) return MALFORMED;
    if (!this.callers(bytes, first, bracket)) return MALFORMED;

    let close = bracket;
    while (close < end && bytes[close] !== RIGHT_BRACKET) close++;
    values.putText(bytes, FIELD.timestamp, bracket + 1, close);

    if (close + 2 >= end || bytes[close + 1] !== SPACE || bytes[close + 2] !== QUOTE) return MALFORMED;
    let p = requestEnd(bytes, close + 3, end);
    if (p < 0) return MALFORMED;
    values.putText(bytes, FIELD.request, close + 3, decodeEscapes(bytes, close + 3, p));
    p = this.word(bytes, p + 1, end, FIELD.status);
    if (p < 0) return MALFORMED;
    if (this.spacedUser && !equals(bytes, p - REFUSED.length, p, REFUSED)) return MALFORMED;
    if (p + 1 >= end) return ACCEPTED;
    p = this.word(bytes, p, end, FIELD.bytes);
    if (p < 0) return MALFORMED;

    if (!quoteFollows(bytes, p, end)) return ACCEPTED;
    p = closingQuote(bytes, p + 2, end) + 1;
    if (p === 0 || !quoteFollows(bytes, p, end)) return ACCEPTED;
    const agent = closingQuote(bytes, p + 2, end);
    // One that is cut off is left out: nobody knows how it went on.
    if (agent >= 0) values.putText(bytes, FIELD.userAgent, p + 2, decodeEscapes(bytes, p + 2, agent));
    return ACCEPTED;
  }

  /** What stands before the bracket of the time, up to the space before it. False when it is not what it should be. */
  private callers(bytes: Buffer, start: number, bracket: number): boolean {
    const { values } = this;
    const end = bracket - 1;
    this.spacedUser = false;
    let host = start;
    let hostEnd = this.hostEnd(bytes, host, end);
    let ident = wordEnd(bytes, hostEnd + 1, end);
    // With three words before the time there is no virtual host.
    if (this.vhost && ident < end && !userIs(bytes, ident + 1, end)) {
      host = hostEnd + 1;
      hostEnd = this.hostEnd(bytes, host, end);
      ident = wordEnd(bytes, hostEnd + 1, end);
      // The ident: there is no virtual host, but a user with spaces.
      if (hostEnd === host + 1 && bytes[host] === MINUS) return false;
    }
    if (ident >= end) return false;
    const user = ident + 1;
    if (!userIs(bytes, user, end)) {
      const claimed = ident === hostEnd + 2 && bytes[hostEnd + 1] === MINUS && bytes[user] !== MINUS;
      if (!claimed || bytes[user] === QUOTE) return false;
      this.spacedUser = true;
    }
    values.putText(bytes, FIELD.ip, host, hostEnd);
    if (user >= end) return true;
    if (bytes[user] !== QUOTE) values.putText(bytes, FIELD.keyId, user, decodeEscapes(bytes, user, end));
    else values.putText(bytes, FIELD.keyId, user + 1, decodeEscapes(bytes, user + 1, end - 1));
    return true;
  }

  /** A list of forwarded addresses is one host. */
  private hostEnd(bytes: Buffer, start: number, end: number): number {
    let p = wordEnd(bytes, start, end);
    while (bytes[p - 1] === COMMA && p < end) p = wordEnd(bytes, p + 1, end);
    return p;
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

/** Whether bytes[start, end) are one user: a word, or a text in quotes. */
function userIs(bytes: Buffer, start: number, end: number): boolean {
  if (bytes[start] === QUOTE && start < end) return closingQuote(bytes, start + 1, end) === end - 1;
  return wordEnd(bytes, start, end) === end;
}

const quoteFollows = (bytes: Buffer, p: number, end: number): boolean =>
  p + 1 < end && bytes[p] === SPACE && bytes[p + 1] === QUOTE;

/**
 * The quote that ends the request line: the first that is followed by a status, for a server that writes what it got
 * without escaping it writes quotes too.
 */
function requestEnd(bytes: Buffer, from: number, end: number): number {
  const first = closingQuote(bytes, from, end);
  if (first < 0 || statusFollows(bytes, first, end)) return first;
  for (let p = first + 1; p < end; p++) if (bytes[p] === QUOTE && statusFollows(bytes, p, end)) return p;
  return first;
}

function statusFollows(bytes: Buffer, quote: number, end: number): boolean {
  const p = quote + 2;
  if (p >= end || bytes[quote + 1] !== SPACE) return false;
  return bytes[p] === MINUS || (bytes[p] >= ZERO && bytes[p] <= NINE);
}

/** The bracket that opens the time: the first that follows a blank and is followed by `dd/`. */
function timeBracket(bytes: Buffer, from: number, end: number): number {
  for (let p = from + 1; p + 3 < end; p++)
    if (bytes[p] === LEFT_BRACKET && bytes[p - 1] === SPACE && bytes[p + 3] === 47) return p;
  return -1;
}

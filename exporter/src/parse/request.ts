import { durationSeconds } from './duration.ts';
import { FIELD, type FoundValues, NUMBER, TEXT } from './fields.ts';
import { PRIVATE_NETWORKS, readClientIp } from './forwarded.ts';
import { parseIp } from './ip.ts';
import { ACCEPTED, type LogRecord, OPTIONAL_FIELDS, type Outcome, rejectionCode } from './log-record.ts';
import { MASKED_BYTES, maskKey, mayHoldRawKey } from './masking.ts';
import type { Network } from './network.ts';
import { parseDecimal, threeDigits } from './numbers.ts';
import { keepOriginal } from './original-bytes.ts';
import type { Routes } from './routes.ts';
import { equals, startsWith, wordEnd } from './spans.ts';
import { readTarget, Segments } from './target.ts';
import { Templates } from './templates.ts';
import type { TimeZone } from './time-zone.ts';
import { epochMs, parseDateAndTime, parseTimestamp } from './timestamp.ts';

const MISSING_FIELD = rejectionCode('missing_field');
const WRONG_TYPE = rejectionCode('wrong_type');
const BAD_TIMESTAMP = rejectionCode('bad_timestamp');
const BAD_STATUS = rejectionCode('bad_status');
const BAD_ENDPOINT = rejectionCode('bad_endpoint');

const ignored = (field: (typeof OPTIONAL_FIELDS)[number]): number => 1 << OPTIONAL_FIELDS.indexOf(field);
const IGNORED_IP = ignored('ip');
const IGNORED_DURATION = ignored('durationMs');
const IGNORED_BYTES = ignored('bytes');
const IGNORED_USER_AGENT = ignored('userAgent');
const IGNORED_REQUEST_ID = ignored('requestId');
const IGNORED_METHOD = ignored('method');

// The numbers by themselves: the compiler sees through a constant, not through an object.
const TIMESTAMP = FIELD.timestamp;
const KEY_ID = FIELD.keyId;
const METHOD = FIELD.method;
const ENDPOINT = FIELD.endpoint;
const STATUS = FIELD.status;
const IP = FIELD.ip;
const TENANT_ID = FIELD.tenantId;
const DURATION_MS = FIELD.durationMs;
const DURATION_SECONDS = FIELD.durationSeconds;
const BYTES = FIELD.bytes;
const USER_AGENT = FIELD.userAgent;
const REQUEST_ID = FIELD.requestId;
const REQUEST = FIELD.request;
const DATE = FIELD.date;
const TIME = FIELD.time;
const DURATION_US = FIELD.durationUs;
const DURATION_NS = FIELD.durationNs;

const ZERO = 48;
const LETTER_A = 65;
const LETTER_Z = 90;
const LOWER_BIT = 32;
const HTTP = Buffer.from(' HTTP/');
/** The method of an HTTP/2 client's preface, which a server of HTTP/1 logs as a request line. */
const PREFACE = Buffer.from('PRI');
/** What a server responds to bytes that are no request: 400, 408 (nothing came), 505 (no version it knows). */
const NO_REQUEST = [400, 408, 505];
/** Some proxies write it in place of a status. */
const MINUS_ONE = Buffer.from('-1');

/** Longer is no duration of a request; a single such value would spoil a sum for good. */
const LONGEST_SECONDS = 1e9;
const LONGEST_METHOD = 16;

/** What a source says about its values beyond their names. */
export interface Reading {
  /** Of timestamps without offset; undefined = UTC. */
  zone?: TimeZone | undefined;
  /** Of a list of addresses; undefined = those of private networks. */
  trustedProxies?: readonly Network[] | undefined;
}

/** Turns the values found on a line into a request record, and says what is wrong with it otherwise. */
export class RequestReader {
  private readonly values: FoundValues;
  private readonly segments = new Segments();
  private readonly templates: Templates;
  private readonly maskedKey = Buffer.alloc(MASKED_BYTES);
  /** Number of the field that the last rejected line was rejected for. */
  faulty = -1;

  private readonly zone: TimeZone | undefined;
  private readonly trusted: readonly Network[];

  constructor(values: FoundValues, routes: Routes, { zone, trustedProxies }: Reading = {}) {
    this.values = values;
    this.zone = zone;
    this.trusted = trustedProxies ?? PRIVATE_NETWORKS;
    this.templates = new Templates(routes);
  }

  /** The record must be clear. Needed fields are looked at in the order below, and the first fault is told. */
  read(bytes: Buffer, record: LogRecord): Outcome {
    const { values } = this;
    record.bytes = bytes;
    record.key = bytes;
    const fault =
      this.readTimestamp(bytes, record) ||
      this.readStatus(bytes, record) ||
      this.readEndpoint(bytes, record) ||
      (values.has(KEY_ID) ? this.readKey(bytes, record) : ACCEPTED);
    if (fault !== ACCEPTED) return fault;
    if (values.has(TENANT_ID)) {
      if (!this.isId(TENANT_ID)) return this.fault(TENANT_ID, WRONG_TYPE);
      record.tenantStart = values.start(TENANT_ID);
      record.tenantEnd = values.end(TENANT_ID);
    }
    if (values.has(IP)) this.readIp(bytes, record);
    if (!(values.has(DURATION_MS) && this.readDuration(bytes, record, DURATION_MS, 1e3)))
      this.readOtherDuration(bytes, record);
    if (values.has(BYTES)) this.readBytes(bytes, record);
    if (values.has(USER_AGENT)) this.readUserAgent(record);
    if (values.has(REQUEST_ID)) this.readRequestId(record);
    if (record.pathStart >= 0) this.templates.write(record, this.segments);
    return ACCEPTED;
  }

  private readTimestamp(bytes: Buffer, record: LogRecord): Outcome {
    if (!this.values.has(TIMESTAMP)) return this.readDateAndTime(bytes, record);
    const kind = this.values.kind(TIMESTAMP);
    if (kind > NUMBER) return this.fault(TIMESTAMP, WRONG_TYPE);
    const start = this.values.start(TIMESTAMP);
    const end = this.values.end(TIMESTAMP);
    const ms =
      kind === NUMBER
        ? epochMs(parseDecimal(bytes, start, end))
        : parseTimestamp(bytes, start, end, this.zone);
    if (Number.isNaN(ms)) return this.fault(TIMESTAMP, BAD_TIMESTAMP);
    record.timestampMs = ms;
    return ACCEPTED;
  }

  private readDateAndTime(bytes: Buffer, record: LogRecord): Outcome {
    const { values } = this;
    const dated = values.has(DATE);
    if (!dated || !values.has(TIME)) {
      const missing = dated ? TIME : values.has(TIME) ? DATE : TIMESTAMP;
      return this.fault(missing, MISSING_FIELD);
    }
    if (values.kind(DATE) > NUMBER) return this.fault(DATE, WRONG_TYPE);
    if (values.kind(TIME) > NUMBER) return this.fault(TIME, WRONG_TYPE);
    const text = (field: number): string =>
      bytes.toString('latin1', values.start(field), Math.min(values.end(field), values.start(field) + 64));
    record.timestampMs = parseDateAndTime(text(DATE), text(TIME), this.zone);
    if (!Number.isNaN(record.timestampMs)) return ACCEPTED;
    record.timestampMs = 0;
    return this.fault(DATE, BAD_TIMESTAMP);
  }

  /** Whether a field holds what can be an id: a text, or a number, which counts as its text. */
  private isId(field: number): boolean {
    const kind = this.values.kind(field);
    return kind === TEXT || kind === NUMBER;
  }

  private readStatus(bytes: Buffer, record: LogRecord): Outcome {
    // Named without a value: the connection ended before there was a status.
    if (!this.values.has(STATUS))
      return this.values.names(STATUS) ? ACCEPTED : this.fault(STATUS, MISSING_FIELD);
    const kind = this.values.kind(STATUS);
    if (kind > NUMBER) return this.fault(STATUS, WRONG_TYPE);
    const start = this.values.start(STATUS);
    const end = this.values.end(STATUS);
    let status = threeDigits(bytes, start, end);
    if (status < 0 && kind === NUMBER) status = wholeNumber(bytes, start, end);
    if (status < 100 || status > 599) return this.readNoStatus(bytes, status, start, end);
    record.status = status;
    return ACCEPTED;
  }

  /** 0 in one to three digits, and -1: there was no response. The record's status is 0 already. */
  private readNoStatus(bytes: Buffer, status: number, start: number, end: number): Outcome {
    if (status === 0 || equals(bytes, start, end, MINUS_ONE)) return ACCEPTED;
    let zeros = end - start <= 3;
    for (let p = start; p < end; p++) zeros &&= bytes[p] === ZERO;
    return zeros ? ACCEPTED : this.fault(STATUS, BAD_STATUS);
  }

  /** Method and path, from their own fields or, where these are absent, from the request line. */
  private readEndpoint(bytes: Buffer, record: LogRecord): Outcome {
    const { values } = this;
    const method = this.values.has(METHOD);
    if (method) {
      if (values.kind(METHOD) === TEXT)
        this.readMethod(bytes, values.start(METHOD), values.end(METHOD), record);
      else record.ignoredFields |= IGNORED_METHOD;
    }
    if (!this.values.has(ENDPOINT)) return this.readRequestLine(bytes, record, !method, true);
    if (values.kind(ENDPOINT) !== TEXT) return this.fault(ENDPOINT, WRONG_TYPE);
    if (!method) this.readRequestLine(bytes, record, true, false);
    const outcome = readTarget(bytes, values.start(ENDPOINT), values.end(ENDPOINT), record, this.segments);
    return outcome === ACCEPTED ? ACCEPTED : this.readNoTarget(record);
  }

  /** An endpoint that is no path: of a request that was refused or got no response it is what the client sent. */
  private readNoTarget(record: LogRecord): Outcome {
    if (record.status >= 100 && record.status < 400) return this.fault(ENDPOINT, BAD_ENDPOINT);
    return noEndpoint(record);
  }

  /** `GET /v1/contacts HTTP/1.1`: gives the method and the target, as far as they are asked for. */
  private readRequestLine(bytes: Buffer, record: LogRecord, method: boolean, target: boolean): Outcome {
    if (!this.values.has(REQUEST)) return this.readNoRequestLine(record, target);
    if (this.values.kind(REQUEST) !== TEXT) return this.fault(REQUEST, WRONG_TYPE);
    const start = this.values.start(REQUEST);
    let end = this.values.end(REQUEST);
    const space = wordEnd(bytes, start, end);
    if (space === end) return noEndpoint(record);
    if (!target) {
      if (method) this.readMethod(bytes, start, space, record);
      return ACCEPTED;
    }
    let version = false;
    // A client may put spaces into its target, so the protocol is looked for from the end.
    for (let p = end - HTTP.length; p > space; p--)
      if (startsWith(bytes, p, end, HTTP)) {
        end = p;
        version = true;
        break;
      }
    if (!version && NO_REQUEST.includes(record.status)) return noEndpoint(record);
    if (equals(bytes, start, space, PREFACE)) return noEndpoint(record);
    if (readTarget(bytes, space + 1, end, record, this.segments) !== ACCEPTED) return noEndpoint(record);
    if (method) this.readMethod(bytes, start, space, record);
    return ACCEPTED;
  }

  /** Neither endpoint nor request line has a value. Named without one, the client sent nothing that could be logged. */
  private readNoRequestLine(record: LogRecord, target: boolean): Outcome {
    const { values } = this;
    if (!target) return ACCEPTED;
    const refused = record.status < 100 || record.status >= 400;
    if (values.names(REQUEST) || (refused && values.names(ENDPOINT))) return noEndpoint(record);
    return this.fault(ENDPOINT, MISSING_FIELD);
  }

  /** Notes which field rejects the line, for the message about it. */
  private fault(field: number, outcome: Outcome): Outcome {
    this.faulty = field;
    return outcome;
  }

  /** Upper-cased in place; anything but up to sixteen letters is no method. */
  private readMethod(bytes: Buffer, start: number, end: number, record: LogRecord): void {
    let upper = true;
    let usable = end > start && end - start <= LONGEST_METHOD;
    for (let p = start; usable && p < end; p++) {
      const letter = bytes[p] & ~LOWER_BIT;
      usable = letter >= LETTER_A && letter <= LETTER_Z;
      upper &&= letter === bytes[p];
    }
    if (!usable) {
      record.ignoredFields |= IGNORED_METHOD;
      return;
    }
    if (!upper) keepOriginal(bytes, start, end);
    if (!upper) for (let p = start; p < end; p++) bytes[p] &= ~LOWER_BIT;
    record.methodStart = start;
    record.methodEnd = end;
  }

  private readKey(bytes: Buffer, record: LogRecord): Outcome {
    if (!this.isId(KEY_ID)) return this.fault(KEY_ID, WRONG_TYPE);
    const start = this.values.start(KEY_ID);
    const end = this.values.end(KEY_ID);
    record.keyStart = start;
    record.keyEnd = end;
    if (!mayHoldRawKey(bytes, start, end)) return ACCEPTED;
    const text = bytes.toString('latin1', start, end);
    const key = maskKey(text);
    if (key === text) return ACCEPTED;
    record.key = this.maskedKey;
    record.keyStart = 0;
    record.keyEnd = this.maskedKey.write(key, 'latin1');
    return ACCEPTED;
  }

  private readIp(bytes: Buffer, record: LogRecord): void {
    const { values } = this;
    if (values.kind(IP) === TEXT) {
      const start = values.start(IP);
      const end = values.end(IP);
      if (parseIp(bytes, start, end, record)) return;
      if (readClientIp(bytes, start, end, this.trusted, record)) return;
    }
    record.ignoredFields |= IGNORED_IP;
  }

  private readOtherDuration(bytes: Buffer, record: LogRecord): void {
    const { values } = this;
    if (values.has(DURATION_SECONDS) && this.readDuration(bytes, record, DURATION_SECONDS, 1)) return;
    if (values.has(DURATION_US) && this.readDuration(bytes, record, DURATION_US, 1e6)) return;
    if (values.has(DURATION_NS)) this.readDuration(bytes, record, DURATION_NS, 1e9);
  }

  /** Returns false when the field says that there is no duration: -1, as some servers write it. */
  private readDuration(bytes: Buffer, record: LogRecord, field: number, perSecond: number): boolean {
    const { values } = this;
    const start = values.start(field);
    const end = values.end(field);
    const number = values.kind(field) <= NUMBER ? parseDecimal(bytes, start, end) : -2;
    if (number === -1) return false;
    let seconds = number / perSecond;
    if (Number.isNaN(number)) {
      seconds = durationSeconds(bytes, start, end, perSecond);
      if (seconds === -1) return false;
    }
    if (seconds >= 0 && seconds <= LONGEST_SECONDS) record.durationSeconds = seconds;
    else record.ignoredFields |= IGNORED_DURATION;
    return true;
  }

  private readBytes(bytes: Buffer, record: LogRecord): void {
    const { values } = this;
    const numeric = values.kind(BYTES) <= NUMBER;
    const size = numeric ? wholeNumber(bytes, values.start(BYTES), values.end(BYTES)) : -1;
    if (size >= 0) record.responseBytes = size;
    else record.ignoredFields |= IGNORED_BYTES;
  }

  private readUserAgent(record: LogRecord): void {
    const { values } = this;
    if (values.kind(USER_AGENT) === TEXT) {
      record.userAgentStart = values.start(USER_AGENT);
      record.userAgentEnd = values.end(USER_AGENT);
    } else record.ignoredFields |= IGNORED_USER_AGENT;
  }

  private readRequestId(record: LogRecord): void {
    const { values } = this;
    if (this.isId(REQUEST_ID)) {
      record.requestIdStart = values.start(REQUEST_ID);
      record.requestIdEnd = values.end(REQUEST_ID);
    } else record.ignoredFields |= IGNORED_REQUEST_ID;
  }
}

/** A request of which no endpoint is known: it counts as unmatched, and a method would be a guess too. */
function noEndpoint(record: LogRecord): Outcome {
  record.methodStart = record.methodEnd = -1;
  record.pathStart = record.pathEnd = -1;
  record.template = record.bytes;
  return ACCEPTED;
}

/** A number that may be written with fraction or exponent (2e2); -1 when it is not whole. */
function wholeNumber(bytes: Buffer, start: number, end: number): number {
  const value = parseDecimal(bytes, start, end);
  return Number.isSafeInteger(value) ? value : -1;
}

/** Empties the record: nothing of the line before may survive, whatever this line is. */
export function clearRecord(record: LogRecord): void {
  record.timestampMs = 0;
  record.status = 0;
  record.durationSeconds = Number.NaN;
  record.responseBytes = Number.NaN;
  record.keyStart = record.keyEnd = -1;
  record.tenantStart = record.tenantEnd = -1;
  record.methodStart = record.methodEnd = -1;
  record.pathStart = record.pathEnd = -1;
  record.userAgentStart = record.userAgentEnd = -1;
  record.requestIdStart = record.requestIdEnd = -1;
  record.templateStart = record.templateEnd = 0;
  record.templateListed = false;
  record.surfaceStart = record.surfaceEnd = -1;
  record.ipFamily = 0;
  record.ip0 = record.ip1 = record.ip2 = record.ip3 = 0;
  record.ignoredFields = 0;
}

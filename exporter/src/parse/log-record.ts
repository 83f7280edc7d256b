/**
 * What the parse room hands to the rest: one request, as numbers and spans of bytes.
 *
 * One LogRecord is reused for every line, so reading a line makes no object and no string. A span is
 * [start, end) in the buffer named beside it; start = -1 means the line does not carry the field.
 */
export class LogRecord {
  /** The block the line lies in. Parsers may rewrite the line in place (decoded escapes never grow). */
  bytes: Buffer = EMPTY;

  /** When the request happened, milliseconds since the epoch, fraction allowed. */
  timestampMs = 0;
  /** HTTP status, 100–599; 0 = there was no response. */
  status = 0;
  /** Seconds; NaN when the line carries none. */
  durationSeconds = Number.NaN;
  /** Response size in bytes; NaN when the line carries none. */
  responseBytes = Number.NaN;

  /** The key as it may be shown: raw keys are masked already. Empty or absent = a request without key. */
  key: Buffer = EMPTY;
  keyStart = -1;
  keyEnd = -1;

  /** True when key and tenant are labels already, as the archive has them; parsers leave it. */
  named = false;

  /** In `bytes`. */
  tenantStart = -1;
  tenantEnd = -1;
  methodStart = -1;
  methodEnd = -1;
  /** The raw path without query and fragment, in `bytes`. */
  pathStart = -1;
  pathEnd = -1;
  userAgentStart = -1;
  userAgentEnd = -1;
  requestIdStart = -1;
  requestIdEnd = -1;

  /** The endpoint template, e.g. `/v1/contacts/:id`; empty when the request names no endpoint. */
  template: Buffer = EMPTY;
  templateStart = 0;
  templateEnd = 0;
  /** True when a configured route gave the template, false when it was guessed from the path. */
  templateListed = false;
  /** First segment after the version prefix, in `template`; -1 for a path that has none. */
  surfaceStart = -1;
  surfaceEnd = -1;

  /** 0 = no usable address, 4 or 6. An IPv4-mapped IPv6 address is 4. */
  ipFamily: 0 | 4 | 6 = 0;
  /** The address as four big-endian 32-bit words; family 4 uses ip3 only, the others are 0. */
  ip0 = 0;
  ip1 = 0;
  ip2 = 0;
  ip3 = 0;

  /** Bit set of OPTIONAL_FIELDS that were present but unusable: ignored, counted, never costing the request. */
  ignoredFields = 0;
}

const EMPTY = Buffer.alloc(0);

/** Optional fields; an unusable value is ignored and counted by this name. Bit i of ignoredFields is entry i. */
export const OPTIONAL_FIELDS = ['ip', 'durationMs', 'bytes', 'userAgent', 'requestId', 'method'] as const;

/**
 * Why a line was not counted as a request. The one definition: parsers return the code, the metric
 * `atender_exporter_lines_rejected_total` uses the name as `reason`, docs take the text.
 */
export const REJECTIONS = {
  malformed: 'not well-formed in the configured format (for json: not valid JSON)',
  not_object: 'valid JSON, but not an object',
  wrapper: 'the line does not begin as log.container says (cri, docker, syslog, compose)',
  missing_field: 'timestamp, endpoint or status is not on the line',
  wrong_type: 'a field that identifies the request has a value of the wrong type',
  bad_timestamp: 'the timestamp is in none of the known forms',
  bad_status: 'the status is neither a whole number from 100 to 599, nor 0, nor -',
  bad_endpoint: 'the endpoint of a successful request is neither a path, nor an absolute URL, nor *',
  too_long: 'the line is longer than log.maxLineBytes; skipped up to its end',
  partial: 'the last line of a finished file has no newline and is no valid record',
} as const;

export type Rejection = keyof typeof REJECTIONS;
export const REJECTION_NAMES = Object.keys(REJECTIONS) as Rejection[];

/** What parsing a line gives: ACCEPTED, BLANK (nothing on the line, counted nowhere), or a rejection's code. */
export type Outcome = number;
export const ACCEPTED = 0;
export const BLANK = -1;
/** The line is a part (CRI flag P) of a record whose end is still to come; it is kept by the parser. */
export const INCOMPLETE = -2;
/** Codes from 1 on: position in REJECTION_NAMES plus one. */
export const rejectionCode = (name: Rejection): Outcome => REJECTION_NAMES.indexOf(name) + 1;
export const rejectionName = (code: Outcome): Rejection => REJECTION_NAMES[code - 1] as Rejection;

/** One parser per open file (it may hold the first parts of a split record), from its source's format options. */
export interface LineParser {
  /**
   * Reads the line bytes[start, end) (no line terminator) into `record`. Every field of the record is
   * written: nothing of the line before survives. May rewrite the line's bytes in place. Never throws.
   */
  parse(bytes: Buffer, start: number, end: number, record: LogRecord): Outcome;
  /**
   * The same for a line whose end nobody has looked for; whole lines go up to `limit`. Returns where its terminator
   * begins, and leaves in `outcome` what parse() would have returned; -1 = look for the end and parse().
   */
  parseToEnd(bytes: Buffer, start: number, limit: number, record: LogRecord): number;
  readonly outcome: Outcome;
  /** The parts so far of records whose last part did not come yet. */
  unfinished(): Buffer[];
}

import { wordsOf } from './byte-views.ts';
import { parseDecimal, threeDigits } from './numbers.ts';
import type { TimeZone } from './time-zone.ts';

const ZERO = 48;
const SPACE = 32;
const PLUS = 43;
const COMMA = 44;
const MINUS = 45;
const POINT = 46;
const SLASH = 47;
const COLON = 58;
const LETTER_Z = 90;

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** The last date that was looked up and its start: lines of a log share their day for long. */
let cachedDate = -1;
let cachedDayMs = 0;

/** Whether the timestamp that is being read has no offset. */
let isLocal = false;

/** `YYYY-MM-DDTHH:MM`, the last one that was read and its start. */
const MINUTE_LENGTH = 16;
const cachedMinute = new DataView(new ArrayBuffer(MINUTE_LENGTH));
let cachedMinuteMs = 0;

/**
 * When bytes[start, end) say a request happened: milliseconds since the epoch, fraction allowed; NaN when it is
 * in none of the known forms, an impossible date, or before 1970.
 *
 * docs/log-formats.md lists the forms. Without an offset it is local time of `zone`, UTC when there is none. A leap
 * second counts as the first of the next minute.
 */
export function parseTimestamp(bytes: Uint8Array, start: number, end: number, zone?: TimeZone): number {
  let ms: number;
  isLocal = false;
  if (end - start < 15) ms = epochMs(parseDecimal(bytes, start, end));
  else if (bytes[start + 4] === MINUS) ms = isoMs(bytes, start, end);
  else if (bytes[start + 2] === SLASH) ms = webServerMs(bytes, start, end);
  else if ((bytes[start + 8] | 32) === 116) ms = basicIsoMs(bytes, start, end);
  else if (bytes[start + 4] === SLASH && bytes[start + 10] === SPACE) ms = isoMs(bytes, start, end);
  else ms = epochMs(parseDecimal(bytes, start, end));
  if (Number.isNaN(ms)) ms = writtenOutMs(bytes, start, end);
  if (isLocal && zone !== undefined) ms = zone.instantOf(ms);
  return ms >= 0 ? ms : Number.NaN;
}

/**
 * When a date and a time say, each in a field of its own: as parseTimestamp of both together. The date may be in any
 * of the forms that a timestamp begins with; the offset may follow the time.
 */
export function parseDateAndTime(date: string, time: string, zone?: TimeZone): number {
  let written = date.trim();
  if (/^\d{8}$/.test(written)) written = `${written.slice(0, 4)}-${written.slice(4, 6)}-${written.slice(6)}`;
  const digits = /^(\d\d)(\d\d)(\d\d)(?!\d|:)/.exec(time.trim());
  const clock = digits ? time.trim().replace(digits[0], digits.slice(1).join(':')) : time.trim();
  const between = /^\d\d\/[A-Za-z]/.test(written) ? ':' : ' ';
  const bytes = Buffer.from(written + between + clock, 'latin1');
  return bytes.length > LONGEST_WRITTEN ? Number.NaN : parseTimestamp(bytes, 0, bytes.length, zone);
}

/**
 * Milliseconds of an epoch number whose unit is told by its size: below 10^11 seconds (until the year 5138),
 * below 10^14 milliseconds, below 10^17 microseconds, below 10^20 nanoseconds. NaN for anything else.
 */
export function epochMs(value: number): number {
  if (!(value >= 0)) return Number.NaN;
  if (value < 1e11) return value * 1000;
  if (value < 1e14) return value;
  if (value < 1e17) return value / 1000;
  return value < 1e20 ? value / 1e6 : Number.NaN;
}

function isoMs(b: Uint8Array, s: number, end: number): number {
  const toTheSecond = b[s + 16] === COLON;
  if (end - s < (toTheSecond ? 19 : MINUTE_LENGTH)) return Number.NaN;
  if (!isCachedMinute(b, s)) {
    if (b[s + 7] !== b[s + 4] || !isDateEnd(b[s + 10]) || b[s + 13] !== COLON) return Number.NaN;
    const year = two(b, s) * 100 + two(b, s + 2);
    const day = dayMs(year, two(b, s + 5), two(b, s + 8));
    const ms = day + clockMs(two(b, s + 11), two(b, s + 14), 0);
    if (Number.isNaN(ms)) return ms;
    for (let i = 0; i < MINUTE_LENGTH; i++) cachedMinute.setUint8(i, b[s + i]);
    cachedMinuteMs = ms;
  }
  if (!toTheSecond || end - s === MINUTE_LENGTH) return cachedMinuteMs + offsetMs(b, s + MINUTE_LENGTH, end);
  const second = two(b, s + 17);
  // What most loggers write, `.345Z`, without a loop.
  if (end - s === 24 && b[s + 19] === POINT && b[s + 23] === LETTER_Z) {
    const ms = threeDigits(b, s + 20, s + 23);
    if (second < 60 && ms >= 0) return cachedMinuteMs + second * 1000 + ms;
  }
  return second <= 60 ? cachedMinuteMs + second * 1000 + restMs(b, s + 19, end) : Number.NaN;
}

function isCachedMinute(b: Uint8Array, s: number): boolean {
  const words = wordsOf(b);
  return (
    words.getInt32(s + 12) === cachedMinute.getInt32(12) &&
    words.getInt32(s + 8) === cachedMinute.getInt32(8) &&
    words.getInt32(s + 4) === cachedMinute.getInt32(4) &&
    words.getInt32(s) === cachedMinute.getInt32(0)
  );
}

function basicIsoMs(b: Uint8Array, s: number, end: number): number {
  const year = two(b, s) * 100 + two(b, s + 2);
  const day = dayMs(year, two(b, s + 4), two(b, s + 6));
  return day + clockMs(two(b, s + 9), two(b, s + 11), two(b, s + 13)) + restMs(b, s + 15, end);
}

function webServerMs(b: Uint8Array, s: number, end: number): number {
  if (end - s < 20 || b[s + 6] !== SLASH || b[s + 11] !== COLON) return Number.NaN;
  if (b[s + 14] !== COLON || b[s + 17] !== COLON) return Number.NaN;
  const year = two(b, s + 7) * 100 + two(b, s + 9);
  const day = dayMs(year, monthOf(b, s + 3), two(b, s));
  return day + clockMs(two(b, s + 12), two(b, s + 15), two(b, s + 18)) + restMs(b, s + 20, end);
}

function monthOf(b: Uint8Array, p: number): number {
  for (let month = 0; month < 12; month++) {
    const name = MONTHS[month];
    if (
      (b[p] | 32) === name.charCodeAt(0) &&
      (b[p + 1] | 32) === name.charCodeAt(1) &&
      (b[p + 2] | 32) === name.charCodeAt(2)
    )
      return month + 1;
  }
  return Number.NaN;
}

/** Longer is no date; it keeps a hostile line from making long strings. */
const LONGEST_WRITTEN = 64;
/** RFC 1123 and RFC 2822; RFC 850 with a year of two digits; the rest of asctime. */
const WITH_ZONE =
  /^(?:[A-Za-z]{3,9}, ?)?(\d{1,2})[ -]([A-Za-z]{3})[ -](\d{4}|\d\d) (\d\d:\d\d:\d\d)([.,]\d+)?(?: ?(.+))?$/;
const ASCTIME = /^[A-Za-z]{3} ([A-Za-z]{3}) ([ \d]\d) (\d\d:\d\d:\d\d)([.,]\d+)? (\d{4})$/;
/** ISO with what some languages put behind it: `UTC`, `+0000 UTC`. */
const NAMED_UTC = /^(\d{4}[-/]\d\d[-/]\d\d[Tt ]\d\d:\d\d:\d\d(?:[.,]\d+)?)(?: [+-]00:?00)? ?(?:UTC|GMT)$/;
/** The zones of RFC 2822, which says what they mean; any other name could mean several. */
const NAMED_OFFSETS: Record<string, string> = {
  ...{ UTC: 'Z', GMT: 'Z', UT: 'Z', EST: '-0500', EDT: '-0400', CST: '-0600', CDT: '-0500' },
  ...{ MST: '-0700', MDT: '-0600', PST: '-0800', PDT: '-0700' },
};

/** Forms with the name of a day, a month or a zone in them; they are few, so they are rewritten and read as ISO. */
function writtenOutMs(b: Uint8Array, start: number, end: number): number {
  if (end - start > LONGEST_WRITTEN) return Number.NaN;
  const text = String.fromCharCode(...b.subarray(start, end));
  let iso: string;
  const utc = NAMED_UTC.exec(text);
  const written = WITH_ZONE.exec(text);
  const asctime = ASCTIME.exec(text);
  if (utc) iso = `${utc[1]}Z`;
  else if (written) {
    const [, day, month, year, clock, fraction = '', zone = ''] = written;
    iso = `${isoDate(fullYear(year), month, day)} ${clock}${fraction}${NAMED_OFFSETS[zone] ?? zone}`;
  } else if (asctime) {
    const [, month, day, clock, fraction = '', year] = asctime;
    iso = `${isoDate(year, month, day)} ${clock}${fraction}`;
  } else return Number.NaN;
  const bytes = Buffer.from(iso, 'latin1');
  isLocal = false;
  return isoMs(bytes, 0, bytes.length);
}

/** A year of two digits is in the century that POSIX gives it. */
const fullYear = (year: string): string =>
  year.length === 4 ? year : `${Number(year) < 69 ? '20' : '19'}${year}`;

function isoDate(year: string, month: string, day: string): string {
  const number = MONTHS.indexOf(month.toLowerCase()) + 1;
  return `${year}-${String(number).padStart(2, '0')}-${day.trim().padStart(2, '0')}`;
}

const isDateEnd = (c: number): boolean => c === 84 || c === SPACE || c === 116;

/** Two digits, NaN when they are none. */
function two(b: Uint8Array, p: number): number {
  const tens = b[p] - ZERO;
  const ones = b[p + 1] - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

/** Start of a day; NaN for a date that does not exist. */
function dayMs(year: number, month: number, day: number): number {
  const date = (year * 100 + month) * 100 + day;
  if (date === cachedDate) return cachedDayMs;
  if (!(year >= 1970 && month >= 1 && month <= 12 && day >= 1)) return Number.NaN;
  const ms = Date.UTC(year, month - 1, day);
  if (new Date(ms).getUTCDate() !== day) return Number.NaN;
  cachedDate = date;
  cachedDayMs = ms;
  return ms;
}

function clockMs(hour: number, minute: number, second: number): number {
  return hour < 24 && minute < 60 && second <= 60 ? ((hour * 60 + minute) * 60 + second) * 1000 : Number.NaN;
}

/** What follows the seconds: a fraction and an offset, each of which may be absent. */
function restMs(b: Uint8Array, from: number, end: number): number {
  let p = from;
  let fraction = 0;
  if (p < end && (b[p] === POINT || b[p] === COMMA)) {
    let unit = 100;
    const first = ++p;
    for (; p < end && b[p] >= ZERO && b[p] <= ZERO + 9; p++) {
      fraction += (b[p] - ZERO) * unit;
      unit /= 10;
    }
    if (p === first) return Number.NaN;
  }
  return fraction + offsetMs(b, p, end);
}

/** What to add for an offset: `Z`, `+HH`, `+HHMM` or `+HH:MM`, a space before it allowed; none is local time. */
function offsetMs(b: Uint8Array, from: number, end: number): number {
  if (from === end) {
    isLocal = true;
    return 0;
  }
  const p = b[from] === SPACE ? from + 1 : from;
  if (p + 1 === end) return (b[p] | 32) === 122 ? 0 : Number.NaN;
  if (p >= end || (b[p] !== PLUS && b[p] !== MINUS)) return Number.NaN;
  const length = end - p;
  const colon = length === 6 && b[p + 3] === COLON ? 1 : 0;
  if (length - colon !== 3 && length - colon !== 5) return Number.NaN;
  const hours = two(b, p + 1);
  const minutes = length === 3 ? 0 : two(b, p + 3 + colon);
  if (!(hours < 24 && minutes < 60)) return Number.NaN;
  const ms = (hours * 60 + minutes) * 60_000;
  return b[p] === PLUS ? -ms : ms;
}

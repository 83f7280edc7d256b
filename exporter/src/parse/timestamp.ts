import { parseDecimal, threeDigits } from './numbers.ts';
import { wordsOf } from './words.ts';

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

/** `YYYY-MM-DDTHH:MM`, the last one that was read and its start. */
const MINUTE_LENGTH = 16;
const cachedMinute = new DataView(new ArrayBuffer(MINUTE_LENGTH));
let cachedMinuteMs = 0;

/**
 * When bytes[start, end) say a request happened: milliseconds since the epoch, fraction allowed; NaN when it is
 * in none of the known forms, an impossible date, or before 1970.
 *
 * Known forms: ISO 8601 (`2026-05-04T10:11:12.123456789+02:00`, also with a space, a comma, `Z`, without any
 * offset = UTC, to the minute `2026-05-04T10:11Z`, and the basic form `20260504T101112Z`), the web server's `04/May/2026:10:11:12 +0000`, and
 * epoch numbers as epochMs reads them. A leap second counts as the first of the next minute.
 */
export function parseTimestamp(bytes: Uint8Array, start: number, end: number): number {
  let ms: number;
  if (end - start < 15) ms = epochMs(parseDecimal(bytes, start, end));
  else if (bytes[start + 4] === MINUS) ms = isoMs(bytes, start, end);
  else if (bytes[start + 2] === SLASH) ms = webServerMs(bytes, start, end);
  else if ((bytes[start + 8] | 32) === 116) ms = basicIsoMs(bytes, start, end);
  else ms = epochMs(parseDecimal(bytes, start, end));
  return ms >= 0 ? ms : Number.NaN;
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
    if (b[s + 7] !== MINUS || !isDateEnd(b[s + 10]) || b[s + 13] !== COLON) return Number.NaN;
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

/** What to add for an offset: `Z`, `+HH`, `+HHMM` or `+HH:MM`, a space before it allowed; none is UTC. */
function offsetMs(b: Uint8Array, from: number, end: number): number {
  if (from === end) return 0;
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

const ZERO = 48;
const NINE = 57;
const POINT = 46;

/** Exact doubles: what 15 digits can be divided by. */
const POWERS = Float64Array.from({ length: 16 }, (_, i) => 10 ** i);

/**
 * The decimal number that is written in bytes[start, end), correctly rounded; NaN when it is none. At most 15
 * digits are read without a string: both parts are exact doubles then, so that one division rounds right
 * (Clinger, "How to read floating point numbers accurately", 1990).
 */
export function parseDecimal(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length <= 0) return Number.NaN;
  if (length > 15) return fromText(bytes, start, end);
  let digits = 0;
  let point = -1;
  for (let p = start; p < end; p++) {
    const c = bytes[p];
    if (c >= ZERO && c <= NINE) digits = digits * 10 + (c - ZERO);
    else if (c === POINT && point < 0 && p > start && p + 1 < end) point = p;
    else return fromText(bytes, start, end);
  }
  return point < 0 ? digits : digits / POWERS[end - point - 1];
}

const DECIMAL = /^[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** Longer than any number a log writes; keeps a hostile line from making a long string. */
const LONGEST = 400;

function fromText(bytes: Uint8Array, start: number, end: number): number {
  if (end - start > LONGEST) return Number.NaN;
  let text = '';
  for (let p = start; p < end; p++) text += String.fromCharCode(bytes[p]);
  return DECIMAL.test(text) ? Number(text) : Number.NaN;
}

/** The number that is written in bytes[start, end) with three digits, -1 when it is none. */
export function threeDigits(bytes: Uint8Array, start: number, end: number): number {
  if (end - start !== 3) return -1;
  const a = bytes[start] - ZERO;
  const b = bytes[start + 1] - ZERO;
  const c = bytes[start + 2] - ZERO;
  return a >= 0 && a <= 9 && b >= 0 && b <= 9 && c >= 0 && c <= 9 ? a * 100 + b * 10 + c : -1;
}

/** Value of a hexadecimal digit, -1 for any other byte. */
export function hexDigit(c: number): number {
  if (c >= ZERO && c <= NINE) return c - ZERO;
  const lower = c | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/** The two hexadecimal digits at p, -1 when they are none. */
export function hexByte(bytes: Uint8Array, p: number, end: number): number {
  if (p + 2 > end) return -1;
  const high = hexDigit(bytes[p]);
  const low = hexDigit(bytes[p + 1]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

const SPACE = 32;
const PLUS = 43;
const MINUS = 45;
const POINT = 46;
const COMMA = 44;
const COLON = 58;
const LETTER_Z = 90;

/** `0` stands for a digit, `T` for itself or a small one. */
const SHAPE = Buffer.from('0000-00-00T00:00:00');
const ZERO = 48;
const LETTER_T = 84;

/**
 * Behind the ISO 8601 time to the second or finer at `from`, with any offset or none, when a space or the end follows;
 * -1 when there is none. Only its form is looked at: it is passed over.
 */
export function isoTimeEnd(bytes: Uint8Array, from: number, end: number): number {
  if (end - from < SHAPE.length) return -1;
  for (let i = 0; i < SHAPE.length; i++) {
    const c = bytes[from + i];
    if (SHAPE[i] === ZERO ? !isDigit(c) : c !== SHAPE[i] && (SHAPE[i] !== LETTER_T || c !== LETTER_T + 32))
      return -1;
  }
  let p = from + SHAPE.length;
  if (p < end && (bytes[p] === POINT || bytes[p] === COMMA)) {
    const first = ++p;
    while (p < end && isDigit(bytes[p])) p++;
    if (p === first) return -1;
  }
  if (p < end && (bytes[p] | 32) === (LETTER_Z | 32)) p++;
  else if (p < end && (bytes[p] === PLUS || bytes[p] === MINUS)) {
    const first = ++p;
    while (p < end && (isDigit(bytes[p]) || bytes[p] === COLON)) p++;
    if (p - first < 2 || p - first > 5) return -1;
  }
  return p === end || bytes[p] === SPACE ? p : -1;
}

const isDigit = (c: number): boolean => c >= ZERO && c <= ZERO + 9;

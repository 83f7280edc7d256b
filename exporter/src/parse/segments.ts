import { API_VERSION } from './api-version.ts';
import { equals } from './spans.ts';
import { BYTE_KINDS, DIGITS, LOWER, MARKS, type Segments, UPPER } from './target.ts';

const UNDERSCORE = 95;
const DASH = 45;
const COLON = 58;
const AT = 64;
const LONGEST_WORD = 64;
/** Shorter ones of letters only are words without a closer look. */
export const LETTERS_ARE_A_WORD = 16;

/**
 * Whether a path segment names one of many things (`8f3c…`, `42`, `cus_9f8a7b6c5d`, `jo@example.org`) and not a
 * kind of thing (`contacts`, `bulk-import`, `oauth2`, `v2`). `bytes` is percent-decoded already.
 *
 * An id is: longer than 64 bytes; anything with a byte outside letters, digits and `-._~:+@`; an address with
 * an @; a piece of a raw key; digits and marks only; a UUID; or a segment of which one part between marks
 * looks like an id (see isIdPart). Guessing wrong costs a label or merges two; listed routes decide.
 */
export function isIdLike(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > LONGEST_WORD) return true;
  let letters = 0;
  let digits = 0;
  let hex = 0;
  let dashes = 0;
  for (let p = start; p < end; p++) {
    const c = bytes[p];
    const kind = BYTE_KINDS[c];
    if (kind === DIGITS) digits++;
    else if (kind === LOWER || kind === UPPER) {
      letters++;
      if ((c | 32) <= 102) hex++;
    } else if (kind !== MARKS || (c === AT && p > start)) return true;
    else if (c === DASH) dashes++;
  }
  if (digits === 0 && letters === end - start && letters < LETTERS_ARE_A_WORD) return false;
  if (letters === 0 && digits > 0) return true;
  if (bytes[start] === COLON || holdsKeyPrefix(bytes, start, end)) return true;
  const length = digits + letters;
  if (
    hex === letters &&
    length + dashes === end - start &&
    length >= 8 &&
    (digits > 0 || isUuid(length, dashes))
  )
    return true;
  return holdsIdPart(bytes, start, end);
}

const isUuid = (length: number, dashes: number): boolean => length === 32 && dashes === 4;

/** sa_live_ or sa_test_, in any case: no piece of a key, raw or masked, becomes a label of an endpoint. */
function holdsKeyPrefix(bytes: Uint8Array, start: number, end: number): boolean {
  for (let p = start; p + 8 <= end; p++) {
    if (bytes[p + 2] !== UNDERSCORE || bytes[p + 7] !== UNDERSCORE) continue;
    const word = String.fromCharCode(...bytes.subarray(p, p + 8)).toLowerCase();
    if (word === 'sa_live_' || word === 'sa_test_') return true;
  }
  return false;
}

function holdsIdPart(bytes: Uint8Array, start: number, end: number): boolean {
  let from = start;
  for (let p = start; p <= end; p++) {
    if (p < end && BYTE_KINDS[bytes[p]] !== MARKS) continue;
    if (p > from && isIdPart(bytes, from, p, from > start && bytes[from - 1] === UNDERSCORE)) return true;
    from = p + 1;
  }
  return false;
}

/**
 * Whether a run of letters and digits looks drawn, not spelt:
 * - digits only: four or more (three behind an underscore, as in `usr_123`);
 * - hexadecimal of eight or more with a digit;
 * - five digits or more, or three in two places (`a1b2c3`);
 * - ten or more with four digits, or digits in two places, or whose runs of one kind of character are shorter
 *   than three on average (words in camelCase have longer ones), or with six consonants in a row;
 * - letters only: sixteen or more of mixed case, with runs shorter than two and a half.
 */
function isIdPart(bytes: Uint8Array, start: number, end: number, behindUnderscore: boolean): boolean {
  const length = end - start;
  let digits = 0;
  let digitRuns = 0;
  let hex = 0;
  let upper = 0;
  let runs = 0;
  let consonants = 0;
  let mostConsonants = 0;
  let before = 0;
  for (let p = start; p < end; p++) {
    const c = bytes[p];
    const kind = BYTE_KINDS[c];
    if (kind === DIGITS) {
      digits++;
      if (before !== DIGITS) digitRuns++;
    } else {
      if (kind === UPPER) upper++;
      if ((c | 32) <= 102) hex++;
    }
    // A capital and the small letters behind it are one run: a word.
    if (kind !== before && !(kind === LOWER && before === UPPER)) runs++;
    consonants = kind === DIGITS || isVowel(c | 32) ? 0 : consonants + 1;
    if (consonants > mostConsonants) mostConsonants = consonants;
    before = kind;
  }
  if (digits === length) return digits >= (behindUnderscore ? 3 : 4);
  if (digits === 0)
    return length >= LETTERS_ARE_A_WORD && upper > 0 && upper < length && runs * 5 > length * 2;
  if (length >= 8 && hex + digits === length) return true;
  if (digits >= 5 || (digits >= 3 && digitRuns >= 2)) return true;
  if (length < 10) return false;
  return digits >= 4 || digitRuns >= 2 || runs * 3 > length || mostConsonants >= 6;
}

const isVowel = (c: number): boolean =>
  c === 97 || c === 101 || c === 105 || c === 111 || c === 117 || c === 121;

/** `v1`, `v2.1`, `v1beta2`: a segment that tells the version of the API. */
export function isVersion(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 2 || end - start > 12 || (bytes[start] | 32) !== 118) return false;
  let p = start + 1;
  while (p < end && bytes[p] >= 48 && bytes[p] <= 57) p++;
  if (p === start + 1) return false;
  return p === end ? end - start <= 4 : VERSION.test(String.fromCharCode(...bytes.subarray(start, end)));
}

const VERSION = new RegExp(`^${API_VERSION}$`, 'i');

const API = Buffer.from('api');
/** Version prefixes stand this early in a path, as in `/gateway/api/v1/contacts`. */
const VERSION_AMONG = 3;

/** Number of the segment that is the surface: the first behind the version, or behind `api`, or of all. */
export function surfaceSegment(bytes: Uint8Array, { starts, ends, count }: Segments): number {
  for (let i = 0; i < count && i < VERSION_AMONG; i++) if (isVersion(bytes, starts[i], ends[i])) return i + 1;
  return count > 0 && equals(bytes, starts[0], ends[0], API) ? 1 : 0;
}

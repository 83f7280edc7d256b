import { hexByte } from './numbers.ts';
import { keepOriginal } from './original-bytes.ts';

const BACKSLASH = 92;
const LOWER_U = 117;
const LOWER_X = 120;
const SPACE = 32;

/** What stands behind a backslash, and the byte it means; any other byte means itself. */
const SIMPLE = new Uint8Array(256).map((_, c) => c);
for (const [name, byte] of Object.entries({ a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11 }))
  SIMPLE[name.charCodeAt(0)] = byte;

/**
 * Decodes backslash escapes in bytes[start, end) in place and returns the new end: \uXXXX becomes UTF-8 (pairs
 * joined, a lone surrogate as its three bytes), \xHH one byte. No escape is shorter than what it means, so the
 * text never grows; what is left over behind it is blanked, for it may be a piece of a key.
 */
export function decodeEscapes(bytes: Buffer, start: number, end: number): number {
  let p = start;
  while (p < end && bytes[p] !== BACKSLASH) p++;
  if (p === end) return end;
  keepOriginal(bytes, p, end);
  let out = p;
  while (p < end) {
    const c = bytes[p++];
    if (c !== BACKSLASH || p === end) {
      bytes[out++] = c;
      continue;
    }
    const letter = bytes[p++];
    let unit = letter === LOWER_U ? codeUnit(bytes, p, end) : -1;
    if (unit >= 0) {
      p += 4;
      if (unit >= 0xd800 && unit < 0xdc00 && bytes[p] === BACKSLASH && bytes[p + 1] === LOWER_U) {
        const low = codeUnit(bytes, p + 2, end);
        if (low >= 0xdc00 && low < 0xe000) {
          p += 6;
          unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
        }
      }
      out = writeUtf8(bytes, out, unit);
      continue;
    }
    const byte = letter === LOWER_X ? hexByte(bytes, p, end) : -1;
    if (byte >= 0) p += 2;
    bytes[out++] = byte >= 0 ? byte : SIMPLE[letter];
  }
  bytes.fill(SPACE, out, end);
  return out;
}

/** The four hexadecimal digits at p, -1 when they are none. */
export function codeUnit(bytes: Uint8Array, p: number, end: number): number {
  const high = hexByte(bytes, p, end);
  const low = hexByte(bytes, p + 2, end);
  return high < 0 || low < 0 ? -1 : high * 256 + low;
}

function writeUtf8(bytes: Buffer, at: number, code: number): number {
  let out = at;
  if (code < 0x80) {
    bytes[out++] = code;
    return out;
  }
  if (code < 0x800) bytes[out++] = 0xc0 | (code >> 6);
  else {
    if (code < 0x10000) bytes[out++] = 0xe0 | (code >> 12);
    else {
      bytes[out++] = 0xf0 | (code >> 18);
      bytes[out++] = 0x80 | ((code >> 12) & 63);
    }
    bytes[out++] = 0x80 | ((code >> 6) & 63);
  }
  bytes[out++] = 0x80 | (code & 63);
  return out;
}

import { hash } from 'node:crypto';

/**
 * A raw key is `sa_live_` or `sa_test_` and at least one character of a secret, each character written plainly
 * or percent-encoded (once or several times over), in any case. Its masked form is the prefix and the first 12
 * hex digits of the SHA-256 of the whole key, decoded.
 *
 * Prefix and exactly 12 lower-case hex digits are taken for a key that is masked already: secrets are longer,
 * and masking it again would make the same key two in logs of which one masks itself.
 */
const SECRET = 'A-Za-z0-9_.~+=-';
const SECRET_CODES = '2[BDEF]|3[0-9D]|4[1-9A-F]|5[0-9AF]|6[1-9A-F]|7[0-9AE]';

/** In a path `/` ends a key; in a key field, as base64 has it, it is part of the secret. */
const IN_TEXT = keyPattern(SECRET);
const IN_KEY_FIELD = keyPattern(`/${SECRET}`);
const MASKED = /^sa_(?:live|test)_[0-9a-f]{12}$/;
const PREFIX_LENGTH = 'sa_live_'.length;
/** The masked form of a key needs no more. */
export const MASKED_BYTES = 64;

function keyPattern(secret: string): RegExp {
  const word = (text: string): string =>
    [...text].map((c) => `(?:${c}|%(?:25)*${c.charCodeAt(0).toString(16)})`).join('');
  return new RegExp(
    `${word('sa_')}(?:${word('live')}|${word('test')})${word('_')}(?:[${secret}]|%(?:25)*(?:${SECRET_CODES}))+`,
    'gi',
  );
}

/** The text with every raw key in it masked, percent-encoded ones included. */
export const maskText = (text: string): string => text.replace(IN_TEXT, masked);

/** Escapes of JSON and of web servers, also escaped once more by a wrapper. */
const ESCAPE = /\\+(?:u([0-9a-f]{4})|x([0-9a-f]{2})|([abfnrtv])|([^\\]))|[\s\S]/gi;

/** The same for text that may have escapes in it: keys written with them are masked, everything else stays as it is. */
export function maskEscapedText(text: string): string {
  if (!text.includes('\\')) return maskText(text);
  let plain = '';
  const starts: number[] = [];
  for (const { 0: found, 1: unit, 2: byte, 3: control, 4: itself, index } of text.matchAll(ESCAPE)) {
    starts.push(index);
    if (unit ?? byte) plain += String.fromCharCode(Number.parseInt(unit ?? byte, 16));
    else plain += control === undefined ? (itself ?? found) : ' ';
  }
  starts.push(text.length);
  let out = '';
  let copied = 0;
  for (const { 0: found, index } of plain.matchAll(IN_TEXT)) {
    out += text.slice(copied, starts[index]) + masked(found);
    copied = starts[index + found.length];
  }
  return maskText(out + text.slice(copied));
}

/** The key that the text of a key field stands for: the masked form of the raw key in it, else the text itself. */
export function maskKey(text: string): string {
  const raw = text.match(IN_KEY_FIELD)?.[0];
  return raw === undefined ? text : masked(raw);
}

function masked(found: string): string {
  const key = found.replace(/%(?:25)*([0-9a-f]{2})/gi, (_, hex) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  if (MASKED.test(key)) return key;
  return key.slice(0, PREFIX_LENGTH).toLowerCase() + hash('sha256', key, 'hex').slice(0, 12);
}

const PERCENT = 37;
const UNDERSCORE = 95;
const PREFIXES = [Buffer.from('sa_live_'), Buffer.from('sa_test_')];

/** Cheap test on bytes: false = there is certainly no raw key in them. */
export function mayHoldRawKey(bytes: Uint8Array, start: number, end: number): boolean {
  for (let p = start; p < end; p++) {
    const c = bytes[p];
    if (c === PERCENT) return true;
    if ((c | 32) !== 115 || p + 2 >= end) continue;
    if ((bytes[p + 1] | 32) === 97 && bytes[p + 2] === UNDERSCORE) return !isMasked(bytes, start, end);
  }
  return false;
}

function isMasked(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== PREFIX_LENGTH + 12) return false;
  const isPrefix = (prefix: Uint8Array): boolean => prefix.every((c, i) => bytes[start + i] === c);
  if (!PREFIXES.some(isPrefix)) return false;
  for (let p = start + PREFIX_LENGTH; p < end; p++) {
    const c = bytes[p];
    if (!((c >= 48 && c <= 57) || (c >= 97 && c <= 102))) return false;
  }
  return true;
}

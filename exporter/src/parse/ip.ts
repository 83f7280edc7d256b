import { hexDigit } from './numbers.ts';

/** Where an address goes: family 0 = none, 4 uses ip3 only, 6 all four big-endian words. */
export interface Address {
  ipFamily: 0 | 4 | 6;
  ip0: number;
  ip1: number;
  ip2: number;
  ip3: number;
}

const SPACE = 32;
const PERCENT = 37;
const POINT = 46;
const ZERO = 48;
const COLON = 58;
const LEFT_BRACKET = 91;
const RIGHT_BRACKET = 93;

/** The eight groups of the IPv6 address being read. */
const groups = new Uint16Array(8);

/**
 * Reads one address into `into` and returns true; false (and family 0) when there is no usable one. Understood: IPv4 in dotted decimals (a leading zero makes it
 * ambiguous, so it is refused), IPv6 in every form of RFC 4291, either with a port (`192.0.2.1:443`,
 * `[2001:db8::1]:443`), IPv6 in brackets or with a zone (dropped). An IPv4-mapped address is its IPv4 one.
 */
export function parseIp(bytes: Uint8Array, start: number, end: number, into: Address): boolean {
  into.ipFamily = 0;
  into.ip0 = into.ip1 = into.ip2 = into.ip3 = 0;
  if (parseIpv4(bytes, start, end, into)) return true;
  let s = start;
  let e = end;
  while (s < e && bytes[s] === SPACE) s++;
  while (e > s && bytes[e - 1] === SPACE) e--;
  if (s === e) return false;
  if (bytes[s] === LEFT_BRACKET) {
    let close = s;
    while (close < e && bytes[close] !== RIGHT_BRACKET) close++;
    if (close === e) return false;
    if (close + 1 < e && !isPort(bytes, close + 1, e)) return false;
    return parseIpv6(bytes, s + 1, close, into);
  }
  return parseIpv4(bytes, s, e, into) || parseIpv6(bytes, s, e, into);
}

function parseIpv4(bytes: Uint8Array, start: number, end: number, into: Address): boolean {
  const word = ipv4Word(bytes, start, end);
  if (word < 0 || (wordStop < end && !isPort(bytes, wordStop, end))) return false;
  into.ipFamily = 4;
  into.ip3 = word;
  return true;
}

/** Where the text of the last ipv4Word ended. */
let wordStop = 0;

/** The a.b.c.d at `start` as an unsigned 32-bit number, -1 when there is none. */
function ipv4Word(bytes: Uint8Array, start: number, end: number): number {
  let word = 0;
  let octet = -1;
  let points = 0;
  let p = start;
  for (; p < end; p++) {
    const digit = bytes[p] - ZERO;
    if (digit >= 0 && digit <= 9) {
      if (octet < 0) octet = digit;
      else if (octet === 0) return -1;
      else octet = octet * 10 + digit;
      if (octet > 255) return -1;
    } else if (digit === POINT - ZERO) {
      if (octet < 0 || points === 3) return -1;
      word = word * 256 + octet;
      octet = -1;
      points++;
    } else break;
  }
  wordStop = p;
  return points === 3 && octet >= 0 ? word * 256 + octet : -1;
}

/** A colon and a number up to 65535. */
function isPort(bytes: Uint8Array, start: number, end: number): boolean {
  if (bytes[start] !== COLON || end - start < 2 || end - start > 6) return false;
  let port = 0;
  for (let p = start + 1; p < end; p++) {
    const digit = bytes[p] - ZERO;
    if (digit < 0 || digit > 9) return false;
    port = port * 10 + digit;
  }
  return port <= 65535;
}

function parseIpv6(bytes: Uint8Array, start: number, end: number, into: Address): boolean {
  let e = start;
  while (e < end && bytes[e] !== PERCENT) e++;
  if (e + 1 === end) return false;
  if (!readGroups(bytes, start, e)) return false;
  const word = (i: number): number => groups[i] * 0x10000 + groups[i + 1];
  const mapped = word(0) === 0 && word(2) === 0 && word(4) === 0xffff;
  into.ipFamily = mapped ? 4 : 6;
  into.ip3 = word(6);
  if (mapped) return true;
  into.ip0 = word(0);
  into.ip1 = word(2);
  into.ip2 = word(4);
  return true;
}

/** Reads hextets, `::` and a dotted tail into `groups`. */
function readGroups(bytes: Uint8Array, start: number, end: number): boolean {
  let count = 0;
  let gap = -1;
  let p = start;
  if (end - start >= 2 && bytes[p] === COLON) {
    if (bytes[p + 1] !== COLON) return false;
    gap = 0;
    p += 2;
  }
  while (p < end) {
    if (count === 8) return false;
    let value = 0;
    const first = p;
    for (; p < end && p - first < 5; p++) {
      const digit = hexDigit(bytes[p]);
      if (digit < 0) break;
      value = value * 16 + digit;
    }
    if (p < end && bytes[p] === POINT) {
      const tail = ipv4Word(bytes, first, end);
      if (tail < 0 || wordStop < end || count > 6) return false;
      groups[count++] = tail / 0x10000;
      groups[count++] = tail % 0x10000;
      break;
    }
    if (p === first || p - first > 4) return false;
    groups[count++] = value;
    if (p === end) break;
    if (bytes[p++] !== COLON) return false;
    if (p < end && bytes[p] === COLON) {
      if (gap >= 0) return false;
      gap = count;
      p++;
    } else if (p === end) return false;
  }
  if (gap < 0) return count === 8;
  if (count === 8) return false;
  groups.copyWithin(8 - (count - gap), gap, count);
  groups.fill(0, gap, 8 - (count - gap));
  return true;
}

/** The address as text in its canonical form (RFC 5952 for IPv6); '' for family 0. */
export function formatIp(family: number, ip0: number, ip1: number, ip2: number, ip3: number): string {
  if (family === 4) return `${ip3 >>> 24}.${(ip3 >>> 16) & 255}.${(ip3 >>> 8) & 255}.${ip3 & 255}`;
  if (family !== 6) return '';
  const hextets = [ip0, ip1, ip2, ip3].flatMap((word) => [word >>> 16, word & 0xffff]);
  let gap = 0;
  let longest = 1;
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (i + length < 8 && hextets[i + length] === 0) length++;
    if (length > longest) {
      gap = i;
      longest = length;
    }
  }
  const hex = hextets.map((hextet) => hextet.toString(16));
  if (longest === 1) return hex.join(':');
  return `${hex.slice(0, gap).join(':')}::${hex.slice(gap + longest).join(':')}`;
}

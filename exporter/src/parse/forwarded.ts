import { type Address, parseIp } from './ip.ts';
import { inNetwork, type Network, parseCidr } from './network.ts';

/** Networks whose addresses are no clients of a public API: who is behind one of them stands left of it in a list. */
export const PRIVATE_NETWORKS = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '100.64.0.0/10',
  '::1',
  'fe80::/10',
  'fc00::/7',
].map((text) => parseCidr(text) as Network);

const TAB = 9;
const SPACE = 32;
const QUOTE = 34;
const COMMA = 44;
const SEMICOLON = 59;
const EQUALS = 61;
const BACKSLASH = 92;
const UNDERSCORE = 95;
const UNKNOWN = 'unknown';

const isTrim = (c: number): boolean => c === SPACE || c === TAB || c === QUOTE || c === BACKSLASH;

/**
 * Reads the address of the client from a list as in X-Forwarded-For or Forwarded: the rightmost that is in none of
 * the trusted networks, else the leftmost. Empty elements, `unknown` and obfuscated ones (`_x`) are passed over.
 * Anything else that is no address ends the list: what stands left of it nobody vouches for. Returns false, and
 * family 0, when there is no address.
 */
export function readClientIp(
  bytes: Uint8Array,
  start: number,
  end: number,
  trusted: readonly Network[],
  into: Address,
): boolean {
  let found = false;
  let { ipFamily, ip0, ip1, ip2, ip3 } = NONE;
  let to = end;
  while (to >= start) {
    let from = to;
    while (from > start && bytes[from - 1] !== COMMA) from--;
    const element = elementOf(bytes, from, to);
    if (element !== PASSED_OVER) {
      if (!parseIp(bytes, spanStart, spanEnd, into)) break;
      ({ ipFamily, ip0, ip1, ip2, ip3 } = into);
      found = true;
      if (!isTrusted(trusted, into)) return true;
    }
    to = from - 1;
  }
  into.ipFamily = ipFamily;
  into.ip0 = ip0;
  into.ip1 = ip1;
  into.ip2 = ip2;
  into.ip3 = ip3;
  return found;
}

const NONE: Address = { ipFamily: 0, ip0: 0, ip1: 0, ip2: 0, ip3: 0 };
const FOUND = true;
const PASSED_OVER = false;
let spanStart = 0;
let spanEnd = 0;

/** Where the address of an element lies; of a Forwarded element that of its `for=`. */
function elementOf(bytes: Uint8Array, from: number, to: number): boolean {
  let s = from;
  let e = to;
  for (let p = from; p < to; p++) {
    if (bytes[p] !== EQUALS) continue;
    s = forValue(bytes, from, to);
    if (s < 0) return PASSED_OVER;
    for (e = s; e < to && bytes[e] !== SEMICOLON; ) e++;
    break;
  }
  while (s < e && isTrim(bytes[s])) s++;
  while (e > s && isTrim(bytes[e - 1])) e--;
  spanStart = s;
  spanEnd = e;
  if (s === e || bytes[s] === UNDERSCORE || (e === s + 1 && bytes[s] === 45)) return PASSED_OVER;
  return isUnknown(bytes, s, e) ? PASSED_OVER : FOUND;
}

/** Behind `for=`, the name in any case, at the beginning of one of the pairs; -1 when there is none. */
function forValue(bytes: Uint8Array, from: number, to: number): number {
  for (let p = from; p < to; p++) {
    if (p > from && bytes[p - 1] !== SEMICOLON) continue;
    while (p < to && isTrim(bytes[p])) p++;
    if (p + 4 > to || bytes[p + 3] !== EQUALS) continue;
    if ((bytes[p] | 32) === 102 && (bytes[p + 1] | 32) === 111 && (bytes[p + 2] | 32) === 114) return p + 4;
  }
  return -1;
}

function isUnknown(bytes: Uint8Array, s: number, e: number): boolean {
  if (e - s < UNKNOWN.length) return false;
  for (let i = 0; i < UNKNOWN.length; i++) if ((bytes[s + i] | 32) !== UNKNOWN.charCodeAt(i)) return false;
  // A Forwarded header may put a port behind it.
  return e - s === UNKNOWN.length || bytes[s + UNKNOWN.length] === 58;
}

function isTrusted(trusted: readonly Network[], { ipFamily, ip0, ip1, ip2, ip3 }: Address): boolean {
  for (let i = 0; i < trusted.length; i++)
    if (inNetwork(trusted[i], ipFamily, ip0, ip1, ip2, ip3)) return true;
  return false;
}

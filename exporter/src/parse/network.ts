import { type Address, parseIp } from './ip.ts';

/** A CIDR network: addresses of one family that begin with the same bits. */
export interface Network {
  family: 4 | 6;
  /** Of the family's own 32 or 128 bits. */
  prefix: number;
  ip0: number;
  ip1: number;
  ip2: number;
  ip3: number;
}

/**
 * `192.0.2.0/24`, `2001:db8::/32`; an address alone is the network of just it. Bits behind the prefix are
 * ignored. A prefix of 96 or more on an IPv4-mapped address is the IPv4 network it means. undefined when the
 * text is no network.
 */
export function parseCidr(text: string): Network | undefined {
  const parts = /^([0-9A-Fa-f:.]+)(?:\/(\d{1,3}))?$/.exec(text);
  if (!parts || /^[^:]*:[^:]*$/.test(parts[1])) return undefined;
  const bytes = Buffer.from(parts[1]);
  const address: Address = { ipFamily: 0, ip0: 0, ip1: 0, ip2: 0, ip3: 0 };
  if (!parseIp(bytes, 0, bytes.length, address)) return undefined;
  const { ipFamily, ip0, ip1, ip2, ip3 } = address;
  const bits = parts[1].includes(':') ? 128 : 32;
  const written = parts[2] === undefined ? bits : Number(parts[2]);
  const prefix = ipFamily === 4 && bits === 128 ? written - 96 : written;
  if (written > bits || prefix < 0) return undefined;
  return { family: ipFamily as 4 | 6, prefix, ip0, ip1, ip2, ip3 };
}

/** Whether an address, given as a record has it, lies in the network. */
export function inNetwork(
  network: Network,
  family: number,
  ip0: number,
  ip1: number,
  ip2: number,
  ip3: number,
): boolean {
  if (family !== network.family) return false;
  if (family === 4) return sameBits(ip3, network.ip3, network.prefix);
  return (
    sameBits(ip0, network.ip0, network.prefix) &&
    sameBits(ip1, network.ip1, network.prefix - 32) &&
    sameBits(ip2, network.ip2, network.prefix - 64) &&
    sameBits(ip3, network.ip3, network.prefix - 96)
  );
}

/** Whether two words agree in their first `bits` bits; all of 32 and more, nothing to compare at 0 and less. */
function sameBits(a: number, b: number, bits: number): boolean {
  if (bits <= 0) return true;
  return bits >= 32 ? a >>> 0 === b >>> 0 : (a ^ b) >>> (32 - bits) === 0;
}

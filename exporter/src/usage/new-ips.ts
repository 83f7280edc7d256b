import { type Address, formatIp } from '../parse/ip.ts';
import type { LogRecord } from '../parse/log-record.ts';
import { inNetwork } from '../parse/network.ts';
import { RECENT } from './changed-facts.ts';
import { wordsOf } from './ip-words.ts';
import type { KeyUsage } from './key-usage.ts';
import type { UsageOptions } from './options.ts';

const RECENT_SHOWN = 3;

/**
 * Whether an address first seen on a key at `at` is news: outside the networks the keys file allows, at once;
 * where it names none, after the learning period.
 */
export function isNewIp(record: LogRecord, usage: KeyUsage, at: number): boolean {
  const { ipFamily, ip0, ip1, ip2, ip3 } = record;
  if (usage.allowed === undefined) return usage.hasLearnt(at);
  return !usage.allowed.some((network) => inNetwork(network, ipFamily, ip0, ip1, ip2, ip3));
}

/** Notes on the key that a new address was noticed at `now`; of those shown the newest stay, each once. */
export function noticeNewIp(
  record: LogRecord,
  usage: KeyUsage,
  now: number,
  form: UsageOptions['newIp'],
): void {
  usage.lastNewIp = Math.max(usage.lastNewIp, now);
  if (form === 'off') return;
  const ip = shownIp(record, form);
  const others = usage.recentNewIps.filter((recent) => recent.ip !== ip && recent.noticed > now - RECENT);
  usage.recentNewIps = [{ ip, noticed: now }, ...others].slice(0, RECENT_SHOWN);
}

/** An address as metrics show it: in full, or as the /24 or /64 it lies in. */
export function shownIp({ ipFamily, ip0, ip1, ip2, ip3 }: Address, form: 'masked' | 'full'): string {
  if (form === 'full') return formatIp(ipFamily, ip0, ip1, ip2, ip3);
  return ipFamily === 4
    ? `${formatIp(4, 0, 0, 0, (ip3 & 0xffffff00) >>> 0)}/24`
    : `${formatIp(6, ip0, ip1, 0, 0)}/64`;
}

/** The same of an address as rows have it, 4 or 16 bytes. */
export function shownIpOf(ip: Uint8Array, form: 'masked' | 'full'): string {
  const [ip0, ip1, ip2, ip3] = wordsOf(ip).map((word) => word >>> 0);
  return shownIp({ ipFamily: ip.length === 4 ? 4 : 6, ip0, ip1, ip2, ip3 }, form);
}

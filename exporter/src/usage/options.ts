import type { KeyEntry, KeyIdentity } from '../keys/key.ts';

export interface UsageLimits {
  /** Unregistered keys; registered ones have their room beside them. */
  keys: number;
  endpointsPerKey: number;
  /**
   * Series of `atender_requests_total` and `atender_endpoint_requests_total` together. An endpoint series is
   * made only while every key and status seen still has room for its overflow series, and those always have a
   * place: the sum goes over the limit at most by keys that come when it is reached.
   */
  series: number;
  /** Addresses a key has exactly; above, its addresses are counted by a sketch. */
  ipsPerKey: number;
  /** Addresses of all keys together that are known exactly. */
  ips: number;
  /** Keys with a sketch, some 96 KiB each. Beyond, a key over its limit keeps the addresses it has. */
  sketches: number;
}

export interface UsageOptions {
  limits: UsageLimits;
  /** Process-up seconds for which a new series shows 0 (or its old value, when it resumes); 0 = no hold. */
  zeroHoldSeconds: number;
  /** An endpoint series idle this long is not exposed until it moves again; 0 = never. */
  parkAfterSeconds: number;
  /** Events later than now plus this count, but move no time. */
  maxSkewSeconds: number;
  /** From a key's first use; what is first seen within it is learnt, not new. */
  learningSeconds: number;
  /** IPv6 addresses are counted by their first so many bits, 0–128. */
  ipv6Prefix: number;
  /** How new addresses are shown: `masked` = the /24 or /64 network, `full`, or `off` = not at all. */
  newIp: 'masked' | 'full' | 'off';
  /** False = nothing is committed: rows that only a store has, those of days and of a key's usage, are not made. Default true. */
  stored?: boolean;
}

/** What usage asks the keys file. */
export interface KeyRegistry {
  /** Whose request a line is: the registered key, or the names on the line without an entry. */
  identify(id: string, tenant: string): KeyIdentity;
  /** The entry of a key whose labels are known; undefined for an unregistered one. */
  labelled(id: string, tenant: string): KeyEntry | undefined;
  entries(): readonly KeyEntry[];
  /** Scope that a request of this method and endpoint template needs; undefined when unknown. */
  scopeOf(method: string, template: string): string | undefined;
}

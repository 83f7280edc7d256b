/** What a rate-limit tier allows; null = unlimited or unknown. */
export interface Limits {
  /** Requests in a sliding window of 60 s. */
  perMinute: number | null;
  /** Requests in a UTC day. */
  perDay: number | null;
  /** Requests on top of perMinute that a short burst may use. */
  burst: number | null;
}

export type Tier = 'starter' | 'professional' | 'enterprise' | 'custom';

/** Atender's tiers as its documentation lists them (May 2026). `custom` has its limits in the keys file. */
export const TIERS: Record<Exclude<Tier, 'custom'>, Limits> = {
  starter: { perMinute: 60, perDay: 10_000, burst: 10 },
  professional: { perMinute: 300, perDay: 100_000, burst: 50 },
  enterprise: { perMinute: 1_000, perDay: 1_000_000, burst: 200 },
};

export const TIER_NAMES = ['starter', 'professional', 'enterprise', 'custom'] as const satisfies Tier[];

/** The tier a key has when nobody says otherwise. */
export const DEFAULT_TIER: Tier = 'starter';

/** Days for which single requests are kept in the archive. Atender's documentation says 30 to 90, by tier. */
export const RETENTION_DAYS: Record<Tier, number> = {
  starter: 30,
  professional: 60,
  enterprise: 90,
  custom: 90,
};

/** A key as the keys file describes it: what the log cannot say. All optional but the id. */
export interface KeyEntry {
  id: string;
  /** Masked raw keys that are this key (`sa_live_` or `sa_test_` and 12 hex digits). */
  fingerprints: string[];
  name: string;
  description: string;
  /** '' = whatever tenant the line says. */
  tenantId: string;
  environment: 'production' | 'sandbox';
  state: 'active' | 'disabled' | 'revoked';
  owner: string;
  tier: 'starter' | 'professional' | 'enterprise' | 'custom';
  /** The effective limits: the tier's, or the key's own for custom. null = unlimited or unknown. */
  limits: { perMinute: number | null; perDay: number | null; burst: number | null };
  scopes: string[];
  /** Seconds since the epoch; null = unknown. */
  scopesChangedAt: number | null;
  createdAt: number | null;
  rotatedAt: number | null;
  /** Seconds; null = no policy. */
  rotateEvery: number | null;
  /** Id of the key this one replaces; '' = none. */
  replaces: string;
  /** Silence on it matters. Default: true for active production keys. */
  realtime: boolean;
  /** Per-key overrides of alert thresholds, by kind. Kinds: THRESHOLDS in thresholds.ts. */
  thresholds: Partial<Record<string, number>>;
  /** CIDR networks whose addresses are never new. */
  allowedNetworks: string[];
  /** Learning period in seconds; null = the configured default. */
  learning: number | null;
  /** Days; null = the tier's. */
  retention: number | null;
  legalHold: boolean;
}

/** Who a line belongs to. */
export interface KeyIdentity {
  id: string;
  tenant: string;
  /** The entry when the keys file has this key; undefined for an unregistered key. */
  entry: KeyEntry | undefined;
}

export const UNMATCHED = '__unmatched__';

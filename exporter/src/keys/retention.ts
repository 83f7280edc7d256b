import type { KeyEntry } from './key.ts';
import { DEFAULT_TIER, RETENTION_DAYS } from './tiers.ts';

/** The retention class of requests that a legal hold keeps from being removed. */
export const HELD = 'hold';

/** How long a key's single requests are kept: a number of days as text, or HELD. A key without entry has the default tier's. */
export function retentionClass(entry: KeyEntry | undefined): string {
  if (entry?.legalHold) return HELD;
  return String(entry?.retention ?? RETENTION_DAYS[entry?.tier ?? DEFAULT_TIER]);
}

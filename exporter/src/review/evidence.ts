import type { Coverage } from '../history/coverage.ts';
import type { KeyEntry } from '../keys/key.ts';
import type { NAMED_TIERS } from './tier-replay.ts';

/** What is known of one key about one quarter: what the verdict rests on. Times are seconds, 0 = never. */
export interface KeyEvidence {
  id: string;
  tenant: string;
  entry: KeyEntry | undefined;
  /** When the record of all keys begins; absence is claimed no further back. */
  recordedSince: number;
  /** Up to the end of the quarter. */
  firstUsed: number;
  lastUsed: number;
  requests: number;
  /** Of these, with the response 401. */
  unauthorized: number;
  /** Requests of as many days of the quarter before; null when the record does not reach back so far. */
  previousRequests: number | null;
  /** A number for each day of the quarter until now. */
  perDay: number[];
  daysUsed: number;
  errors: number;
  serverErrors: number;
  throttled: number;
  throttledDays: number;
  peakPerMinute: number;
  busiestDay: number;
  uniqueIps: { count: number; approximate: boolean };
  p95: number | null;
  scopes: { scope: string; used: number; refused: number }[];
  /** Requests let through whose scope the record does not know. */
  scopeUnknown: number;
  tiers: TierEvidence[];
  /** Keys that replace this one, and when the newest of them was last used. */
  successors: string[];
}

export interface TierEvidence {
  tier: (typeof NAMED_TIERS)[number];
  /** Requests it would have refused. */
  refused: number;
  /** False: at least so many; the archive of some days is missing. */
  exact: boolean;
}

/** How much of the quarter the record holds. */
export interface Completeness {
  /** Days of the quarter until now, and those of them with any request of any key. */
  days: number;
  daysWithData: number;
  /** Of all lines ever read, the share that could not be counted. */
  rejectedShare: number;
  /** Bytes that were gone before they could be read, ever. */
  bytesLost: number;
  /** Days of which single requests are archived. */
  daysArchived: number;
  /** Days with data by lines counted, 0–100. */
  percent: number;
}

export interface QuarterEvidence {
  /** `2026Q4`. */
  quarter: string;
  from: string;
  to: string;
  /** When it was gathered, seconds; the quarter's end where that is over. */
  asOf: number;
  /** By key number. */
  keys: ReadonlyMap<number, KeyEvidence>;
  completeness: Completeness;
  /** Hash of the archive's manifest; null without an archive. */
  manifest: string | null;
  coverage: Coverage;
}

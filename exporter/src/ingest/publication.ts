import type { SourceCounter } from '../log/counters.ts';
import type { PatternFacts } from '../log/patterns.ts';
import type { Changes } from '../usage/changes.ts';
import type { KeyFacts } from '../usage/key-facts.ts';

/**
 * What the ingestion thread tells the HTTP thread after each commit (and every two seconds while windows still
 * slide). Everything in it is committed. The first one of a run holds the whole state.
 */
export interface Publication {
  changes: Changes;
  /** Facts of the keys whose facts are different from the last publication. */
  facts: KeyFacts[];
  counters: SourceCounter[];
  status: IngestionStatus;
  /** Addresses that were seen, where facts are shared with other exporters; `changes` has the rest then too. */
  ips?: IpColumns;
  /** Days of keys that were counted, there too. */
  days?: { key: number; day: number }[];
}

/** Address rows in columns: thousands of them cross a thread boundary like a few. */
export interface IpColumns {
  key: Uint32Array;
  /** 16 bytes each, IPv4 mapped into IPv6. */
  ip: Uint8Array;
  /** Seconds of event time. */
  first: Float64Array;
  last: Float64Array;
}

export interface IngestionStatus {
  /** False while the backlog of a first start is still read: key families are not exposed yet. */
  historyRead: boolean;
  /** Since when requests are recorded, seconds since the epoch; absence is claimed no further back. 0 = not known. */
  recordedSince: number;
  /** True once the bytes that were there at start are read. */
  ready: boolean;
  sources: SourceStatus[];
  commits: number;
  commitErrors: number;
  /** Message of the failing commit, '' when the last one succeeded. */
  commitError: string;
  /** Seconds since the epoch. */
  lastCommit: number;
  /** Durations in seconds of the commits since the last publication. */
  commitSeconds: number[];
  /** Series held, and the limit, by metric name; and how many increments went to overflow. */
  series: { metric: string; series: number; limit: number; overflowed: number }[];
}

export interface SourceStatus {
  source: string;
  filesOpen: number;
  /** Bytes known to be there and not read. */
  bytesBehind: number;
  /** Now minus the event time of the last line read while bytes are pending, else 0. */
  secondsBehind: number;
  /** Event time of the newest accepted line, seconds, or when it was read where that lies ahead; 0 = none. */
  lastEvent: number;
  /** How far the newest lines were ahead of the clock when they were read, seconds: the most of the last minutes. */
  ahead: number;
  /** Wall clock when the source was last read or found unchanged, seconds; 0 = not yet. */
  lastLooked: number;
  /** Configured: seconds without a line after which the source counts as stale; 0 = not configured. */
  staleAfter: number;
  /** What each configured pattern matches, raw keys masked. */
  patterns: PatternFacts[];
}

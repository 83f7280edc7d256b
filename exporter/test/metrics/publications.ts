import type { IngestionStatus, Publication } from '../../src/ingest/publication.ts';
import { noChanges } from '../../src/ingest/publication-parts.ts';
import type { Changes, Family } from '../../src/usage/changes.ts';
import { type KeyFacts, MINUTE_CLASSES } from '../../src/usage/key-facts.ts';

export const status = (more: Partial<IngestionStatus> = {}): IngestionStatus => ({
  historyRead: true,
  recordedSince: 0,
  ready: true,
  sources: [],
  commits: 1,
  commitErrors: 0,
  commitError: '',
  lastCommit: 1_700_000_000,
  commitSeconds: [],
  series: [],
  ...more,
});

export const publication = (
  changes: Partial<Changes>,
  facts: KeyFacts[] = [],
  more: Partial<IngestionStatus> = {},
): Publication => ({
  changes: { ...noChanges(), ...changes },
  facts,
  counters: [],
  status: status(more),
});

/** One counter series as a test writes it. */
export interface Row {
  key: number;
  family?: Family;
  endpoint?: number;
  status?: number;
  value: number;
  held?: number;
  parked?: boolean;
}

/** Series numbered from `first` on, with their values. */
export function seriesOf(rows: Row[], first = 0): Pick<Changes, 'series' | 'values'> {
  return {
    series: rows.map(({ key, family = 0, endpoint = -1, status = 0 }, i) => ({
      series: first + i,
      family,
      key,
      endpoint,
      status,
    })),
    values: {
      series: Uint32Array.from(rows, (_, i) => first + i),
      value: Float64Array.from(rows, (row) => row.value),
      held: Float64Array.from(rows, (row) => row.held ?? Number.NaN),
      parked: Uint8Array.from(rows, (row) => Number(row.parked ?? false)),
      movedAt: new Float64Array(rows.length),
    },
  };
}

export const factsOf = (key: number, id: string, tenant: string, more: Partial<KeyFacts> = {}): KeyFacts => ({
  key,
  id,
  tenant,
  firstUsed: 0,
  lastUsed: 0,
  lastRejected: 0,
  maxGap: 0,
  uniqueIps: { hour: 0, day: 0, month: 0, approximate: false },
  lastNewIp: 0,
  recentNewIps: [],
  newSurfaces: [],
  scopes: [],
  requestsLastMinute: 0,
  peakPerMinute: 0,
  requestsToday: 0,
  minutes: { last: 0, counts: new Uint32Array(60 * MINUTE_CLASSES.length) },
  ...more,
});

import type { EffectiveThresholds } from './thresholds.ts';

/** Requests of one window by what the answers mean. `requests` is all of them, 401 included. */
export interface WindowCounts {
  requests: number;
  /** 1xx and 2xx. */
  success: number;
  redirect: number;
  unauthorized: number;
  forbidden: number;
  throttled: number;
  /** Every other 4xx: 404, 422 and the like. */
  other4xx: number;
  serverErrors: number;
  /** Status 0: the connection ended without a response. Neither success nor error. Absent = none. */
  noResponse?: number;
}

/** Requests of a window that got a response: what shares of success and errors are taken of. */
export const responsesOf = ({ requests, noResponse = 0 }: WindowCounts): number => requests - noResponse;

/** What the keys file says, as far as it matters for the state. Times in seconds since the epoch, NaN = unknown. */
export interface RegisteredFacts {
  state: 'active' | 'disabled' | 'revoked';
  realtime: boolean;
  createdAt: number;
  rotatedAt: number;
  /** Seconds; NaN = no policy. */
  rotateEvery: number;
  scopesChangedAt: number;
  /** null = unlimited or not stated; NaN = unknown. */
  limits: { perMinute: number | null; perDay: number | null; burst: number | null };
}

/** One endpoint of one key. */
export interface EndpointAnswers {
  method: string;
  template: string;
  requests: number;
  /** Answers with 404 and 422. */
  errors: number;
}

/** The other key of a rotation. */
export interface RotationPartner {
  id: string;
  /** Seconds since the epoch, 0 = never, NaN = unknown. */
  lastUsed: number;
  /** Requests in the last hour; NaN = unknown. */
  requestsLastHour: number;
}

/**
 * All that decides about a key's state, at one moment, whoever measured it: the exporter's own facts, or
 * queries to Prometheus. Times in seconds since the epoch, 0 = never; any number may be NaN = unknown.
 */
export interface KeySignals {
  now: number;
  /** False when sources are not read, not caught up, or all stopped at once: then missing traffic means nothing. */
  pipelineAlive: boolean;
  /** null for a key that the keys file does not have; undefined = not known whether it has it. */
  registered: RegisteredFacts | null | undefined;
  /** Since when the keys file says disabled or revoked. NaN = not known: then any use counts against the key. */
  retiredAt: number;
  /** Last answer other than 401. */
  lastUsed: number;
  /** Since when requests are recorded; NaN = not known: then the record is taken to reach back to any creation. */
  recordedSince: number;
  /** Last 401. */
  lastRejected: number;
  /** Longest closed gap without use in the last 30 days, seconds. */
  maxGap: number;
  fiveMinutes: WindowCounts;
  thirtyMinutes: WindowCounts;
  hour: WindowCounts;
  /** An earlier hour of the last 7 days had a 403 spike too; null = unknown, taken for a clean key. */
  forbiddenBefore: boolean | null;
  /** Different addresses in the last 24 h. */
  uniqueIpsDay: number;
  /** When the latest new address was noticed, after the learning period. */
  lastNewIp: number;
  newSurface: { surface: string; noticed: number } | null;
  requestsToday: number;
  /** Highest sliding 60 s count of the last 5 minutes. */
  peakPerMinute: number;
  /** Answers by endpoint in the last 30 minutes, `errors` those with 404 and 422; null = not known here. */
  endpoints: EndpointAnswers[] | null;
  /** Requests of the last hour, as recorded for comparison with the two that follow. */
  volume: number;
  /** Requests per hour that past weeks make usual: the median of the same hour in the last three. */
  usualOfWeeks: number;
  /** Requests per hour of late: the mean of the 24 hours before the last one. */
  recentBaseline: number;
  /** The key that replaces this one, and the one this one replaces; null = none is known. */
  successor: RotationPartner | null;
  predecessor: RotationPartner | null;
  thresholds: EffectiveThresholds;
}

const NO_COUNTS: WindowCounts = {
  requests: Number.NaN,
  success: Number.NaN,
  redirect: Number.NaN,
  unauthorized: Number.NaN,
  forbidden: Number.NaN,
  throttled: Number.NaN,
  other4xx: Number.NaN,
  serverErrors: Number.NaN,
};

/** Signals of which nothing is known but the time; callers fill in what they have. */
export function unknownSignals(now: number, thresholds: EffectiveThresholds): KeySignals {
  return {
    now,
    pipelineAlive: true,
    registered: undefined,
    retiredAt: Number.NaN,
    lastUsed: Number.NaN,
    recordedSince: Number.NaN,
    lastRejected: Number.NaN,
    maxGap: Number.NaN,
    fiveMinutes: { ...NO_COUNTS },
    thirtyMinutes: { ...NO_COUNTS },
    hour: { ...NO_COUNTS },
    forbiddenBefore: null,
    uniqueIpsDay: Number.NaN,
    lastNewIp: Number.NaN,
    newSurface: null,
    requestsToday: Number.NaN,
    peakPerMinute: Number.NaN,
    endpoints: null,
    volume: Number.NaN,
    usualOfWeeks: Number.NaN,
    recentBaseline: Number.NaN,
    successor: null,
    predecessor: null,
    thresholds,
  };
}

import type { EffectiveThresholds } from './thresholds.ts';

/** Requests of one window by class of response. `requests` counts all of them, including 401. */
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
  /** Status 0: the connection ended without a response. Neither success nor error. */
  noResponse?: number;
}

/** Requests of a window that got a response: the denominator of all ratios. */
export const responsesOf = ({ requests, noResponse = 0 }: WindowCounts): number => requests - noResponse;

/** Fields of the keys file that the checks use. Times in seconds since the epoch, NaN = unknown. */
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

/** Responses of one endpoint of one key. */
export interface EndpointAnswers {
  method: string;
  template: string;
  requests: number;
  /** Responses with 404 or 422. */
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
 * Everything that the checks of a key need, at one moment. The page takes it from the exporter's facts, the panel from
 * queries to Prometheus. Times in seconds since the epoch, 0 = never. Any number may be NaN = unknown.
 */
export interface KeySignals {
  now: number;
  /** False if a source is not read, not caught up, or stale, or if all keys fell silent together. */
  pipelineAlive: boolean;
  /** null = not in the keys file; undefined = unknown. */
  registered: RegisteredFacts | null | undefined;
  /** When the keys file first marked the key as disabled or revoked. NaN = unknown: every use then counts. */
  retiredAt: number;
  /** Last response other than 401. */
  lastUsed: number;
  /** Start of recording. NaN = unknown: the record is then assumed to include the creation of the key. */
  recordedSince: number;
  /** Last 401. */
  lastRejected: number;
  /** Longest closed gap without use in the last 30 days, seconds. */
  maxGap: number;
  fiveMinutes: WindowCounts;
  thirtyMinutes: WindowCounts;
  hour: WindowCounts;
  /** Whether an earlier hour of the last 7 days had a 403 spike too; null = unknown, treated as false. */
  forbiddenBefore: boolean | null;
  /** Unique IP addresses in the last 24 h. */
  uniqueIpsDay: number;
  /** When the latest new IP address was detected after the learning period. */
  lastNewIp: number;
  newSurface: { surface: string; noticed: number } | null;
  requestsToday: number;
  /** Highest sliding 60 s count of the last 5 minutes. */
  peakPerMinute: number;
  /** Responses by endpoint in the last 30 minutes; null = not available. */
  endpoints: EndpointAnswers[] | null;
  /** Requests of the last hour from the recorded rate, comparable with the two baselines. */
  volume: number;
  /** Expected requests per hour: the median of the same hour in the last three weeks. */
  weeklyBaseline: number;
  /** Recent requests per hour: the mean of the 24 hours before the last hour. */
  recentBaseline: number;
  /** The key that replaces this one, and the key that this one replaces; null = none. */
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

/** Signals with everything unknown except the time and the thresholds. */
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
    weeklyBaseline: Number.NaN,
    recentBaseline: Number.NaN,
    successor: null,
    predecessor: null,
    thresholds,
  };
}

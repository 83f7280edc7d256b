import { count, counted, percent, span } from '../text/numbers.ts';
import { judged, notApplicable, unknown } from './check-outcomes.ts';
import type { CheckName, CheckOutcome } from './checks.ts';
import { type KeySignals, type RegisteredFacts, responsesOf, type WindowCounts } from './key-signals.ts';

type TrafficCheck =
  | 'server_errors'
  | 'throttled'
  | 'forbidden'
  | 'unauthorized'
  | 'success'
  | 'endpoint_errors';

/** Checks on the responses of the last 30 minutes. */
export function trafficChecks(signals: KeySignals): Record<TrafficCheck & CheckName, CheckOutcome> {
  const { thresholds } = signals;
  return {
    server_errors: sustainedErrors(signals, 'serverErrors', '5xx', {
      limit: thresholds.server_error_ratio.value,
      breach: (ratio, limit) => ratio > limit,
      minRequests: thresholds.server_error_min_requests.value,
      minErrors: thresholds.server_error_min_errors.value,
    }),
    throttled: sustainedErrors(signals, 'throttled', '429', {
      limit: thresholds.throttled_ratio.value,
      breach: (ratio, limit) => ratio >= limit,
      minRequests: thresholds.throttled_min_requests.value,
      minErrors: thresholds.throttled_min_errors.value,
    }),
    forbidden: forbidden(signals),
    unauthorized: unauthorized(signals),
    success: success(signals),
    endpoint_errors: endpointErrors(signals),
  };
}

const noResponsesText = ({ requests }: WindowCounts): string =>
  requests > 0 ? 'No request in the last 30 min got a response.' : 'No requests in the last 30 min.';

interface RatioRule {
  limit: number;
  breach(ratio: number, limit: number): boolean;
  minRequests: number;
  minErrors: number;
}

/** Breached over 30 minutes and still over the last 5, given enough requests and errors. */
function sustainedErrors(
  signals: KeySignals,
  cls: 'serverErrors' | 'throttled',
  code: string,
  rule: RatioRule,
): CheckOutcome {
  if (isRetired(signals.registered)) return notApplicable('Only active keys are checked.');
  const { [cls]: errors } = signals.thirtyMinutes;
  const requests = responsesOf(signals.thirtyMinutes);
  const recent = signals.fiveMinutes;
  const recentRequests = responsesOf(recent);
  if (anyUnknown(requests, errors)) return unknown(`The number of ${code} responses is unknown.`);
  const ratio = share(errors, requests);
  const limit = percent(rule.limit);
  const measured = `${percent(ratio)} of ${counted(requests, 'request')} in the last 30 min got ${code}`;
  if (requests === 0) return judged(false, 0, noResponsesText(signals.thirtyMinutes));
  if (requests < rule.minRequests)
    return judged(false, ratio, `${measured}; not judged below ${counted(rule.minRequests, 'request')}.`);
  // An override of 0 means: any such response counts.
  const minErrors = Math.max(1, rule.minErrors);
  if (errors < minErrors)
    return judged(false, ratio, `${measured}; not judged below ${counted(minErrors, 'such response')}.`);
  if (!rule.breach(ratio, rule.limit)) return judged(false, ratio, `${measured}; threshold: ${limit}.`);
  if (anyUnknown(recentRequests, recent[cls]))
    return unknown(`${measured}; it is unknown whether this continues.`);
  const now = share(recent[cls], recentRequests);
  const lasts = recent[cls] > 0 && rule.breach(now, rule.limit);
  const last5 = recentRequests > 0 ? `${percent(now)} in the last 5 min` : 'no requests in the last 5 min';
  return judged(lasts, ratio, `${measured} (${last5}); threshold: ${limit}.`);
}

/** Same rule as AtenderKeyForbiddenSpike: enough 403 now, and no such hour in the 7 days before. */
function forbidden(signals: KeySignals): CheckOutcome {
  if (isRetired(signals.registered)) return notApplicable('Only active keys are checked.');
  const responses = signals.thirtyMinutes.forbidden;
  if (anyUnknown(responses)) return unknown('The number of 403 responses is unknown.');
  const limit = Math.max(1, signals.thresholds.forbidden_count.value);
  const measured = `${counted(responses, 'request')} in the last 30 min got 403`;
  if (responses < limit) return judged(false, responses, `${measured}; a spike is ${count(limit)} or more.`);
  if (signals.forbiddenBefore === true)
    return judged(
      false,
      responses,
      `${measured}, but an earlier hour in the last 7 days had as many: no spike.`,
    );
  const changed = signals.now - (signals.registered?.scopesChangedAt ?? Number.NaN);
  const scopes =
    changed >= 0 && changed < 7 * 86_400 ? ` The scopes of the key changed ${span(changed)} ago.` : '';
  const clean = signals.forbiddenBefore === false ? ', the first spike in 7 days' : '';
  return judged(true, responses, `${measured}${clean}; a spike is ${count(limit)} or more.${scopes}`);
}

function unauthorized(signals: KeySignals): CheckOutcome {
  const responses = signals.thirtyMinutes.unauthorized;
  if (anyUnknown(responses)) return unknown('The number of 401 responses is unknown.');
  const limit = Math.max(1, signals.thresholds.unauthorized_count.value);
  return judged(
    responses >= limit,
    responses,
    `${counted(responses, 'request')} in the last 30 min got 401; threshold: ${count(limit)}.`,
  );
}

/** Share of responses that are no error. Redirects count as success. Requests without a response do not count. */
function success(signals: KeySignals): CheckOutcome {
  if (isRetired(signals.registered)) return notApplicable('Only active keys are checked.');
  const { success: succeeded, redirect } = signals.thirtyMinutes;
  const requests = responsesOf(signals.thirtyMinutes);
  if (anyUnknown(requests, succeeded, redirect)) return unknown('The numbers of responses are unknown.');
  if (requests === 0) return notApplicable(noResponsesText(signals.thirtyMinutes));
  const ratio = share(succeeded + redirect, requests);
  const limit = signals.thresholds.success_ratio.value;
  const floor = signals.thresholds.success_min_requests.value;
  const measured = `${percent(ratio)} of ${counted(requests, 'request')} in the last 30 min succeeded`;
  if (ratio > limit) return judged(false, ratio, `${measured}; healthy above ${percent(limit)}.`);
  const errors = `${measured}${largestErrorClassText(signals.thirtyMinutes)}`;
  if (requests < floor)
    return judged(false, ratio, `${errors}; not judged below ${counted(floor, 'request')}.`);
  return judged(true, ratio, `${errors}; healthy above ${percent(limit)}.`);
}

/** Reports the endpoint with the largest share of 404 and 422, preferring endpoints with enough of them. */
function endpointErrors({ endpoints, thresholds }: KeySignals): CheckOutcome {
  if (endpoints === null) return unknown('Responses by endpoint are not available here.');
  if (endpoints.length === 0) return judged(false, 0, 'No requests in the last 30 min.');
  if (endpoints.some(({ requests, errors }) => anyUnknown(requests, errors)))
    return unknown('Responses by endpoint are unknown.');
  const limit = thresholds.endpoint_error_ratio.value;
  const floor = thresholds.endpoint_error_count.value;
  const candidates = endpoints.filter(({ errors }) => errors >= floor);
  const of = candidates.length > 0 ? candidates : endpoints;
  const worst = of.reduce((a, b) => (share(b.errors, b.requests) > share(a.errors, a.requests) ? b : a));
  const ratio = share(worst.errors, worst.requests);
  return judged(
    candidates.length > 0 && ratio > limit,
    ratio,
    `${percent(ratio)} of ${counted(worst.requests, 'request')} to ${worst.method} ${worst.template} in the ` +
      `last 30 min got 404 or 422; a cluster is above ${percent(limit)} and at least ${count(floor)}.`,
  );
}

const ERROR_CLASSES = [
  ['serverErrors', '5xx'],
  ['throttled', '429'],
  ['forbidden', '403'],
  ['unauthorized', '401'],
  ['other4xx', '404, 422 or another 4xx'],
] as const;

/** The class with the most errors; undefined without errors. */
export function largestErrorClass(counts: WindowCounts): (typeof ERROR_CLASSES)[number] | undefined {
  let worst: (typeof ERROR_CLASSES)[number] | undefined;
  for (const entry of ERROR_CLASSES)
    if (counts[entry[0]] > (worst === undefined ? 0 : counts[worst[0]])) worst = entry;
  return worst;
}

function largestErrorClassText(counts: WindowCounts): string {
  const worst = largestErrorClass(counts);
  return worst === undefined ? '' : `, most errors are ${worst[1]} (${count(counts[worst[0]])})`;
}

export const anyUnknown = (...values: number[]): boolean => values.some((value) => !Number.isFinite(value));
const share = (part: number, whole: number): number => (whole > 0 ? part / whole : 0);

type Retired = RegisteredFacts & { state: 'disabled' | 'revoked' };
/** Whether the keys file marks the key as disabled or revoked. */
export const isRetired = (registered: KeySignals['registered']): registered is Retired =>
  registered?.state === 'disabled' || registered?.state === 'revoked';

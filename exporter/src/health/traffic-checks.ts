import { count, counted, percent, span } from '../text/numbers.ts';
import type { CheckName, Finding } from './checks.ts';
import { notApplicable, unknown, verdict } from './findings.ts';
import { type KeySignals, type RegisteredFacts, responsesOf, type WindowCounts } from './key-signals.ts';

type TrafficCheck =
  | 'server_errors'
  | 'throttled'
  | 'forbidden'
  | 'unauthorized'
  | 'success'
  | 'endpoint_errors';

/** Rules about the answers of the last 30 minutes. */
export function trafficChecks(signals: KeySignals): Record<TrafficCheck & CheckName, Finding> {
  const { thresholds } = signals;
  return {
    server_errors: sustained(signals, 'serverErrors', '5xx', {
      limit: thresholds.server_error_ratio.value,
      breach: (ratio, limit) => ratio > limit,
      minRequests: thresholds.server_error_min_requests.value,
      minErrors: thresholds.server_error_min_errors.value,
    }),
    throttled: sustained(signals, 'throttled', '429', {
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

const noneAnswered = ({ requests }: WindowCounts): string =>
  requests > 0
    ? 'No request of the last 30 min got a response.'
    : 'There were no requests in the last 30 min.';

interface RatioRule {
  limit: number;
  breach(ratio: number, limit: number): boolean;
  minRequests: number;
  minErrors: number;
}

/** Over the limit in 30 minutes and still so in the last 5, on enough requests and errors to mean something. */
function sustained(
  signals: KeySignals,
  cls: 'serverErrors' | 'throttled',
  code: string,
  rule: RatioRule,
): Finding {
  if (isRetired(signals.registered)) return notApplicable('Judged for active keys only.');
  const { [cls]: errors } = signals.thirtyMinutes;
  const requests = responsesOf(signals.thirtyMinutes);
  const recent = signals.fiveMinutes;
  const recentRequests = responsesOf(recent);
  if (anyUnknown(requests, errors)) return unknown(`The number of ${code} answers is not known.`);
  const ratio = share(errors, requests);
  const limit = percent(rule.limit);
  const measured = `${percent(ratio)} of ${counted(requests, 'request')} in the last 30 min were answered ${code}`;
  if (requests === 0) return verdict(false, 0, noneAnswered(signals.thirtyMinutes));
  if (requests < rule.minRequests)
    return verdict(false, ratio, `${measured}; judged from ${counted(rule.minRequests, 'request')} on.`);
  // An override of 0 asks for any such answer, not for none.
  const minErrors = Math.max(1, rule.minErrors);
  if (errors < minErrors)
    return verdict(false, ratio, `${measured}; judged from ${counted(minErrors, 'such answer')} on.`);
  if (!rule.breach(ratio, rule.limit)) return verdict(false, ratio, `${measured}; the limit is ${limit}.`);
  if (anyUnknown(recentRequests, recent[cls]))
    return unknown(`${measured}; whether it still lasts is not known.`);
  const now = share(recent[cls], recentRequests);
  const lasts = recent[cls] > 0 && rule.breach(now, rule.limit);
  const last5 = recentRequests > 0 ? `${percent(now)} in the last 5 min` : 'no requests in the last 5 min';
  return verdict(lasts, ratio, `${measured} (${last5}); the limit is ${limit}.`);
}

/** The rule of AtenderKeyForbiddenSpike: enough 403 now, and no such hour in the 7 days before. */
function forbidden(signals: KeySignals): Finding {
  if (isRetired(signals.registered)) return notApplicable('Judged for active keys only.');
  const answers = signals.thirtyMinutes.forbidden;
  if (anyUnknown(answers)) return unknown('The number of 403 answers is not known.');
  const limit = Math.max(1, signals.thresholds.forbidden_count.value);
  const measured = `${counted(answers, 'request')} in the last 30 min ${answers === 1 ? 'was' : 'were'} answered 403`;
  if (answers < limit) return verdict(false, answers, `${measured}; ${count(limit)} or more are a spike.`);
  if (signals.forbiddenBefore === true)
    return verdict(false, answers, `${measured}, but there were such hours in the last 7 days: nothing new.`);
  const changed = signals.now - (signals.registered?.scopesChangedAt ?? Number.NaN);
  const scopes =
    changed >= 0 && changed < 7 * 86_400 ? ` The scopes of the key were changed ${span(changed)} ago.` : '';
  const clean = signals.forbiddenBefore === false ? ' on a key that had none' : '';
  return verdict(true, answers, `${measured}${clean}; ${count(limit)} or more are a spike.${scopes}`);
}

function unauthorized(signals: KeySignals): Finding {
  const answers = signals.thirtyMinutes.unauthorized;
  if (anyUnknown(answers)) return unknown('The number of 401 answers is not known.');
  const limit = Math.max(1, signals.thresholds.unauthorized_count.value);
  const were = answers === 1 ? 'was' : 'were';
  return verdict(
    answers >= limit,
    answers,
    `${counted(answers, 'request')} in the last 30 min ${were} answered 401; ${count(limit)} or more are too many.`,
  );
}

/** Holds a key to "healthy above 99 %". Redirects are no errors; requests without a response are left out. */
function success(signals: KeySignals): Finding {
  if (isRetired(signals.registered)) return notApplicable('Judged for active keys only.');
  const { success: succeeded, redirect } = signals.thirtyMinutes;
  const requests = responsesOf(signals.thirtyMinutes);
  if (anyUnknown(requests, succeeded, redirect)) return unknown('The numbers of answers are not known.');
  if (requests === 0) return notApplicable(noneAnswered(signals.thirtyMinutes));
  const ratio = share(succeeded + redirect, requests);
  const limit = signals.thresholds.success_ratio.value;
  const floor = signals.thresholds.success_min_requests.value;
  const measured = `${percent(ratio)} of ${counted(requests, 'request')} in the last 30 min succeeded`;
  if (ratio > limit) return verdict(false, ratio, `${measured}; healthy is above ${percent(limit)}.`);
  const errors = `${measured}${mostErrors(signals.thirtyMinutes)}`;
  if (requests < floor)
    return verdict(false, ratio, `${errors}; fewer than ${counted(floor, 'request')} are too few to judge.`);
  return verdict(true, ratio, `${errors}; healthy is above ${percent(limit)}.`);
}

/** The endpoint that says most: of those with enough errors the one with the largest share of them. */
function endpointErrors({ endpoints, thresholds }: KeySignals): Finding {
  if (endpoints === null) return unknown('Answers by endpoint in the last 30 min are not known here.');
  if (endpoints.length === 0) return verdict(false, 0, 'There were no requests in the last 30 min.');
  if (endpoints.some(({ requests, errors }) => anyUnknown(requests, errors)))
    return unknown('Answers by endpoint in the last 30 min are not known.');
  const limit = thresholds.endpoint_error_ratio.value;
  const floor = thresholds.endpoint_error_count.value;
  const judged = endpoints.filter(({ errors }) => errors >= floor);
  const of = judged.length > 0 ? judged : endpoints;
  const worst = of.reduce((a, b) => (share(b.errors, b.requests) > share(a.errors, a.requests) ? b : a));
  const ratio = share(worst.errors, worst.requests);
  return verdict(
    judged.length > 0 && ratio > limit,
    ratio,
    `${percent(ratio)} of ${counted(worst.requests, 'request')} to ${worst.method} ${worst.template} in the ` +
      `last 30 min were answered 404 or 422; a cluster is above ${percent(limit)} and at least ${count(floor)}.`,
  );
}

const ERROR_CLASSES = [
  ['serverErrors', '5xx'],
  ['throttled', '429'],
  ['forbidden', '403'],
  ['unauthorized', '401'],
  ['other4xx', '404, 422 or another 4xx'],
] as const;

/** The class most errors belong to; undefined when there are none. */
export function worstClass(counts: WindowCounts): (typeof ERROR_CLASSES)[number] | undefined {
  let worst: (typeof ERROR_CLASSES)[number] | undefined;
  for (const entry of ERROR_CLASSES)
    if (counts[entry[0]] > (worst === undefined ? 0 : counts[worst[0]])) worst = entry;
  return worst;
}

function mostErrors(counts: WindowCounts): string {
  const worst = worstClass(counts);
  return worst === undefined ? '' : `, most errors are ${worst[1]} (${count(counts[worst[0]])})`;
}

export const anyUnknown = (...values: number[]): boolean => values.some((value) => !Number.isFinite(value));
const share = (part: number, whole: number): number => (whole > 0 ? part / whole : 0);

type Retired = RegisteredFacts & { state: 'disabled' | 'revoked' };
/** The keys file says disabled or revoked. */
export const isRetired = (registered: KeySignals['registered']): registered is Retired =>
  registered?.state === 'disabled' || registered?.state === 'revoked';

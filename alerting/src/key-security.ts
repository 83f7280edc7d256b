import {
  BY_KEY,
  effective,
  effectiveOrDefault,
  increaseInTime,
  maxByKey,
  ON_KEY,
  promql,
  RETIRED_KEYS,
} from '../../exporter/src/health/promql.ts';
import { KEY_SERIES, RECORDED } from '../../exporter/src/health/series.ts';
import type { ThresholdKind } from '../../exporter/src/health/thresholds.ts';
import type { Alert, Recording, RuleFile } from './rule.ts';
import {
  firstLabel,
  firstValue,
  keyAnnotations,
  keyQuery,
  keySummary,
  lastKnown,
  ofKey,
  thresholdText,
} from './templates.ts';

const { requests, endpointRequests, lastUsed, lastRejected, info } = KEY_SERIES;
const { lastNewIp, lastNewSurface, recentNewIp, uniqueIps, scopeInfo, scopesChanged } = KEY_SERIES;
const COUNT = '{{ $value | printf "%.0f" }}';
const AGO = '{{ $value | humanizeDuration }}';
/** How long these rules read the last sample of a key whose exporter is gone. */
const last = (series: string, window: string): string => `last_over_time(${series}[${window}])`;
const lastEffective = (kind: ThresholdKind, window: string): string => last(effective(kind), window);

const summary = (rest: string): string => keySummary(lastKnown, rest);
const state = firstLabel(lastKnown('state'), 'state');
const newIps = keyQuery(`max by (ip) (last_over_time(${recentNewIp}${ofKey()}[15m]))`);

const forbiddenSpike: Alert = {
  alert: 'AtenderKeyForbiddenSpike',
  why: `
    A spike of 403 on a key that was clean: its scopes changed under a running consumer, or someone tries what the key
    may not do. Clean means no hour of the last seven days with as many. A stray 403 does not end that, and a new key
    is clean.

    The spike must not become the history that resolves its own alert. So the history ends an hour ago, and a key whose
    alert fired within the last hour is exempt from the history. An override of 0 asks for any 403, not for none.`,
  expr: promql`
    (
      ${increaseInTime('status="403"', '30m')}
      > 0
      >= ${ON_KEY}
      ${lastEffective('forbidden_count', '30m')}
    )
    unless ${ON_KEY} (
      (
        max_over_time(${RECORDED.forbidden}[7d] offset 1h)
        >= ${ON_KEY}
        ${lastEffective('forbidden_count', '30m')}
      )
      unless ${ON_KEY}
      ${last('ALERTS{alertname="AtenderKeyForbiddenSpike", alertstate="firing"}', '1h')}
    )`,
  labels: { severity: 'ticket', category: 'security' },
  shared: 'key',
  annotations: {
    summary: summary(`: ${COUNT} requests answered 403 in 30 minutes, none like it in 7 days`),
    description:
      `${COUNT} requests of the last 30 minutes were answered 403: the key is valid but lacks ` +
      `the scope (threshold ${thresholdText('forbidden_count', '1h')}, on a key without such an hour in the last 7 days). ` +
      `{{ with ${keyQuery(`time() - max(${scopesChanged}${ofKey()}) < 604800`)} }}Its scopes were changed {{ . | first | value | humanizeDuration }} ago.` +
      '{{ else }}No change of its scopes is known in that time.{{ end }} ' +
      `Endpoints:{{ range ${keyQuery(`topk(3, sum by (method, endpoint) (increase(${endpointRequests}${ofKey('status="403"')}[30m]))) > 0`)} | sortByLabel "endpoint" }} ` +
      '{{ .Labels.method }} {{ .Labels.endpoint }}{{ else }} not known{{ end }}.',
    value: `${COUNT} requests answered 403 in 30 minutes`,
    threshold: thresholdText('forbidden_count', '1h'),
  },
};

const newIp: Alert = {
  alert: 'AtenderKeyNewIP',
  why: `
    The first request from an IP address never seen on the key, after its learning period and outside its allowed
    networks. The exporter exposes when it noticed. That time moves with each new address and survives scrape gaps.
    increase() would miss the first one, and "unless offset" would flag them all. An exporter whose clock is ahead
    notices in the future, which counts as now. The time is a label too: without it, a second address within the quarter
    of an hour would be one alert with the first and notify nobody.`,
  expr: promql`
    (
      clamp_min(
        time() - ${maxByKey(`${last(lastNewIp, '15m')} > 0`)},
        0
      )
      < ${ON_KEY}
      ${effectiveOrDefault('new_ip_seconds', maxByKey(last(lastNewIp, '15m')), '15m')}
    )
    * ${ON_KEY} group_left (noticed)
    count_values by (${BY_KEY}) (
      "noticed",
      ${maxByKey(`${last(lastNewIp, '15m')} > 0`)}
    )`,
  labels: { severity: 'ticket', category: 'security' },
  shared: 'key',
  annotations: {
    summary: summary(': first request from a new IP address'),
    description:
      `${AGO} ago a request with this key came from an address never seen on it. ` +
      `New in the last 24 hours:{{ range ${newIps} | sortByLabel "ip" }} {{ .Labels.ip }}{{ else }} addresses are not exported{{ end }} ` +
      `(${firstValue(keyQuery(`max(${uniqueIps}${ofKey('window="24h"')})`), 'printf "%.0f"', 'an unknown number of')} different addresses in 24 hours). ` +
      `Notable for ${thresholdText('new_ip_seconds', '1h')}.`,
    value: `new address noticed ${AGO} ago`,
    threshold: thresholdText('new_ip_seconds', '1h'),
  },
};

const newSurface: Alert = {
  alert: 'AtenderKeyNewSurface',
  why: 'Scope creep: a part of the API that the key never called before.',
  expr: promql`
    clamp_min(
      time()
      - max by (${BY_KEY}, surface) (
        ${last(lastNewSurface, '15m')} > 0
      ),
      0
    )
    < ${ON_KEY} group_left ()
    ${effectiveOrDefault('new_surface_seconds', maxByKey(last(lastNewSurface, '15m')), '15m')}`,
  labels: { severity: 'ticket', category: 'security' },
  shared: 'key',
  annotations: {
    summary: summary(': first request to {{ $labels.surface }}'),
    description:
      `${AGO} ago this key called {{ $labels.surface }}, a part of the API it never called before. ` +
      `Scopes granted:{{ range ${keyQuery(`group by (scope) (${scopeInfo}${ofKey()})`)} | sortByLabel "scope" }} {{ .Labels.scope }}{{ else }} not known{{ end }}. ` +
      `Notable for ${thresholdText('new_surface_seconds', '1h')}.`,
    value: `{{ $labels.surface }}, noticed ${AGO} ago`,
    threshold: thresholdText('new_surface_seconds', '1h'),
  },
};

const unauthorized: Alert = {
  alert: 'AtenderKeyUnauthorized',
  why: '401: wrong, revoked or expired. On a key in use this is a consumer that a rotation left behind.',
  expr: promql`
    ${increaseInTime('status="401"', '30m')}
    > 0
    >= ${ON_KEY}
    ${lastEffective('unauthorized_count', '30m')}`,
  for: '2m',
  keepFiringFor: '10m',
  labels: { severity: 'ticket', category: 'security' },
  shared: 'key',
  annotations: {
    summary: summary(`: ${COUNT} requests rejected with 401 in 30 minutes`),
    description:
      `${COUNT} requests of the last 30 minutes were answered 401: wrong, revoked or expired key ` +
      `(threshold ${thresholdText('unauthorized_count', '1h')}). ` +
      `State in the keys file: ${firstLabel(lastKnown('state'), 'state', 'not registered')}.` +
      `{{ with ${keyQuery(`${info}{tenant_id=%q,replaces=%q}`)} }} ` +
      'It is replaced by {{ . | first | label "key_id" }}: a consumer may have been left behind.{{ end }}',
    value: `${COUNT} requests answered 401 in 30 minutes`,
    threshold: thresholdText('unauthorized_count', '1h'),
  },
};

const reinstated: Recording = {
  record: RECORDED.reinstated,
  why: `
    When a key that was revoked or disabled within the last day was last active and nothing else. Use between two
    revocations is allowed use. Recorded for these few keys, because asking when every key was last active costs
    Prometheus more than all other rules of this group.`,
  expr: promql`
    (${maxByKey(`${info}{state="active"}`)} * 0 + time())
    and ${ON_KEY} ${last(RETIRED_KEYS, '1d')}
    unless ${ON_KEY} ${RETIRED_KEYS}`,
};

const retired: Recording = {
  record: RECORDED.retired,
  why: `
    Since when a key is revoked or disabled: the first time within the last day at which the keys file said so, or when
    it was last active, whichever is later. The resolution is a minute for the last hour, which is how long a use is
    reported by default, and 15 minutes before that. Subqueries survive a scrape gap; an offset would not. The rule uses
    time() because timestamp() reads each series again for every step. An exporter that is gone counts with its last
    sample for an hour, unless another one disagrees.`,
  expr: promql`
    max by (${BY_KEY}) (
      label_replace(
        min by (${BY_KEY}) (
          min_over_time((${RETIRED_KEYS} * 0 + time())[1h:1m])
          or
          label_replace(
            min_over_time((${RETIRED_KEYS} * 0 + time())[1d:15m]),
            "step", "15m", "", ""
          )
        ),
        "since", "first", "", ""
      )
      or
      label_replace(
        max_over_time(${RECORDED.reinstated}[1d]), "since", "active", "", ""
      )
    )
    and ${ON_KEY} (
      ${RETIRED_KEYS}
      or
      ${last(RETIRED_KEYS, '1h')}
      unless ${ON_KEY} ${info}
    )`,
};

/** A timestamp after the revocation. A minute of grace covers clocks and the reload of the keys file. */
const afterRevocation = (series: string): string => promql`
  clamp_min(
    time()
    - (
      ${maxByKey(last(series, '1h'))}
      > ${ON_KEY}
      ${RECORDED.retired} + 60
    ),
    0
  )
  <= ${ON_KEY}
  ${effectiveOrDefault('revoked_used_seconds', RECORDED.retired, '1h')}`;

const revokedUsed: Alert = {
  alert: 'AtenderRevokedKeyUsed',
  why: `
    A revoked or disabled key that still works. Only a 401 leaves last used where it is. So a last used that moves is a
    response that Atender should not have given. Use before the revocation does not count.`,
  expr: afterRevocation(lastUsed),
  labels: { severity: 'page', category: 'security' },
  shared: 'key',
  annotations: {
    summary: summary(` is ${state} and was used ${AGO} ago`),
    description:
      `The keys file says ${state}, yet ${AGO} ago a request with this key got an answer other than 401: ` +
      `it still works at Atender (an incident for ${thresholdText('revoked_used_seconds', '1h')} after each use). ` +
      `Answers of the last hour:{{ range ${keyQuery(`sum by (status) (increase(${requests}${ofKey()}[1h])) > 0`)} | sortByLabel "status" }} ` +
      '{{ .Value | printf "%.0f" }} × {{ .Labels.status }}{{ else }} not known{{ end }}.',
    value: `used ${AGO} ago`,
    threshold: thresholdText('revoked_used_seconds', '1h'),
  },
};

const revokedSent: Alert = {
  alert: 'AtenderRevokedKeyUsed',
  why: 'The revocation works, but someone still sends the key.',
  expr: afterRevocation(lastRejected),
  labels: { severity: 'ticket', category: 'security' },
  shared: 'key',
  annotations: {
    summary: summary(` is ${state} and is still sent: rejected with 401 ${AGO} ago`),
    description:
      `The keys file says ${state}, and Atender rejects it, as it should; but somebody still sends it, the last time ${AGO} ago ` +
      `(a ticket for ${thresholdText('revoked_used_seconds', '1h')} after each try). ` +
      'Either a consumer was left behind or a leaked key is being tried.',
    value: `rejected with 401 ${AGO} ago`,
    threshold: thresholdText('revoked_used_seconds', '1h'),
  },
};

export const keySecurityRules: RuleFile = {
  file: 'key-security.yml',
  about: `
    Who uses the key, and for what? Pipeline alerts never inhibit these alerts: a leak does not wait until the pipeline
    works again. They judge every key, including sandbox and unregistered keys.

    What was seen stays true when the exporter dies. So these rules read the last sample (last_over_time) for as long
    as their alert would last anyway. A page is neither resolved by the failure nor lost when it is seconds old. Names,
    owner and state in the texts are the last known ones.`,
  shared: {
    key: {
      ...keyAnnotations(lastKnown),
      recent_new_ips: `{{ range $i, $new := ${newIps} | sortByLabel "ip" }}{{ if $i }}, {{ end }}{{ $new.Labels.ip }}{{ end }}`,
    },
  },
  groups: [
    {
      name: 'atender-key-security',
      rules: [forbiddenSpike, newIp, newSurface, unauthorized, reinstated, retired, revokedUsed, revokedSent],
    },
  ],
};

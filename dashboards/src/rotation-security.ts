import { BY_KEY, gaugeBy, increaseBy } from '../../exporter/src/health/promql.ts';
import { RECORDED } from '../../exporter/src/health/series.ts';
import { WHEN_TO_REVOKE_OLD_KEY } from '../../exporter/src/health/wording.ts';
import { alertAnnotation, baseDashboard, keyLink } from './base-dashboard.ts';
import { orNoData, row, tablePanel, timeSeriesPanel } from './panels.ts';
import { anyKey, KEY, RECORDED_EVERY, REPLACED, REPLACING, withName } from './queries.ts';

const KEY_LABELS = { tenant_id: 'Tenant', key_id: 'Key', name: 'Name' };
/** Hidden variables name the keys of rotations. Reading the series of every key to find them would take seconds. */
const OLD_KEYS = 'key_id=~"$replaced"';
const NEW_KEYS = 'key_id=~"$replacing"';
/** The same for responses by endpoint over a long time. */
const REFUSED_KEYS = 'key_id=~"$refused"';
const LINKS = [keyLink('__data.fields["Tenant"]', '__data.fields["Key"]')];

/** Both keys of each rotation. The label `replaces` of the new key names the old one. */
const NEW_RATE = `${RECORDED.rate}{${anyKey(NEW_KEYS)}} and on (${BY_KEY}) ${REPLACING}`;
const OLD_RATE = `${RECORDED.rate}{${anyKey(OLD_KEYS)}} and on (${BY_KEY}) ${REPLACED}`;
const REVOKED = `max by (${BY_KEY}) (${KEY.info}{${anyKey('state=~"disabled|revoked"')}})`;

/** The highest 5-minute count in each step, so that a short burst is visible in a long time range. */
const refused = (status: string): string =>
  `topk(10, max_over_time(${RECORDED.refused}{${anyKey(`status="${status}"`)}}[$__rate_interval]))`;

/** Rotations, rejected requests, new IP addresses and surfaces, revoked keys. */
export const rotationSecurity = baseDashboard(
  'rotation',
  'Rotations with both keys, rejected requests, new IP addresses and surfaces, and revoked keys in use.',
  ['tenant', 'replaced', 'replacing', 'refused'],
)
  .annotation(alertAnnotation('alertname=~"Atender.+",category="security",tenant_id=~"$tenant"'))
  .withRow(row('Rotations'))
  .withPanel(
    timeSeriesPanel(
      {
        title: 'New keys of rotations',
        description:
          'Requests with keys that replace another key. They should grow while requests with the old keys drop to 0.',
        unit: 'reqps',
        none: 'No rotation is in progress',
      },
      [{ expr: NEW_RATE, legend: '{{tenant_id}} {{key_id}}' }],
    ),
  )
  .withPanel(
    timeSeriesPanel(
      {
        title: 'Old keys of rotations',
        description: `Requests with keys that are being replaced. ${WHEN_TO_REVOKE_OLD_KEY} The table below shows which endpoints are still called with old keys.`,
        unit: 'reqps',
        none: 'No rotation is in progress',
      },
      [{ expr: OLD_RATE, legend: '{{tenant_id}} {{key_id}}' }],
    ),
  )
  .withPanel(
    tablePanel(
      {
        title: 'Endpoints still called with old keys',
        description:
          'Endpoints called with an old key in the last day. 401 responses do not count as use. Each row is a part of a consumer that still uses the old key.',
        unit: 'short',
        none: orNoData('No requests with old keys'),
        span: 24,
      },
      [
        {
          expr: `(${increaseBy(`${BY_KEY}, method, endpoint`, anyKey(OLD_KEYS, 'status!="401"'), '1d', KEY.endpointRequests)} > 0) and on (${BY_KEY}) ${REPLACED}`,
          column: { title: 'Requests in the last day' },
        },
      ],
      { tenant_id: 'Tenant', key_id: 'Key', method: 'Method', endpoint: 'Endpoint' },
      { links: LINKS },
    ),
  )
  .withPanel(
    tablePanel(
      {
        title: 'Rotation due',
        description:
          'Keys with a rotation policy. The value is the time since the last rotation (or creation), as a share of the rotation interval. Above 100 %, the rotation is overdue.',
        unit: 'percentunit',
        none: orNoData('No key has a rotation policy (rotateEvery)'),
        span: 24,
      },
      [
        {
          expr: withName(
            `(time() - (${gaugeBy(BY_KEY, KEY.rotated, anyKey())} or on (${BY_KEY}) ${gaugeBy(BY_KEY, KEY.created, anyKey())})) / on (${BY_KEY}) ${gaugeBy(BY_KEY, KEY.rotateEvery, anyKey())}`,
          ),
          column: { title: 'Share of interval' },
        },
      ],
      KEY_LABELS,
      { links: LINKS, steps: [['green'], ['orange', 0.9], ['red', 1]] },
    ),
  )
  .withRow(row('Rejected requests'))
  .withPanel(
    timeSeriesPanel(
      {
        title: '401 by key',
        description:
          'Recorded requests per 5 minutes with a wrong, revoked or expired key, for the ten highest keys at each time. Steady 401 responses after a rotation mean that a consumer still uses the old key.',
        unit: 'short',
        height: 11,
        none: 'No 401 responses',
      },
      [{ expr: refused('401'), legend: '{{tenant_id}} {{key_id}}' }],
    ).interval(RECORDED_EVERY),
  )
  .withPanel(
    timeSeriesPanel(
      {
        title: '403 by key',
        description:
          'Recorded requests per 5 minutes without the required scope, for the ten highest keys at each time. If a key had none before, its scopes were changed or someone tries endpoints without permission.',
        unit: 'short',
        height: 11,
        none: 'No 403 responses',
      },
      [{ expr: refused('403'), legend: '{{tenant_id}} {{key_id}}' }],
    ).interval(RECORDED_EVERY),
  )
  .withPanel(
    tablePanel(
      {
        title: '401 and 403 by endpoint',
        description:
          'Endpoints that rejected requests in the shown time, for the fifty keys with the most recorded rejections. Compare them with the scopes on the usage dashboard of the key.',
        unit: 'short',
        none: 'No 401 or 403 responses',
        span: 24,
      },
      [
        {
          expr: `topk(50, ${increaseBy(`${BY_KEY}, method, endpoint, status`, anyKey('status=~"401|403"', REFUSED_KEYS), '$__range', KEY.endpointRequests)} > 0)`,
          column: { title: 'Requests' },
        },
      ],
      { tenant_id: 'Tenant', key_id: 'Key', method: 'Method', endpoint: 'Endpoint', status: 'Status' },
      { links: LINKS },
    ),
  )
  .withRow(row('New IP addresses and surfaces'))
  .withPanel(
    tablePanel(
      {
        title: 'New IP addresses',
        description:
          'IP addresses that were new for a key in the last day. The exporter masks them by default. If nobody recognizes an IP address, rotate the key.',
        unit: 'short',
        none: orNoData('No new IP address in the last day'),
      },
      [
        {
          expr: withName(`max by (${BY_KEY}, ip) (${KEY.recentNewIp}{${anyKey()}})`),
          column: { title: 'New' },
        },
      ],
      { ...KEY_LABELS, ip: 'IP address' },
      { links: LINKS },
    ),
  )
  .withPanel(
    tablePanel(
      {
        title: 'New surfaces',
        description:
          'Parts of the API that a key called for the first time, most recent first. If the owner did not intend this, narrow the scopes of the key.',
        unit: 's',
        none: orNoData('No new surface'),
      },
      [
        {
          expr: withName(`time() - max by (${BY_KEY}, surface) (${KEY.lastNewSurface}{${anyKey()}})`),
          column: { title: 'Since detection' },
        },
      ],
      { ...KEY_LABELS, surface: 'Surface' },
      { links: LINKS, ascending: true },
    ),
  )
  .withRow(row('Revoked and disabled keys'))
  .withPanel(
    tablePanel(
      {
        title: 'Revoked and disabled keys still in use',
        description:
          'The keys file marks the key as revoked or disabled, but a request in the last day got a response other than 401. The key still works. Revoke it in Atender now.',
        unit: 's',
        none: orNoData('No revoked or disabled key is in use'),
      },
      [
        {
          expr: withName(
            `time() - ((${gaugeBy(BY_KEY, KEY.lastUsed, anyKey())} > time() - 86400) and on (${BY_KEY}) ${REVOKED})`,
          ),
          column: { title: 'Since last use' },
        },
      ],
      KEY_LABELS,
      { links: LINKS, ascending: true },
    ),
  )
  .withPanel(
    tablePanel(
      {
        title: 'Revoked and disabled keys still sent',
        description:
          'Requests in the last day were rejected with 401, but a consumer still sends the key. Find the consumer by its endpoints and give it a valid key.',
        unit: 's',
        none: orNoData('No revoked or disabled key was sent'),
      },
      [
        {
          expr: withName(
            `time() - ((${gaugeBy(BY_KEY, KEY.lastRejected, anyKey())} > time() - 86400) and on (${BY_KEY}) ${REVOKED})`,
          ),
          column: { title: 'Since last rejection' },
        },
      ],
      KEY_LABELS,
      { links: LINKS, ascending: true },
    ),
  );

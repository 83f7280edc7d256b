import { BY_KEY, gaugeBy, increaseBy } from '../../exporter/src/health/promql.ts';
import { RECORDED } from '../../exporter/src/health/series.ts';
import { firing, frame, keyLink } from './frame.ts';
import { lines, orNoData, row, rows } from './panels.ts';
import { anyKey, KEY, named, RECORDED_EVERY, REPLACED, REPLACING } from './queries.ts';

const KEY_LABELS = { tenant_id: 'Tenant', key_id: 'Key', name: 'Name' };
/** Keys of rotations by hidden variables: reading what every key did to find theirs takes seconds. */
const OLD_KEYS = 'key_id=~"$replaced"';
const NEW_KEYS = 'key_id=~"$replacing"';
/** The same for a week of answers by endpoint. */
const REFUSED_KEYS = 'key_id=~"$refused"';
const LINKS = [keyLink('__data.fields["Tenant"]', '__data.fields["Key"]')];

/** Both keys of each rotation: the old one is named by the label `replaces` of the new one. */
const NEW_RATE = `${RECORDED.rate}{${anyKey(NEW_KEYS)}} and on (${BY_KEY}) ${REPLACING}`;
const OLD_RATE = `${RECORDED.rate}{${anyKey(OLD_KEYS)}} and on (${BY_KEY}) ${REPLACED}`;
const REVOKED = `max by (${BY_KEY}) (${KEY.info}{${anyKey('state=~"disabled|revoked"')}})`;

/** The highest count of five minutes in each step, so that a short burst shows however long the shown time is. */
const refused = (status: string): string =>
  `topk(10, max_over_time(${RECORDED.refused}{${anyKey(`status="${status}"`)}}[$__rate_interval]))`;

/** Who still uses what they should not, and who is new. */
export const rotationSecurity = frame(
  'rotation',
  'Rotations with both keys side by side, rejected requests, new addresses and surfaces, revoked keys in use.',
  ['tenant', 'replaced', 'replacing', 'refused'],
)
  .annotation(firing('alertname=~"Atender.+",category="security",tenant_id=~"$tenant"'))
  .withRow(row('Rotations'))
  .withPanel(
    lines(
      {
        title: 'New keys of rotations',
        description:
          'Traffic of the keys that replace another. It should grow as the old keys, beside, fall to nothing.',
        unit: 'reqps',
        none: 'No rotation is in progress',
      },
      [{ expr: NEW_RATE, legend: '{{tenant_id}} {{key_id}}' }],
    ),
  )
  .withPanel(
    lines(
      {
        title: 'Old keys of rotations',
        description:
          'Traffic of the keys that are being replaced. Quiet for 24 to 48 hours while the new key is used: revoke it. Before that, find the stragglers by endpoint.',
        unit: 'reqps',
        none: 'No rotation is in progress',
      },
      [{ expr: OLD_RATE, legend: '{{tenant_id}} {{key_id}}' }],
    ),
  )
  .withPanel(
    rows(
      {
        title: 'Stragglers: what still calls with an old key',
        description:
          'Endpoints that old keys of rotations were still answered on in the last day (401 is no use of a key). Each names a part of a consumer that has not moved.',
        unit: 'short',
        none: orNoData('Nothing calls with an old key'),
        span: 24,
      },
      [
        {
          expr: `(${increaseBy(`${BY_KEY}, method, endpoint`, anyKey(OLD_KEYS, 'status!="401"'), '1d', KEY.endpointRequests)} > 0) and on (${BY_KEY}) ${REPLACED}`,
          column: { title: 'Requests of the last day' },
        },
      ],
      { tenant_id: 'Tenant', key_id: 'Key', method: 'Method', endpoint: 'Endpoint' },
      { links: LINKS },
    ),
  )
  .withPanel(
    rows(
      {
        title: 'Rotation due',
        description:
          'Keys with a rotation policy by how much of its time has passed since they were last rotated (or created). 100 % and more is overdue.',
        unit: 'percentunit',
        none: orNoData('No key has a rotation policy (rotateEvery)'),
        span: 24,
      },
      [
        {
          expr: named(
            `(time() - (${gaugeBy(BY_KEY, KEY.rotated, anyKey())} or on (${BY_KEY}) ${gaugeBy(BY_KEY, KEY.created, anyKey())})) / on (${BY_KEY}) ${gaugeBy(BY_KEY, KEY.rotateEvery, anyKey())}`,
          ),
          column: { title: 'Of its rotation time' },
        },
      ],
      KEY_LABELS,
      { links: LINKS, steps: [['green'], ['orange', 0.9], ['red', 1]] },
    ),
  )
  .withRow(row('Rejected'))
  .withPanel(
    lines(
      {
        title: '401 by key',
        description:
          'Requests in five minutes with a wrong, revoked or expired key; the ten keys with most of them at a time, as recorded. Steady 401s after a rotation are a consumer that was left behind.',
        unit: 'short',
        height: 11,
        none: 'No request was answered 401',
      },
      [{ expr: refused('401'), legend: '{{tenant_id}} {{key_id}}' }],
    ).interval(RECORDED_EVERY),
  )
  .withPanel(
    lines(
      {
        title: '403 by key',
        description:
          'Requests in five minutes that lacked a scope; the ten keys with most of them at a time, as recorded. On a key that was clean: its scopes were changed, or somebody tries what it may not do.',
        unit: 'short',
        height: 11,
        none: 'No request was answered 403',
      },
      [{ expr: refused('403'), legend: '{{tenant_id}} {{key_id}}' }],
    ).interval(RECORDED_EVERY),
  )
  .withPanel(
    rows(
      {
        title: '401 and 403 by endpoint',
        description:
          'Which endpoints refuse which keys, in the shown time: of the fifty keys that were refused most, as recorded. Compare with the scopes of the key on its Usage dashboard.',
        unit: 'short',
        none: 'No request was answered 401 or 403',
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
  .withRow(row('New'))
  .withPanel(
    rows(
      {
        title: 'New addresses',
        description:
          'Addresses that were new on a key in the last day, shown as the exporter is configured to. Nobody knows one: rotate the key.',
        unit: 'short',
        none: orNoData('No new address in the last day'),
      },
      [
        {
          expr: named(`max by (${BY_KEY}, ip) (${KEY.recentNewIp}{${anyKey()}})`),
          column: { title: 'New' },
        },
      ],
      { ...KEY_LABELS, ip: 'Address' },
      { links: LINKS },
    ),
  )
  .withPanel(
    rows(
      {
        title: 'New surfaces',
        description:
          'Parts of the API that a key was noticed to call for the first time, most recent first. Not meant by its owner: narrow its scopes.',
        unit: 's',
        none: orNoData('No new surface'),
      },
      [
        {
          expr: named(`time() - max by (${BY_KEY}, surface) (${KEY.lastNewSurface}{${anyKey()}})`),
          column: { title: 'Noticed ago' },
        },
      ],
      { ...KEY_LABELS, surface: 'Surface' },
      { links: LINKS, ascending: true },
    ),
  )
  .withRow(row('Revoked'))
  .withPanel(
    rows(
      {
        title: 'Revoked and disabled keys that were answered in the last day',
        description:
          'The keys file says revoked or disabled, yet a request was answered with something other than 401: the key still works. Revoke it in Atender now.',
        unit: 's',
        none: orNoData('No revoked or disabled key was answered'),
      },
      [
        {
          expr: named(
            `time() - ((${gaugeBy(BY_KEY, KEY.lastUsed, anyKey())} > time() - 86400) and on (${BY_KEY}) ${REVOKED})`,
          ),
          column: { title: 'Answered ago' },
        },
      ],
      KEY_LABELS,
      { links: LINKS, ascending: true },
    ),
  )
  .withPanel(
    rows(
      {
        title: 'Revoked and disabled keys that are still sent',
        description:
          'Revocation works, but somebody still sends the key. Find the consumer by its endpoints before it becomes an outage report.',
        unit: 's',
        none: orNoData('No revoked or disabled key was sent'),
      },
      [
        {
          expr: named(
            `time() - ((${gaugeBy(BY_KEY, KEY.lastRejected, anyKey())} > time() - 86400) and on (${BY_KEY}) ${REVOKED})`,
          ),
          column: { title: 'Rejected ago' },
        },
      ],
      KEY_LABELS,
      { links: LINKS, ascending: true },
    ),
  );

import { NO_KEY } from '../../health/pseudo-keys.ts';
import { STATES } from '../../health/states.ts';
import { STATE_TONES } from '../../health/tones.ts';
import type { KeyEntry } from '../../keys/key.ts';
import { type Html, html } from '../../text/html.ts';
import { count, counted, span } from '../../text/numbers.ts';
import type { KeyDetail } from '../key-detail.ts';
import { isPseudoKey, type ListedKey } from '../key-directory.ts';
import type { KeyOverview } from '../key-overview.ts';
import { hourChart } from './charts.ts';
import { keyAddress } from './key-address.ts';
import * as sections from './key-sections.ts';
import { page } from './layout.ts';
import { badge } from './tones.ts';
import { agoAndWhen, share } from './wording.ts';

export interface KeyModel {
  key: KeyOverview;
  detail: KeyDetail;
  now: number;
  refresh: number;
  /** As in PageFrame. */
  covers: string;
  /** What other exporters know is not at hand. */
  partial: boolean;
}

/** Everything that is known about one key. */
export function keyPage({ key, detail, now, refresh, covers, partial }: KeyModel): string {
  const address = keyAddress(key.id, key.tenant);
  const joint = address.includes('?') ? '&' : '?';
  const pseudo = isPseudoKey(key.id);
  return page({
    title: `${key.title} – Atender API keys`,
    now,
    refresh,
    refreshAddress: refresh > 0 ? address : `${address}${joint}refresh=10`,
    covers,
    main: html`
<nav class="crumbs" aria-label="Back"><a href="/">← All keys</a></nav>
<div id="key" data-live>
${pseudo ? pseudoHead(key) : head(key, now)}
${
  !pseudo &&
  html`${hour(key, now, partial)}
<div class="columns">
${sections.limits(key)}
${facts(key, now, partial)}
${sections.addresses(key, now)}
</div>
${sections.checks(key)}`
}
${sections.statuses(detail, key, now, covers !== '')}
${!pseudo && html`${sections.endpoints(detail)}<div class="columns">${sections.surfaces(detail, now)}${sections.scopes(detail, key, now, partial)}</div>`}
</div>`,
  });
}

function head({ title, health, entry }: KeyOverview, now: number): Html {
  const { remedy } = STATES[health.state];
  const changed = entry?.scopesChangedAt ?? 0;
  return html`<section class="lead ${STATE_TONES[health.state]}">
<h1><bdi>${title}</bdi> ${badge(STATE_TONES[health.state], STATES[health.state].title)}</h1>
<p class="why">${health.reason}</p>
${remedy !== '' && html`<p class="remedy"><b>What to do:</b> ${remedy}</p>`}
${entry?.description && html`<p class="description"><bdi>${entry.description}</bdi></p>`}
${changed > 0 && now - changed < 7 * 86_400 && html`<p class="description">Its scopes were changed ${span(now - changed)} ago.</p>`}
</section>`;
}

function pseudoHead({ id }: KeyOverview): Html {
  const [title, words] =
    id === NO_KEY
      ? [
          'Requests without a key',
          'Lines of the log that name no key. They are counted here, and nowhere else.',
        ]
      : [
          'Keys beyond the limits',
          'Requests of keys that found no place of their own, so that totals stay right.',
        ];
  return html`<section class="lead quiet"><h1>${title}</h1><p class="why">${words}</p></section>`;
}

function hour({ facts, hour, success }: KeyOverview, now: number, partial: boolean): Html {
  const parts: [string, number, string][] = [
    ['2xx', hour.success, 'answered'],
    ['3xx', hour.redirect, 'answered'],
    ['401', hour.unauthorized, 'refused'],
    ['403', hour.forbidden, 'refused'],
    ['404, 422 …', hour.other4xx, 'refused'],
    ['429', hour.throttled, 'limited'],
    ['5xx', hour.serverErrors, 'failed'],
    ['no response', hour.noResponse ?? 0, 'unanswered'],
  ];
  return html`<section><h2>Last hour</h2>
<p class="big">${partial && hour.requests === 0 ? 'No request counted by this exporter' : counted(hour.requests, 'request')}${hour.requests > 0 && html`, <b>${share(success)}</b> successful`}</p>
${hourChart(facts, now, { width: 720, height: 110, name: 'chart' })}
<p class="axis" aria-hidden="true"><span>60 min ago</span><span>30</span><span>now</span></p>
<ul class="legend">${parts.map(([code, n, layer]) => n > 0 && html`<li class="${layer}">${code} <b>${count(n)}</b></li>`)}</ul>
</section>`;
}

function facts(
  { id, tenant, entry, facts: known, rotation }: KeyOverview,
  now: number,
  partial: boolean,
): Html {
  const never = partial ? 'not known' : 'none recorded';
  const lines: [string, Html | string | false][] = [
    ['Id', html`<bdi class="code">${id}</bdi>`],
    ['Tenant', tenant !== '' && html`<bdi>${tenant}</bdi>`],
    ...(entry ? registered(entry, now) : [['Keys file', 'does not have this key'] as [string, string]]),
    ['Replaces', partner(rotation.predecessor)],
    ['Replaced by', partner(rotation.successor)],
    ['Last used', agoAndWhen(known?.lastUsed ?? 0, now, never)],
    ['First used', agoAndWhen(known?.firstUsed ?? 0, now, never)],
    ['Last 401', agoAndWhen(known?.lastRejected ?? 0, now, never)],
    ['Longest pause', known !== undefined && known.maxGap > 0 && `${span(known.maxGap)} (last 30 days)`],
  ];
  return html`<section><h2>About the key</h2><dl class="facts">${lines.map(
    ([name, value]) => value !== false && html`<div><dt>${name}</dt><dd>${value}</dd></div>`,
  )}</dl></section>`;
}

function registered(entry: KeyEntry, now: number): [string, Html | string | false][] {
  const { rotateEvery, rotatedAt, createdAt } = entry;
  return [
    ['Environment', entry.environment],
    ['Owner', entry.owner !== '' && html`<bdi>${entry.owner}</bdi>`],
    ['Tier', entry.tier],
    ['Keys file says', entry.state],
    ['Real-time', entry.realtime ? 'yes, silence is an alarm' : 'no'],
    ['Created', createdAt !== null && agoAndWhen(createdAt, now)],
    ['Last rotated', rotatedAt !== null && agoAndWhen(rotatedAt, now)],
    ['Rotation policy', rotateEvery !== null && `every ${span(rotateEvery)}`],
    [
      'Known as',
      entry.fingerprints.length > 0 && html`<span class="code">${entry.fingerprints.join(', ')}</span>`,
    ],
  ];
}

const partner = (other: ListedKey | undefined): Html | false =>
  other !== undefined &&
  html`<a href="${keyAddress(other.id, other.tenant)}"><bdi>${other.entry?.name || other.id}</bdi></a>`;

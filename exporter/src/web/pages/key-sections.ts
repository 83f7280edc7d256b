import type { Check } from '../../health/checks.ts';
import { OTHER } from '../../health/pseudo-keys.ts';
import { scopeChangeText } from '../../health/scopes.ts';
import { THRESHOLDS } from '../../health/thresholds.ts';
import { thresholdText, valueText } from '../../health/wording.ts';
import { UNMATCHED } from '../../keys/key.ts';
import { type Html, html } from '../../text/html.ts';
import { count, counted } from '../../text/numbers.ts';
import type { EndpointLine, KeyDetail } from '../key-detail.ts';
import type { KeyOverview } from '../key-overview.ts';
import { bar } from './charts.ts';
import { resultBadge } from './tones.ts';
import { ago, agoAndWhen, share } from './wording.ts';

/** Endpoints that a page lists; the rest is summed up. */
const ENDPOINTS_SHOWN = 100;

/** A wide table scrolls inside its own box, which the keyboard can reach. */
const scrolling = (name: string, table: Html): Html =>
  html`<div class="scroll" role="region" aria-label="${name}" tabindex="0">${table}</div>`;

export function limits({ entry, facts }: KeyOverview): Html | false {
  const { perMinute, perDay, burst } = entry?.limits ?? {};
  const peak = facts?.peakPerMinute ?? 0;
  const today = facts?.requestsToday ?? 0;
  const line = (name: string, used: number, allowed: number | null | undefined, words: string) =>
    html`<div><dt>${name}</dt><dd>${
      typeof allowed === 'number'
        ? html`<b>${count(used)}</b> of ${count(allowed)} ${words} ${bar(used / allowed, used >= THRESHOLDS.quota_ratio.default * allowed ? 'limited' : 'answered')}<span class="when">${
            used > allowed ? 'over the limit' : `${count(allowed - used)} left`
          }</span>`
        : html`<b>${count(used)}</b> <span class="when">no limit known</span>`
    }</dd></div>`;
  return html`<section><h2>Rate-limit headroom</h2><dl class="limits">
${line('Peak minute (last 5 min)', peak, typeof perMinute === 'number' ? perMinute + (burst ?? 0) : null, burst ? `(${count(perMinute ?? 0)} and a burst of ${count(burst)})` : '')}
${line('Today (UTC)', today, perDay, '')}
${line('Last 60 s', facts?.requestsLastMinute ?? 0, perMinute, '')}
</dl></section>`;
}

export function addresses({ facts }: KeyOverview, now: number): Html | false {
  if (!facts) return false;
  const { hour, day, month, approximate } = facts.uniqueIps;
  const n = (value: number) => html`${approximate && '≈ '}<b>${count(value)}</b>`;
  return html`<section><h2>IP addresses</h2>
<dl class="trio"><div><dt>1 hour</dt><dd>${n(hour)}</dd></div><div><dt>24 hours</dt><dd>${n(day)}</dd></div><div><dt>30 days</dt><dd>${n(month)}</dd></div></dl>
${facts.recentNewIps.length > 0 && html`<h3>New in the last 24 hours</h3><ul class="plain">${facts.recentNewIps.map(({ ip, noticed }) => html`<li><bdi class="code">${ip}</bdi> ${ago(noticed, now)}</li>`)}</ul>`}
<p class="note">Last new address after the learning period: ${agoAndWhen(facts.lastNewIp, now, 'none')}</p></section>`;
}

const RESULT_ORDER: Check['result'][] = ['breach', 'ok', 'unknown', 'not_applicable'];

export function checks({ health }: KeyOverview): Html {
  const ordered = RESULT_ORDER.flatMap((result) => health.checks.filter((check) => check.result === result));
  return html`<section><h2>Checks</h2>
${scrolling(
  'Checks',
  html`<table class="checks stacking" role="table"><thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">Check</th><th scope="col" role="columnheader">Result</th><th scope="col" role="columnheader" class="figure">Now</th><th scope="col" role="columnheader">Breached at</th><th scope="col" role="columnheader">Why</th></tr></thead><tbody role="rowgroup">
${ordered.map(
  ({ label, alert, result, value, unit, kind, threshold, origin, explanation }) =>
    html`<tr role="row" class="${result}"><th scope="row" role="rowheader">${label}${alert !== '' && html`<span class="code">${alert}</span>`}</th><td role="cell">${resultBadge(result)}</td><td role="cell" class="figure" data-label="Now">${valueText(value, unit)}</td><td role="cell" data-label="Breached at">${thresholdText(kind, threshold)}<span class="when">${origin === 'key' ? 'set for this key' : 'default'}</span></td><td role="cell" class="words">${explanation}</td></tr>
`,
)}</tbody></table>`,
)}</section>`;
}

export function statuses(
  { statuses: lines, requests }: KeyDetail,
  { facts }: KeyOverview,
  now: number,
  oneOfSeveral: boolean,
): Html {
  const since =
    (facts?.firstUsed ?? 0) > 0 && html`, counted since ${agoAndWhen(facts?.firstUsed ?? 0, now)}`;
  if (lines.length === 0)
    return html`<section><h2>By status</h2><p class="note">${oneOfSeveral ? 'No request in the lines of this exporter.' : 'No request yet.'}</p></section>`;
  return html`<section><h2>By status</h2><p class="note">${counted(requests, 'request')}${since}</p>
${scrolling(
  'By status',
  html`<table class="stacking" role="table"><thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">Status</th><th scope="col" role="columnheader" class="figure">Requests</th><th scope="col" role="columnheader" class="shares">Share</th><th scope="col" role="columnheader">What it means for the key</th><th scope="col" role="columnheader">What to do</th></tr></thead><tbody role="rowgroup">
${lines.map(
  ({ status, requests: n, share: part, meaning }) =>
    html`<tr role="row"><th scope="row" role="rowheader" class="code-title">${status}<span class="when">${meaning.title}</span></th><td role="cell" class="figure" data-label="Requests">${count(n)}</td><td role="cell" class="shares" data-label="Share">${share(part)}${bar(part, layerOf(status))}</td><td role="cell" class="words">${meaning.meaning}</td><td role="cell" class="words" data-label="What to do">${meaning.remedy || html`<span class="none">nothing</span>`}</td></tr>
`,
)}</tbody></table>`,
)}</section>`;
}

const layerOf = (status: number): string =>
  status === 0
    ? 'unanswered'
    : status >= 500
      ? 'failed'
      : status === 429
        ? 'limited'
        : status >= 400
          ? 'refused'
          : 'answered';

export function endpoints({ endpoints: lines }: KeyDetail): Html | false {
  if (lines.length === 0) return false;
  const shown = lines.slice(0, ENDPOINTS_SHOWN);
  const rest = lines.slice(ENDPOINTS_SHOWN);
  const requests = rest.reduce((sum, line) => sum + line.requests, 0);
  return html`<section><h2>By endpoint</h2><p class="note">Without requests answered 401, which say nothing about the key.</p>
${scrolling(
  'By endpoint',
  html`<table><thead><tr><th scope="col">Method</th><th scope="col">Endpoint</th><th scope="col" class="figure">Requests</th><th scope="col" class="shares">Share</th><th scope="col" class="figure">2xx</th><th scope="col" class="figure">3xx</th><th scope="col" class="figure">4xx</th><th scope="col" class="figure">5xx</th><th scope="col" class="figure">none</th></tr></thead><tbody>
${shown.map(endpointRow)}</tbody></table>`,
)}
${rest.length > 0 && html`<p class="note">and ${counted(rest.length, 'endpoint')} more with ${counted(requests, 'request')}</p>`}</section>`;
}

function endpointRow(line: EndpointLine): Html {
  const {
    method,
    template,
    requests,
    share: part,
    success,
    redirect,
    clientErrors,
    serverErrors,
    noResponse,
  } = line;
  const n = (value: number, tone = '') =>
    html`<td class="figure">${value === 0 ? html`<span class="none">0</span>` : html`<span class="${tone}">${count(value)}</span>`}</td>`;
  const words =
    template === OTHER
      ? 'endpoints beyond the limit'
      : template === UNMATCHED
        ? 'unknown paths that failed, and requests without a path'
        : '';
  return html`<tr><td>${method === OTHER ? 'other' : method}</td><th scope="row" class="path">${
    words !== '' ? html`<i>${words}</i>` : html`<bdi class="code">${template}</bdi>`
  }</th>${n(requests)}<td class="shares">${share(part)}${bar(part)}</td>${n(success)}${n(redirect)}${n(clientErrors, 'warn')}${n(serverErrors, 'bad')}${n(noResponse)}</tr>
`;
}

export function surfaces({ surfaces: lines }: KeyDetail, now: number): Html | false {
  if (lines.length === 0) return false;
  return html`<section><h2>Surfaces</h2><ul class="plain">${lines.map(
    ({ surface, requests, noticed }) =>
      html`<li><bdi>${surface}</bdi> <span class="when">${counted(requests, 'request')}</span>${
        noticed > 0 && html` <span class="warn">new</span> ${ago(noticed, now)}`
      }</li>`,
  )}</ul></section>`;
}

export function scopes(
  { scopes: lines, scopeAdvice }: KeyDetail,
  { entry }: KeyOverview,
  now: number,
  partial: boolean,
): Html | false {
  if (lines.length === 0) return false;
  const stated = entry !== undefined && entry.scopes.length > 0;
  const needed = lines.filter(({ used }) => used);
  const unused = lines.filter(({ used }) => !used);
  return html`<section><h2>Scopes</h2>
<ul class="plain">${needed.map(
    ({ scope, granted, lastUsed }) =>
      html`<li><bdi class="code">${scope}</bdi> used ${lastUsed > 0 && ago(lastUsed, now)}${stated && !granted && html` <span class="warn">not granted</span>`}</li>`,
  )}</ul>
${unused.length > 0 && !partial && html`<p class="note">Granted, without recorded use: ${unused.map(({ scope }, i) => html`${i > 0 && ', '}<bdi class="code">${scope}</bdi>`)}</p>`}
${scopeAdvice.length > 0 && !partial && html`<p class="note">Narrower grant that still covers every use: ${scopeAdvice.map((change) => scopeChangeText(change)).join('; ')}.</p>`}
${!stated && html`<p class="note">Which scopes it was granted is not known.</p>`}</section>`;
}

import { type KeyState, STATES } from '../../health/states.ts';
import { needsAttention, STATE_TONES } from '../../health/tones.ts';
import { type Html, html } from '../../text/html.ts';
import { count, counted } from '../../text/numbers.ts';
import { inSlices } from '../in-slices.ts';
import { type KeyList, type ListQuery, listAddress, SORTS, type Sort } from '../key-list.ts';
import type { KeyOverview } from '../key-overview.ts';
import type { PipelineFact } from '../pipeline.ts';
import { hourChart } from './charts.ts';
import { keyAddress } from './key-address.ts';
import { page } from './layout.ts';
import { badge } from './tones.ts';
import { ago, agoAndWhen, share } from './wording.ts';

export interface OverviewModel {
  query: ListQuery;
  list: KeyList;
  pipeline: PipelineFact[];
  /** Requests of the pseudo-keys, where there are any. */
  beside: { id: string; words: string; requests: number }[];
  /** Event time of the first request that is counted, seconds; 0 = none yet. */
  countingSince: number;
  now: number;
  /** As in PageFrame. */
  covers: string;
  /** What other exporters know is not at hand. */
  partial: boolean;
}

/** The landing page: every key, worst first. */
export async function overviewPage(model: OverviewModel): Promise<string> {
  const { query, list, now } = model;
  const rows = await inSlices(list.keys, (key) => keyRow(key, now, model.partial));
  const attention = list.byState.reduce(
    (sum, { state, keys }) => sum + (needsAttention(state) ? keys : 0),
    0,
  );
  return page({
    title: `${attention > 0 ? `(${attention}) ` : ''}Atender API keys`,
    now,
    refresh: query.refresh,
    refreshAddress: listAddress(query, { page: query.page, refresh: query.refresh > 0 ? 0 : 10 }),
    covers: model.covers,
    main: html`
<div id="summary" data-live>
<h1>${headline(list, attention, query)}</h1>
<nav class="states" aria-label="Keys by state"><ul>
<li>${stateLink(query, '', 'All', list.found)}</li>
${list.byState.map(({ state, keys }) => html`<li>${stateLink(query, state, STATES[state].title, keys)}</li>`)}
</ul></nav>
<dl class="pipeline" aria-label="From the log to this page">${model.pipeline.map(pipelineFact)}</dl>
</div>
${searchForm(query)}
<div id="keys" data-live>
<p class="found" role="status">${foundWords(list, query)}</p>
${list.keys.length > 0 ? keyTable(rows, query) : nothing(query)}
${pager(list, query)}
${beside(model)}
</div>`,
  });
}

function headline({ found }: KeyList, attention: number, { q }: ListQuery): string {
  const which = q === '' ? '' : ' found';
  if (found === 0) return q === '' ? 'No keys yet' : 'No key found';
  if (attention === 0)
    return found === 1 ? `The one key${which} is fine` : `All ${count(found)} keys${which} are fine`;
  return `${count(attention)} of ${counted(found, 'key')}${which} ${attention === 1 ? 'needs' : 'need'} attention`;
}

function stateLink(query: ListQuery, state: KeyState | '', words: string, keys: number): Html {
  const tone = state === '' ? 'all' : STATE_TONES[state];
  const current = query.state === state && html` aria-current="true"`;
  return html`<a class="chip ${tone}" href="${listAddress(query, { state })}"${current}>${words} <b>${count(keys)}</b></a>`;
}

function pipelineFact({ name, text, detail, concern }: PipelineFact): Html {
  return html`<div class="${concern}"><dt>${name}</dt><dd>${text}</dd>${detail !== '' && html`<dd class="detail">${detail}</dd>`}</div>`;
}

function searchForm({ q, state, sort, reversed, refresh }: ListQuery): Html {
  const hidden = (name: string, value: string) =>
    value !== '' && html`<input type="hidden" name="${name}" value="${value}">`;
  return html`<form class="search" role="search" action="/" method="get">
<label for="q">Search keys</label>
<input id="q" name="q" type="search" value="${q}" placeholder="name, id, owner, tenant, tier …" autocomplete="off" spellcheck="false" maxlength="200">
${hidden('state', state)}${hidden('sort', sort === 'state' && !reversed ? '' : `${reversed ? '-' : ''}${sort}`)}${hidden('refresh', refresh > 0 ? String(refresh) : '')}
<button type="submit">Search</button>
</form>`;
}

function foundWords({ listed, first, keys, pages }: KeyList, { q, state }: ListQuery): Html {
  const kind = state === '' ? 'key' : `${STATES[state].title.toLowerCase()} key`;
  const words = counted(listed, kind);
  const some = pages > 1 && `, ${count(first)}–${count(first + keys.length - 1)} shown`;
  return html`${words}${q !== '' && html` for “<bdi>${q}</bdi>”`}${some}${keys.length > 0 && '; figures are of the last 60 minutes'}`;
}

const COLUMNS: { sort: Sort; name: string; long?: string; class: string }[] = [
  { sort: 'name', name: 'Key', class: 'key' },
  { sort: 'state', name: 'State', class: 'state' },
  { sort: 'used', name: 'Last used', class: 'used' },
  { sort: 'requests', name: 'Requests', long: 'Requests in the last hour', class: 'requests' },
  { sort: 'success', name: 'Success', long: 'Success rate of the last hour', class: 'figure' },
  { sort: 'throttled', name: '429', long: '429 (rate limited) in the last hour', class: 'figure' },
  { sort: 'forbidden', name: '403', long: '403 (forbidden) in the last hour', class: 'figure' },
  { sort: 'errors', name: '5xx', long: '5xx (server errors) in the last hour', class: 'figure' },
  { sort: 'ips', name: 'IPs 24 h', long: 'Different IP addresses in the last 24 hours', class: 'figure' },
];

// The roles are those the elements have; without them browsers forget them where the table becomes cards.
function keyTable(rows: Html[], query: ListQuery): Html {
  return html`<table class="keys" role="table">
<caption>Keys and how they were used</caption>
<thead role="rowgroup"><tr role="row">${COLUMNS.map((column) => columnHead(column, query))}</tr></thead>
<tbody role="rowgroup">
${rows}
</tbody></table>`;
}

function columnHead(column: (typeof COLUMNS)[number], query: ListQuery): Html {
  const { sort, name, long } = column;
  const active = query.sort === sort;
  const descending = SORTS[sort] !== query.reversed;
  const order = active && html` aria-sort="${descending ? 'descending' : 'ascending'}"`;
  const arrow = active && html` <span class="arrow" aria-hidden="true">${descending ? '↓' : '↑'}</span>`;
  const address = listAddress(query, { sort, reversed: active && !query.reversed });
  return html`<th class="${column.class}" scope="col" role="columnheader"${order}><a href="${address}"${long && html` title="${long}"`}>${name}${arrow}</a></th>`;
}

function keyRow(key: KeyOverview, now: number, partial: boolean): Html {
  const { id, tenant, title, entry, facts, health, hour, success } = key;
  const about = entry ? [entry.environment, entry.tier, entry.owner] : ['not in the keys file'];
  const ips = facts?.uniqueIps;
  return html`<tr role="row" class="${STATE_TONES[health.state]}"><th class="key" scope="row" role="rowheader"><a href="${keyAddress(id, tenant)}"><bdi>${title}</bdi></a><span class="id"><bdi>${id}</bdi>${tenant !== '' && html` · <bdi>${tenant}</bdi>`}</span><span class="about">${about.filter(Boolean).map((word, i) => html`${i > 0 && ' · '}<bdi>${word}</bdi>`)}</span></th>
<td class="state" role="cell">${badge(STATE_TONES[health.state], STATES[health.state].title)}<span class="reason">${health.reason}</span></td>
<td class="used" role="cell" data-label="Last used">${ago(facts?.lastUsed ?? 0, now, partial ? 'not known' : 'none recorded')}</td>
<td class="requests" role="cell" data-label="Requests 1 h">${hourChart(facts, now, { width: 120, height: 26, name: 'spark' })}<span class="n">${figure(hour.requests)}</span></td>
<td class="figure" role="cell" data-label="Success">${share(success)}</td>
<td class="figure" role="cell" data-label="429">${figure(hour.throttled, 'warn')}</td>
<td class="figure" role="cell" data-label="403">${figure(hour.forbidden, 'warn')}</td>
<td class="figure" role="cell" data-label="5xx">${figure(hour.serverErrors, 'bad')}</td>
<td class="figure" role="cell" data-label="IPs 24 h">${ips?.approximate && '≈ '}${figure(ips?.day ?? 0)}</td></tr>
`;
}

const figure = (n: number, tone = ''): Html =>
  n === 0 ? html`<span class="none">0</span>` : html`<span class="${tone}">${count(n)}</span>`;

function nothing({ q, state }: ListQuery): Html {
  if (q === '' && state === '')
    return html`<p class="nothing">Keys appear here with the first line of the request log, or when the keys file lists them.</p>`;
  return html`<p class="nothing">No key fits. <a href="/">Show all keys</a></p>`;
}

function pager({ page: current, pages }: KeyList, query: ListQuery): Html | false {
  if (pages < 2) return false;
  const to = (number: number, words: string) =>
    number >= 1 && number <= pages
      ? html`<a href="${listAddress(query, { page: number })}">${words}</a>`
      : html`<span class="none">${words}</span>`;
  return html`<nav class="pager" aria-label="Pages">${to(current - 1, '← Previous')} <span>Page ${count(current)} of ${count(pages)}</span> ${to(current + 1, 'Next →')}</nav>`;
}

function beside({ beside: pseudoKeys, countingSince, now }: OverviewModel): Html {
  return html`<div class="beside">${pseudoKeys.map(
    ({ id, words, requests }) =>
      html`<p><a href="${keyAddress(id, '')}">${counted(requests, 'request')}</a> ${words}</p>`,
  )}${countingSince > 0 && html`<p>The oldest request counted is of ${agoAndWhen(countingSince, now)}</p>`}</div>`;
}

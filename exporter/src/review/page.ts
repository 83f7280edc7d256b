import { type Html, html } from '../text/html.ts';
import { count } from '../text/numbers.ts';
import { bars, barsAgain } from './bar-plots.ts';
import { coverFacts, nameOf, verdictText } from './key-texts.ts';
import type { Review, ReviewedKey } from './review.ts';
import { REVIEW_STYLE } from './style.ts';
import { type Verdict, verdictsOf } from './verdicts.ts';

/** What the reviewer is asked to do, by verdict. */
const TODO: Record<Verdict, string> = {
  revoke: 'Ask the owner, then revoke it in Atender.',
  rotate: 'Create the successor, move the consumers, revoke this one when it is silent.',
  narrow: 'Take the unused scopes away.',
  'change tier': 'Give it the other tier.',
  undecided: 'Ask every exporter before you decide.',
  keep: 'Nothing to do.',
};

/** The review as one page that needs no network, prints on A4 and has a place to sign. */
export function reviewPage(review: Review): string {
  const { complete, instance } = review.coverage;
  const counts = verdictsOf(complete).map((verdict) => {
    const keys = review.keys.filter(({ judgement }) => judgement.verdict === verdict).length;
    return html`<li class="${classOf(verdict)}"><strong>${keys}</strong> ${verdict}</li>`;
  });
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Review of API keys, ${review.quarter}</title>
<style>${REVIEW_STYLE}</style>
</head>
<body>
<header>
<h1>Review of API keys, ${review.quarter}</h1>
<dl>${coverFacts(review).map(([name, text]) => html`<dt>${name}</dt><dd>${text}</dd>`)}</dl>
<dl class="sign"><dt>Reviewer</dt><dd></dd><dt>Date</dt><dd></dd><dt>Signature</dt><dd></dd></dl>
<ul class="counts">${counts}</ul>
</header>
<main>
<table>
<thead><tr><th>Key</th><th>Owner</th><th class="number">Requests${!complete && html` of ${instance}`}</th><th>By day</th><th>Verdict</th></tr></thead>
<tbody>${review.keys.map((key, i) => summaryRow(key, i, review))}</tbody>
</table>
${review.keys.map((key, i) => section(key, i, review))}
</main>
</body>
</html>
`;
  return page.text;
}

function summaryRow(key: ReviewedKey, i: number, { before }: Review): Html {
  const { evidence, judgement } = key;
  return html`<tr>
<td><a href="#key-${i}">${nameOf(key)}</a></td>
<td>${evidence.entry?.owner}</td>
<td class="number">${count(evidence.requests)}</td>
<td>${barsAgain(`days-${i}`, evidence.perDay, 140, 18)}</td>
<td class="${classOf(judgement.verdict)}">${verdictText(key, before?.quarter)}</td>
</tr>
`;
}

function section(key: ReviewedKey, i: number, { before, coverage }: Review): Html {
  const { evidence, judgement } = key;
  const { uniqueIps, p95 } = evidence;
  const figures = [
    coverage.complete || evidence.requests > 0
      ? `${count(evidence.requests)} requests`
      : `none counted by ${coverage.instance}`,
    evidence.requests > 0 && `${((100 * evidence.errors) / evidence.requests).toFixed(2)} % errors`,
    `${uniqueIps.approximate ? 'about ' : ''}${count(uniqueIps.count)} ${uniqueIps.count === 1 ? 'address' : 'addresses'}`,
    p95 !== null && `p95 about ${Math.round(p95 * 1000)} ms`,
    `busiest minute ${count(evidence.peakPerMinute)}`,
  ].filter((text) => text !== false);
  return html`<section id="key-${i}">
<h2>${nameOf(key)} <span class="${classOf(judgement.verdict)}">${verdictText(key, before?.quarter)}</span></h2>
<p class="todo">${todo(judgement.verdict, coverage.complete)} <span class="figures">${figures.join(' · ')}</span></p>
${bars(`days-${i}`, evidence.perDay, 640, 48)}
<dl class="findings">${judgement.findings.map(
    ({ question, verdict, text }) =>
      html`<dt class="${classOf(verdict)}">${question}</dt><dd>${text}${verdict !== 'keep' && html` <em>${verdict}</em>`}</dd>`,
  )}</dl>
${judgement.scopeDiff.length > 0 && html`<pre>scopes:\n${judgement.scopeDiff.join('\n')}</pre>`}
${decision(coverage.complete)}
</section>
`;
}

const todo = (verdict: Verdict, complete: boolean): string =>
  verdict === 'rotate' && !complete ? 'Create the successor and move the consumers.' : TODO[verdict];

/** To be ticked on paper. */
const decision = (complete: boolean): Html =>
  html`<p class="decision">Decision: ${verdictsOf(complete).map((verdict) => html`<span class="box">${verdict}</span>`)} <span class="line"></span></p>`;

/** How it is coloured. */
const classOf = (verdict: Verdict): string =>
  verdict === 'revoke' ? 'v-red' : verdict === 'keep' ? 'v-green' : 'v-amber';

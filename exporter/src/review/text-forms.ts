import { csvLine } from '../text/csv.ts';
import { coverFacts, nameOf, verdictText } from './key-texts.ts';
import type { Review, ReviewedKey } from './review.ts';

/** Markdown for a wiki or a ticket. */
export function reviewMarkdown(review: Review): string {
  const cover = coverFacts(review).map(([name, text]) => `- **${name}**: ${escaped(text)}`);
  const rows = review.keys.map(
    (key) =>
      `| ${[nameOf(key), verdictText(key, review.before?.quarter), key.evidence.entry?.owner ?? ''].map(escaped).join(' | ')} |`,
  );
  const keys = review.keys.map((key) => {
    const findings = key.judgement.findings.map(
      ({ question, verdict, text }) =>
        `- **${question}** ${escaped(text)}${verdict === 'keep' ? '' : ` → **${verdict}**`}`,
    );
    const diff = key.judgement.scopeDiff;
    // Scopes have a stated alphabet: none of them can end the block.
    const block =
      diff.length > 0 ? ['', '```diff', ...diff.map((line) => line.replaceAll('`', '')), '```'] : [];
    return [`## ${escaped(nameOf(key))}`, '', ...findings, ...block, ''].join('\n');
  });
  return [
    `# Review of API keys, ${review.quarter}`,
    '',
    ...cover,
    '- **Reviewer, date**: ',
    '',
    '| key | verdict | owner |',
    '| --- | --- | --- |',
    ...rows,
    '',
    ...keys,
  ].join('\n');
}

/** What comes from logs and the keys file is text and nothing else. */
const escaped = (text: string): string =>
  text.replace(/[\\`*_{}[\]()<>#+!|~-]/g, '\\$&').replace(/[\r\n]+/g, ' ');

const CSV: Record<string, (key: ReviewedKey) => string | number> = {
  key: ({ evidence }) => evidence.id,
  tenant: ({ evidence }) => evidence.tenant,
  name: ({ evidence }) => evidence.entry?.name ?? '',
  owner: ({ evidence }) => evidence.entry?.owner ?? '',
  verdict: ({ judgement }) => judgement.verdict,
  verdict_before: ({ before }) => before?.verdict ?? '',
  new_tier: ({ judgement }) => judgement.tier,
  scope_diff: ({ judgement }) => judgement.scopeDiff.join('; '),
  requests: ({ evidence }) => evidence.requests,
  requests_before: ({ before }) => before?.requests ?? '',
  last_used: ({ evidence }) =>
    evidence.lastUsed > 0 ? new Date(evidence.lastUsed * 1000).toISOString() : '',
  throttled: ({ evidence }) => evidence.throttled,
  peak_per_minute: ({ evidence }) => evidence.peakPerMinute,
  in_use: (key) => text(key, 'In use?'),
  scopes: (key) => text(key, 'Scopes right?'),
  tier: (key) => text(key, 'Right tier?'),
  rotation: (key) => text(key, 'Rotated?'),
};

const text = ({ judgement }: ReviewedKey, question: string): string =>
  judgement.findings.find((finding) => finding.question === question)?.text ?? '';

/** With a column more where it covers one exporter of several. */
export function reviewCsv({ keys, coverage }: Review): string {
  const covers = coverage.complete ? [] : [coverage.text];
  return [
    csvLine([...Object.keys(CSV), ...(coverage.complete ? [] : ['coverage'])]),
    ...keys.map((key) => csvLine([...Object.values(CSV).map((value) => value(key)), ...covers])),
  ].join('');
}

/** The JSON form, and the API's answer but for its page. */
export function reviewJson({ keys, ...cover }: Review): object {
  return {
    ...{ ...cover, asOf: new Date(cover.asOf * 1000).toISOString() },
    before: cover.before ?? null,
    keys: keys.map(keyJson),
  };
}

/** Each of its fields by name: taking an object apart to leave two out takes five times as long. */
function keyJson({ evidence, judgement, before }: ReviewedKey): object {
  const { entry } = evidence;
  return {
    id: evidence.id,
    tenant: evidence.tenant,
    name: entry?.name ?? '',
    owner: entry?.owner ?? '',
    verdict: judgement.verdict,
    findings: judgement.findings,
    scopeDiff: judgement.scopeDiff,
    tier: entry?.tier ?? null,
    newTier: judgement.tier === '' ? null : judgement.tier,
    before: before ?? null,
    firstUsed: moment(evidence.firstUsed),
    lastUsed: moment(evidence.lastUsed),
    requests: evidence.requests,
    previousRequests: evidence.previousRequests,
    perDay: evidence.perDay,
    daysUsed: evidence.daysUsed,
    errors: evidence.errors,
    serverErrors: evidence.serverErrors,
    throttled: evidence.throttled,
    throttledDays: evidence.throttledDays,
    peakPerMinute: evidence.peakPerMinute,
    busiestDay: evidence.busiestDay,
    uniqueIps: evidence.uniqueIps,
    p95: evidence.p95,
    scopes: evidence.scopes,
    scopeUnknown: evidence.scopeUnknown,
    tiers: evidence.tiers,
    successors: evidence.successors,
  };
}

const moment = (seconds: number): string | null =>
  seconds > 0 ? new Date(seconds * 1000).toISOString() : null;

import { grantedScopes } from '../keys/scopes.ts';
import { THRESHOLDS, type ThresholdKind } from '../keys/thresholds.ts';
import { TIERS } from '../keys/tiers.ts';
import { count, counted, percent, span } from '../keys/wording.ts';
import type { KeyEvidence } from './evidence.ts';
import { NAMED_TIERS } from './tier-replay.ts';

/** What to do with a key; the first that holds counts. */
export const VERDICTS = ['revoke', 'rotate', 'narrow', 'change tier', 'keep'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** One of the four questions, answered. */
export interface Finding {
  question: 'In use?' | 'Scopes right?' | 'Right tier?' | 'Rotated?';
  /** The verdict it asks for; `keep` when all is well. */
  verdict: Verdict;
  /** One or two plain sentences with the evidence. */
  text: string;
}

export interface Judgement {
  verdict: Verdict;
  findings: Finding[];
  /** The scopes the key needs, as a change of the keys file: lines with - and +; empty = none. */
  scopeDiff: string[];
  /** For `change tier`. */
  tier: string;
}

const DAY = 86_400;
/** A lower tier must leave this much room: half of its limits. */
const HEADROOM = 2;
/** Days of use before a lower tier is proposed. */
const DAYS_TO_JUDGE = 14;

/** Judges one key by its evidence of a quarter. `asOf` in seconds. Pure. */
export function judge(key: KeyEvidence, asOf: number): Judgement {
  const scopes = scopesFinding(key);
  const tier = tierFinding(key);
  const findings = [useFinding(key, asOf), scopes.finding, tier.finding, rotationFinding(key, asOf)];
  const verdict = VERDICTS.find((candidate) => findings.some((finding) => finding.verdict === candidate));
  return { verdict: verdict ?? 'keep', findings, scopeDiff: scopes.diff, tier: tier.tier };
}

function useFinding(key: KeyEvidence, asOf: number): Finding {
  const finding = (verdict: Verdict, text: string): Finding => ({ question: 'In use?', verdict, text });
  const stale = thresholdOf(key, 'stale_seconds');
  const state = key.entry?.state ?? 'active';
  if (state !== 'active')
    return finding(
      'revoke',
      `The keys file says ${state}, yet ${counted(key.requests, 'request')} came, some of them answered.`,
    );
  const created = key.entry?.createdAt ?? 0;
  if (key.lastUsed === 0) {
    if (created > 0 && asOf - created <= stale)
      return finding('keep', `Never used, but created only ${span(asOf - created)} before.`);
    if (asOf - key.recordedSince <= stale)
      return finding(
        'keep',
        `Never used since the record began ${span(asOf - key.recordedSince)} before, which is too short to tell.`,
      );
    return finding('revoke', 'Never used, as far as the record reaches.');
  }
  const silence = asOf - key.lastUsed;
  const quiet = thresholdOf(key, 'rotation_quiet_seconds');
  if (key.successors.length > 0 && silence > quiet)
    return finding('revoke', `Replaced by ${key.successors.join(', ')} and silent for ${span(silence)}.`);
  if (silence > stale)
    return finding('revoke', `Last used ${span(silence)} before; ${span(stale)} are allowed.`);
  return finding(
    'keep',
    `Last used ${span(silence)} before, on ${key.daysUsed} of ${key.perDay.length} days, ` +
      `${count(key.requests)} requests${trend(key)}.`,
  );
}

function trend({ requests, previousRequests }: KeyEvidence): string {
  if (previousRequests === null) return ' (no record of the same days of the quarter before)';
  if (previousRequests === 0) return ' (none in the quarter before)';
  const change = requests / previousRequests - 1;
  return ` (${change >= 0 ? '+' : ''}${(100 * change).toFixed(0)} % against the quarter before)`;
}

function scopesFinding(key: KeyEvidence): { finding: Finding; diff: string[] } {
  const finding = (verdict: Verdict, text: string): Finding => ({ question: 'Scopes right?', verdict, text });
  const { entry } = key;
  if (!entry)
    return { finding: finding('keep', 'Not in the keys file: its scopes are not known.'), diff: [] };
  if (entry.scopes.length === 0)
    return { finding: finding('keep', 'The keys file says nothing of its scopes.'), diff: [] };
  const used = new Set(key.scopes.flatMap(({ scope, used }) => (used > 0 ? [scope] : [])));
  const refused = key.scopes.filter(({ refused }) => refused > 0);
  const needed = smallest(used);
  const granted = grantedScopes(entry.scopes);
  const beyond = needed.filter((scope) => !granted.has(scope));
  const stillGranted = grantedScopes(needed);
  const unused = [...granted].filter((scope) => !stillGranted.has(scope)).sort();
  const said = [
    `Uses ${needed.length === 0 ? 'none' : needed.join(', ')} of what ${entry.scopes.join(', ')} grant.`,
    ...(unused.length > 0 ? [`Unused: ${unused.join(', ')}.`] : []),
    ...(refused.length > 0
      ? [
          `Refused for a missing scope: ${refused.map((one) => `${one.scope} ${count(one.refused)} times`).join(', ')}.`,
        ]
      : []),
    ...(beyond.length > 0
      ? [
          `Used although not granted: ${beyond.join(', ')}: the keys file is out of date or the scopes were changed meanwhile, so nothing is proposed.`,
        ]
      : []),
    ...(key.scopeUnknown > 0
      ? [`Of ${count(key.scopeUnknown)} requests the scope is not known, so nothing is proposed.`]
      : []),
  ];
  const narrower = unused.length > 0 && needed.length > 0 && beyond.length === 0 && key.scopeUnknown === 0;
  return {
    finding: finding(narrower ? 'narrow' : 'keep', said.join(' ')),
    diff: narrower ? diffOf(entry.scopes, needed) : [],
  };
}

/** As few words as grant what was used: write has read in it. */
const smallest = (used: Set<string>): string[] =>
  [...used]
    .filter((scope) => !scope.endsWith(':read') || !used.has(`${scope.slice(0, -':read'.length)}:write`))
    .sort();

const diffOf = (before: readonly string[], after: readonly string[]): string[] => [
  ...before.filter((scope) => !after.includes(scope)).map((scope) => `- ${scope}`),
  ...after.filter((scope) => !before.includes(scope)).map((scope) => `+ ${scope}`),
];

function tierFinding(key: KeyEvidence): { finding: Finding; tier: string } {
  const answer = (verdict: Verdict, text: string, tier = '') => ({
    finding: { question: 'Right tier?' as const, verdict, text },
    tier,
  });
  const { entry, requests, throttled } = key;
  if (requests === 0) return answer('keep', 'No requests to judge by.');
  const share = throttled / requests;
  const said =
    `${percent(share)} answered 429, on ${key.throttledDays} days. ` +
    `Would have refused: ${key.tiers.map(refusals).join(', ')}.`;
  if (!entry) return answer('keep', `${said} Not in the keys file: its tier is not known.`);
  const place = (NAMED_TIERS as readonly string[]).indexOf(entry.tier);
  if (share >= thresholdOf(key, 'throttled_ratio')) {
    const higher = key.tiers.find(({ tier, refused }, i) => i > place && TIERS[tier] && refused < throttled);
    if (place >= 0 && higher) return answer('change tier', `${said} ${higher.tier} would help.`, higher.tier);
    return answer('keep', `${said} No named tier would help: the consumer must slow down.`);
  }
  if (key.daysUsed < DAYS_TO_JUDGE) return answer('keep', `${said} Too few days to propose a lower one.`);
  const lower = NAMED_TIERS.slice(0, Math.max(0, place)).find((tier) => fitsWell(key, tier));
  if (lower) return answer('change tier', `${said} ${lower} is enough, with room to spare.`, lower);
  return answer('keep', said);
}

const refusals = ({ tier, refused, exact }: KeyEvidence['tiers'][number]): string =>
  `${tier} ${exact ? '' : 'at least '}${count(refused)}`;

/** The busiest minute and day leave half of the tier's limits free, and it would have refused nothing. */
function fitsWell(key: KeyEvidence, tier: (typeof NAMED_TIERS)[number]): boolean {
  const evidence = key.tiers.find((one) => one.tier === tier);
  const { perMinute, perDay } = TIERS[tier];
  return (
    evidence?.refused === 0 &&
    evidence.exact &&
    key.peakPerMinute * HEADROOM <= (perMinute ?? Number.POSITIVE_INFINITY) &&
    key.busiestDay * HEADROOM <= (perDay ?? Number.POSITIVE_INFINITY)
  );
}

function rotationFinding({ entry }: KeyEvidence, asOf: number): Finding {
  const finding = (verdict: Verdict, text: string): Finding => ({ question: 'Rotated?', verdict, text });
  if (!entry) return finding('keep', 'Not in the keys file: its age is not known.');
  const since = entry.rotatedAt ?? entry.createdAt;
  if (since === null) return finding('keep', 'The keys file says neither when it was rotated nor created.');
  const age = asOf - since;
  const said = `${entry.rotatedAt === null ? 'Never rotated, created' : 'Last rotated'} ${span(age)} before`;
  if (entry.rotateEvery === null) return finding('keep', `${said}; no policy.`);
  const policy = `the policy is every ${span(entry.rotateEvery)}`;
  return age > entry.rotateEvery
    ? finding('rotate', `${said}; ${policy}: ${span(age - entry.rotateEvery)} overdue.`)
    : finding('keep', `${said}; ${policy}: due in ${Math.ceil((entry.rotateEvery - age) / DAY)} days.`);
}

const thresholdOf = ({ entry }: KeyEvidence, kind: ThresholdKind): number =>
  entry?.thresholds[kind] ?? THRESHOLDS[kind].default;

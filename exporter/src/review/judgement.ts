import { THRESHOLDS, type ThresholdKind } from '../health/thresholds.ts';
import { fewest, grantedScopes, type ScopeChange, scopeAdvice, scopeChangeText } from '../keys/scopes.ts';
import { TIERS } from '../keys/tiers.ts';
import { count, counted, percent, span } from '../text/numbers.ts';
import { dateOf, dayAt } from '../time/days.ts';
import { DAY } from '../time/units.ts';
import type { KeyEvidence } from './evidence.ts';
import { partialAnswers } from './partial-answers.ts';
import { NAMED_TIERS } from './tier-replay.ts';
import { type Answer, type ReviewFinding, VERDICTS, type Verdict } from './verdicts.ts';

export interface Judgement {
  verdict: Verdict;
  findings: ReviewFinding[];
  /** The scopes the key needs, as a change of the keys file: lines with - and +; empty = none. */
  scopeDiff: string[];
  /** For `change tier`. */
  tier: string;
}

/** A lower tier must leave this much room: half of its limits. */
const HEADROOM = 2;
/** Days of use before a lower tier is proposed. */
const DAYS_TO_JUDGE = 14;

/**
 * Judges one key by its evidence of a quarter. `asOf` in seconds. `complete` false: other exporters may have counted
 * requests too. Pure.
 */
export function judge(key: KeyEvidence, asOf: number, complete = true): Judgement {
  const { answers, scopeDiff, tier } = answersOf(key, asOf, complete);
  const findings = answers.map(({ question, verdict, text }) => ({ question, verdict, text: text() }));
  return { verdict: mostPressing(findings), findings, scopeDiff, tier };
}

/** The verdict of judge(). */
export const verdictOn = (key: KeyEvidence, asOf: number, complete = true): Verdict =>
  mostPressing(answersOf(key, asOf, complete).answers);

function answersOf(
  key: KeyEvidence,
  asOf: number,
  complete: boolean,
): Pick<Judgement, 'scopeDiff' | 'tier'> & { answers: Answer[] } {
  const scopes = scopesAnswer(key);
  const tier = tierAnswer(key);
  const answers = [useAnswer(key, asOf), scopes.answer, tier.answer, rotationAnswer(key, asOf)];
  if (!complete) return { answers: partialAnswers(key, answers, asOf), scopeDiff: [], tier: '' };
  return { answers, scopeDiff: scopes.diff, tier: tier.tier };
}

const mostPressing = (answers: readonly { verdict: Verdict }[]): Verdict =>
  VERDICTS.find((candidate) => answers.some(({ verdict }) => verdict === candidate)) ?? 'keep';

function useAnswer(key: KeyEvidence, asOf: number): Answer {
  const answer = (verdict: Verdict, text: () => string): Answer => ({ question: 'In use?', verdict, text });
  const stale = thresholdOf(key, 'stale_seconds');
  const state = key.entry?.state ?? 'active';
  if (state !== 'active')
    return answer(
      'revoke',
      () =>
        `The keys file says ${state}, yet ${counted(key.requests, 'request')} came, some of them answered.`,
    );
  const created = key.entry?.createdAt ?? 0;
  if (key.lastUsed === 0) {
    const { recordedSince } = key;
    if (created > 0 && created >= recordedSince && asOf - created <= stale)
      return answer('keep', () => `No recorded use, but created only ${span(asOf - created)} before.`);
    if (asOf - Math.max(created, recordedSince) <= stale)
      return answer(
        'keep',
        () =>
          `No use since recording began ${span(asOf - recordedSince)} before, which is too short to tell.`,
      );
    return answer(
      'revoke',
      () => `Never used, as far as the record reaches: back to ${dateOf(dayAt(recordedSince))}.`,
    );
  }
  const silence = asOf - key.lastUsed;
  const quiet = thresholdOf(key, 'rotation_quiet_seconds');
  if (key.successors.length > 0 && silence > quiet)
    return answer(
      'revoke',
      () => `Replaced by ${key.successors.join(', ')} and silent for ${span(silence)}.`,
    );
  if (silence > stale)
    return answer('revoke', () => `Last used ${span(silence)} before; ${span(stale)} are allowed.`);
  return answer(
    'keep',
    () =>
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

function scopesAnswer(key: KeyEvidence): { answer: Answer; diff: string[] } {
  const answer = (verdict: Verdict, text: () => string): Answer => ({
    question: 'Scopes right?',
    verdict,
    text,
  });
  const { entry, scopes, scopeUnknown } = key;
  if (!entry)
    return { answer: answer('keep', () => 'Not in the keys file: its scopes are not known.'), diff: [] };
  if (entry.scopes.length === 0)
    return { answer: answer('keep', () => 'The keys file says nothing of its scopes.'), diff: [] };
  const uses = scopes.flatMap(({ scope, used }) => (used > 0 ? [scope] : []));
  const needed = fewest(new Set(uses));
  const granted = grantedScopes(entry.scopes);
  const beyond = needed.filter((scope) => !granted.has(scope));
  const stillGranted = grantedScopes(needed);
  const unused = [...granted].filter((scope) => !stillGranted.has(scope)).sort();
  const advice = beyond.length === 0 && scopeUnknown === 0 ? scopeAdvice(entry.scopes, uses) : [];
  const narrower = advice.length > 0;
  return {
    answer: answer(narrower ? 'narrow' : 'keep', () =>
      [
        `Uses ${needed.length === 0 ? 'none' : needed.join(', ')} of what ${entry.scopes.join(', ')} grant.`,
        unused.length > 0 && `Unused: ${unused.join(', ')}.`,
        narrower && `Narrower: ${advice.map((change) => scopeChangeText(change)).join('; ')}.`,
        refusedText(key),
        beyond.length > 0 &&
          `Used although not granted: ${beyond.join(', ')}: the keys file is out of date or the scopes were changed meanwhile, so nothing is proposed.`,
        scopeUnknown > 0 &&
          `Of ${count(scopeUnknown)} requests the scope is not known, so nothing is proposed.`,
      ]
        .filter(Boolean)
        .join(' '),
    ),
    diff: diffOf(entry.scopes, advice),
  };
}

function refusedText({ scopes }: KeyEvidence): string {
  const refused = scopes.filter((one) => one.refused > 0);
  const times = refused.map((one) => `${one.scope} ${count(one.refused)} times`);
  return refused.length > 0 ? `Refused for a missing scope: ${times.join(', ')}.` : '';
}

const diffOf = (granted: readonly string[], advice: readonly ScopeChange[]): string[] => {
  const added = advice.flatMap(({ by }) => by).filter((word) => !granted.includes(word));
  return [...advice.map(({ word }) => `- ${word}`), ...[...new Set(added)].sort().map((word) => `+ ${word}`)];
};

function tierAnswer(key: KeyEvidence): { answer: Answer; tier: string } {
  const answer = (verdict: Verdict, rest: string, tier = '') => ({
    answer: { question: 'Right tier?' as const, verdict, text: () => `${refusalsText(key)}${rest}` },
    tier,
  });
  const { entry, requests, throttled } = key;
  if (requests === 0)
    return {
      answer: { question: 'Right tier?', verdict: 'keep', text: () => 'No requests to judge by.' },
      tier: '',
    };
  if (!entry) return answer('keep', ' Not in the keys file: its tier is not known.');
  const place = (NAMED_TIERS as readonly string[]).indexOf(entry.tier);
  if (throttled / requests >= thresholdOf(key, 'throttled_ratio')) {
    if (place >= 0 && fitsWell(key, NAMED_TIERS[place]))
      return answer('keep', ' Its own tier leaves room to spare: these have another reason.');
    const higher = key.tiers.find(({ tier, refused }, i) => i > place && TIERS[tier] && refused < throttled);
    if (place >= 0 && higher) return answer('change tier', ` ${higher.tier} would help.`, higher.tier);
    return answer('keep', ' No named tier would help: the consumer must slow down.');
  }
  if (key.daysUsed < DAYS_TO_JUDGE) return answer('keep', ' Too few days to propose a lower one.');
  const lower = NAMED_TIERS.slice(0, Math.max(0, place)).find((tier) => fitsWell(key, tier));
  if (lower) return answer('change tier', ` ${lower} is enough, with room to spare.`, lower);
  return answer('keep', '');
}

const refusalsText = ({ requests, throttled, throttledDays, tiers }: KeyEvidence): string =>
  `${percent(throttled / requests)} answered 429, on ${throttledDays} days. ` +
  `Would have refused: ${tiers.map(refusals).join(', ')}.`;

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

function rotationAnswer({ entry }: KeyEvidence, asOf: number): Answer {
  const answer = (verdict: Verdict, text: () => string): Answer => ({ question: 'Rotated?', verdict, text });
  if (!entry) return answer('keep', () => 'Not in the keys file: its age is not known.');
  const { rotatedAt, createdAt, rotateEvery } = entry;
  const since = rotatedAt ?? createdAt;
  if (since === null)
    return answer('keep', () => 'The keys file says neither when it was rotated nor created.');
  const age = asOf - since;
  const said = () => `${rotatedAt === null ? 'Never rotated, created' : 'Last rotated'} ${span(age)} before`;
  if (rotateEvery === null) return answer('keep', () => `${said()}; no policy.`);
  const policy = () => `${said()}; the policy is every ${span(rotateEvery)}`;
  return age > rotateEvery
    ? answer('rotate', () => `${policy()}: ${span(age - rotateEvery)} overdue.`)
    : answer('keep', () => `${policy()}: due in ${Math.ceil((rotateEvery - age) / DAY)} days.`);
}

const thresholdOf = ({ entry }: KeyEvidence, kind: ThresholdKind): number =>
  entry?.thresholds[kind] ?? THRESHOLDS[kind].default;

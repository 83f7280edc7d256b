import { count, percent, span } from '../text/numbers.ts';
import type { KeyEvidence } from './evidence.ts';
import type { Answer } from './verdicts.ts';

/**
 * The answers about a key of which other exporters may have counted requests. What the lines of one exporter show was
 * done stays said. What they lack proves nothing, so every verdict that needs it is `undecided`.
 */
export const partialAnswers = (key: KeyEvidence, answers: readonly Answer[], asOf: number): Answer[] =>
  answers.map((answer) => {
    const text = TEXTS[answer.question];
    if (text === undefined) return answer;
    const verdict = answer.verdict === 'keep' ? 'keep' : 'undecided';
    const rest = verdict === 'keep' ? '' : ' Other exporters may have counted more: ask each of them.';
    return { ...answer, verdict, text: () => `${text(key, asOf)}${rest}` };
  });

const TEXTS: Partial<Record<Answer['question'], (key: KeyEvidence, asOf: number) => string>> = {
  'In use?': ({ entry, requests, lastUsed, daysUsed, perDay }, asOf) => {
    if (lastUsed === 0) return 'This exporter has counted no use of it.';
    const state = entry && entry.state !== 'active' ? `The keys file says ${entry.state}. ` : '';
    return (
      `${state}This exporter counted its last use ${span(asOf - lastUsed)} before, ` +
      `on ${daysUsed} of ${perDay.length} days${requests > 0 ? `, ${count(requests)} requests` : ''}.`
    );
  },
  'Scopes right?': ({ entry, scopes }) => {
    const list = (words: string[]) => (words.length === 0 ? 'none' : words.join(', '));
    const used = scopes.flatMap((one) => (one.used > 0 ? [one.scope] : []));
    const refused = scopes.flatMap((one) =>
      one.refused > 0 ? [`${one.scope} ${count(one.refused)} times`] : [],
    );
    return [
      `Granted: ${entry && entry.scopes.length > 0 ? entry.scopes.join(', ') : 'not known'}.`,
      `Used in the lines of this exporter: ${list(used)}.`,
      refused.length > 0 && `Refused for a missing scope: ${refused.join(', ')}.`,
    ]
      .filter(Boolean)
      .join(' ');
  },
  'Right tier?': ({ requests, throttled, throttledDays }) =>
    requests === 0
      ? 'This exporter has no requests to judge by.'
      : `In the lines of this exporter ${percent(throttled / requests)} answered 429, on ${throttledDays} days. The limits hold for all exporters together.`,
};

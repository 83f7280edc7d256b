import { keyLine } from '../text/key-name.ts';
import { count } from '../text/numbers.ts';
import type { Review, ReviewedKey } from './review.ts';

/** What every form of the review says beside the keys, as name and text. */
export function coverFacts(review: Review): [string, string][] {
  const { completeness, before } = review;
  const missing = completeness.days - completeness.daysWithData;
  return [
    ...(review.coverage.complete ? [] : [['Coverage', review.coverage.text] as [string, string]]),
    ['Quarter', `${review.quarter}, ${review.from} to ${review.to} (UTC)`],
    ['As of', new Date(review.asOf * 1000).toISOString()],
    [
      'Completeness',
      `${completeness.percent} %: ${completeness.daysWithData} of ${completeness.days} days have data` +
        `${missing > 0 ? ` (${missing} have none: quiet, or not recorded)` : ''}, ` +
        `${(100 * completeness.rejectedShare).toFixed(3)} % of all lines could not be counted, ` +
        `${count(completeness.bytesLost)} bytes were lost unread`,
    ],
    ['Single requests', `archived of ${completeness.daysArchived} days`],
    ['Manifest', review.manifest ?? 'none: there is no archive'],
    [
      'Compared with',
      before ? `${before.quarter} (${before.percent} % complete)` : 'nothing: the record begins later',
    ],
  ];
}

/** `narrow, keep in 2026Q3`; with the tier proposed. */
export function verdictText({ judgement, before }: ReviewedKey, earlier: string | undefined): string {
  const tier = judgement.tier === '' ? '' : ` to ${judgement.tier}`;
  const then = before ? ` (${earlier}: ${before.verdict})` : '';
  return `${judgement.verdict}${judgement.verdict === 'change tier' ? tier : ''}${then}`;
}

export const nameOf = ({ evidence: { id, tenant, entry } }: ReviewedKey): string =>
  keyLine(entry?.name ?? '', id, tenant);

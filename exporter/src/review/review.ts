import { type Days, parseDays, quarterAt, quarterOf } from '../time/days.ts';
import type { KeyEvidence, QuarterEvidence } from './evidence.ts';
import { gatherEvidence, knownKeys, type ReviewSource } from './gather-evidence.ts';
import { type Judgement, judge, verdictOn } from './judgement.ts';
import { VERDICTS, type Verdict } from './verdicts.ts';

/** One key, judged, and what the quarter before said of it. */
export interface ReviewedKey {
  evidence: KeyEvidence;
  judgement: Judgement;
  /** undefined when the record does not reach back so far, or tells of no such key then. */
  before: { verdict: Verdict; requests: number } | undefined;
}

/** The quarterly review: every key with verdict and evidence, the most pressing first. */
export interface Review extends Omit<QuarterEvidence, 'keys'> {
  keys: ReviewedKey[];
  before: { quarter: string; percent: number } | undefined;
}

/** The days of a quarter written `2026Q4`; undefined when it is not. */
export const quarterDays = (quarter: string): Days | undefined =>
  /^\d{4}Q[1-4]$/.test(quarter) ? parseDays(quarter, 0) : undefined;

/** Reviews a quarter, beside the one before it. Today's keys file is taken for both. */
export async function review(source: ReviewSource, quarter: string, days: Days): Promise<Review> {
  const known = knownKeys(source);
  const earlier = quarterOf(days.from - 1);
  const earlierDays = quarterAt(days.from - 1);
  const span = source.reader.span();
  // One line from a clock that was years behind must not pass for a record of every quarter since.
  const past =
    source.reader.daysWithData(earlierDays) > 0
      ? await gatherEvidence(
          { ...source, archive: undefined, onProgress: undefined },
          known,
          earlier,
          earlierDays,
        )
      : undefined;
  const reaches = span !== undefined && span.from <= earlierDays.from;
  const { keys, ...evidence } = await gatherEvidence(
    source,
    known,
    quarter,
    days,
    reaches ? past : undefined,
  );
  const reviewed: ReviewedKey[] = [];
  for (const { key } of known) {
    const gathered = keys.get(key);
    const then = past?.keys.get(key);
    if (!gathered) continue;
    reviewed.push({
      evidence: gathered,
      judgement: judge(gathered, evidence.asOf, evidence.coverage.complete),
      before:
        past && then && wasThere(then)
          ? { verdict: verdictOn(then, past.asOf, past.coverage.complete), requests: then.requests }
          : undefined,
    });
  }
  return {
    ...evidence,
    keys: reviewed.sort(byPressure),
    before: past && { quarter: earlier, percent: past.completeness.percent },
  };
}

/** Whether anything tells that a key existed by then. */
const wasThere = ({ lastUsed, entry }: Pick<KeyEvidence, 'lastUsed' | 'entry'>): boolean =>
  lastUsed > 0 || (entry?.createdAt ?? 0) > 0;

function byPressure(a: ReviewedKey, b: ReviewedKey): number {
  const pressure = ({ judgement }: ReviewedKey) => VERDICTS.indexOf(judgement.verdict);
  return (
    pressure(a) - pressure(b) ||
    b.evidence.requests - a.evidence.requests ||
    (a.evidence.id < b.evidence.id ? -1 : 1)
  );
}

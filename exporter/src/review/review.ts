import { type Days, parseDays, quarterOf } from '../config/days.ts';
import type { KeyEvidence, QuarterEvidence } from './evidence.ts';
import { gather, type ReviewSource } from './gathering.ts';
import { type Judgement, judge, VERDICTS, type Verdict } from './judgement.ts';

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
  const { keys, ...evidence } = await gather(source, quarter, days);
  const earlier = quarterOf(days.from - 1);
  const span = source.reader.span();
  // One line from a clock that was years behind must not pass for a record of every quarter since.
  const past =
    source.reader.daysWithData(quarterDays(earlier) as Days) > 0
      ? await gather(
          { ...source, archive: undefined, onProgress: undefined },
          earlier,
          quarterDays(earlier) as Days,
        )
      : undefined;
  const pastKeys = new Map(past?.keys.map((key) => [nameOf(key), key]));
  const reaches = past && span && span.from <= (quarterDays(earlier) as Days).from;
  const reviewed = keys.map((gathered) => {
    const then = pastKeys.get(nameOf(gathered));
    const sameDays = then?.perDay.slice(0, gathered.perDay.length) ?? [];
    const previousRequests = reaches ? sameDays.reduce((sum, requests) => sum + requests, 0) : null;
    const key = { ...gathered, previousRequests };
    return {
      evidence: key,
      judgement: judge(key, evidence.asOf),
      before:
        past && then && wasThere(then)
          ? { verdict: judge(then, past.asOf).verdict, requests: then.requests }
          : undefined,
    };
  });
  return {
    ...evidence,
    keys: reviewed.sort(byPressure),
    before: past && { quarter: earlier, percent: past.completeness.percent },
  };
}

const nameOf = ({ id, tenant }: KeyEvidence): string => JSON.stringify([id, tenant]);

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

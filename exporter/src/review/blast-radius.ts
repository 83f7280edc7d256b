import { ALONE, type Coverage } from '../history/coverage.ts';
import type { Caller } from '../record/callers.ts';
import { span } from '../text/numbers.ts';
import { DAY } from '../time/units.ts';

/** Atender's own advice: a key that was silent for 24 to 48 hours has no consumers left. */
const LEAST_SILENCE = 2 * DAY;

/** What is known of a key whose revocation is thought about. Times are seconds since the epoch, 0 = never. */
export interface KeyInUse {
  id: string;
  tenant: string;
  name: string;
  owner: string;
  state: string;
  createdAt: number;
  /** Since when requests are recorded. */
  recordedSince: number;
  /** Seconds without any use after which the key counts as unused. */
  staleAfter: number;
  lastUsed: number;
  /** Longest time without use in the days looked at, seconds. */
  longestGap: number;
  /** Keys that replace it. */
  successors: string[];
  /** `GET /v1/contacts/:id` and requests, the most called first. */
  endpoints: { endpoint: string; requests: number }[];
  callers: Caller[];
  /** Callers, by address and user agent, that were seen with a successor too. */
  movedCallers: ReadonlySet<string>;
  /** What is not known, and why, as sentences. */
  missing: string[];
}

export interface JudgedCaller extends Caller {
  /** It may call again: it has not been silent for longer than ever before. */
  live: boolean;
  /** From when on its silence is longer than ever before, and at least 48 h. */
  safeAfter: number;
  /** Seen with the successor of the key. */
  moved: boolean;
}

export interface BlastRadius extends Omit<KeyInUse, 'callers' | 'movedCallers'> {
  callers: JudgedCaller[];
  /** Nothing would break when revoked after this, if nobody calls until then; 0 = at once. */
  safeAfter: number;
  /** Callers that still call with the key although a successor is there. */
  stragglers: JudgedCaller[];
  verdict: string;
  coverage: Coverage;
}

export const callerName = ({ ip, userAgent }: Pick<Caller, 'ip' | 'userAgent'>): string =>
  JSON.stringify([ip, userAgent]);

/** Judges what would break if the key were revoked at `now`, by the requests that `coverage` names. Pure. */
export function blastRadius(
  { movedCallers, ...known }: KeyInUse,
  now: number,
  coverage: Coverage = ALONE,
): BlastRadius {
  // The archive keeps a request under the time it names, which may be yet to come: it was read by now all the same.
  const key = { ...known, lastUsed: Math.min(known.lastUsed, now) };
  const callers = key.callers.map((from) => {
    const caller = { ...from, first: Math.min(from.first, now), last: Math.min(from.last, now) };
    const safeAfter = caller.last + Math.max(LEAST_SILENCE, caller.longestGap);
    return { ...caller, safeAfter, live: safeAfter > now, moved: movedCallers.has(callerName(caller)) };
  });
  const live = callers.filter((caller) => caller.live);
  const ofKey = key.lastUsed > 0 ? key.lastUsed + Math.max(LEAST_SILENCE, key.longestGap) : unusedFrom(key);
  const safeAfter = Math.max(ofKey, ...callers.map((caller) => caller.safeAfter));
  const stragglers = key.successors.length > 0 ? live : [];
  return {
    ...key,
    callers,
    safeAfter: safeAfter > now ? safeAfter : 0,
    stragglers,
    verdict: coverage.complete
      ? verdictOf(key, live, safeAfter > now, now)
      : partialVerdictOf(key, live, coverage),
    coverage,
  };
}

/** From when on a key without any recorded use counts as unused; 0 = already, since its whole life is recorded. */
const unusedFrom = ({ createdAt, recordedSince, staleAfter }: Omit<KeyInUse, 'movedCallers'>): number =>
  createdAt >= recordedSince ? 0 : recordedSince + staleAfter;

function verdictOf(
  { lastUsed, successors, recordedSince }: Omit<KeyInUse, 'movedCallers'>,
  live: JudgedCaller[],
  inUse: boolean,
  now: number,
): string {
  if (lastUsed === 0 && inUse)
    return `No use since recording began ${span(now - recordedSince)} ago, which is too short to tell what would break.`;
  if (lastUsed === 0)
    return `Nothing would break: it was never used, as far as the record reaches (${span(now - recordedSince)}).`;
  if (!inUse)
    return 'Nothing should break: it has been silent for longer than ever before, and for 48 h at least.';
  const who =
    live.length > 0 ? `${live.length} ${live.length === 1 ? 'caller' : 'callers'}` : 'its consumers';
  const rotation = successors.length > 0 ? ` Move them to ${successors.join(', ')} first.` : '';
  return `Revoked now, it would break ${who}.${rotation}`;
}

/** Other exporters may have counted callers too, so what these lines lack says nothing. */
function partialVerdictOf(
  { successors }: Omit<KeyInUse, 'movedCallers'>,
  live: JudgedCaller[],
  { instance }: Coverage,
): string {
  const ask = 'Ask every exporter before you decide.';
  if (live.length === 0) return `Undecided: exporter ${instance} knows no caller that may call again. ${ask}`;
  const who = `At least ${live.length} ${live.length === 1 ? 'caller' : 'callers'} may call again`;
  const rotation = successors.length > 0 ? ` Move them to ${successors.join(', ')} first.` : '';
  return `${who}, by what exporter ${instance} counted.${rotation} ${ask}`;
}

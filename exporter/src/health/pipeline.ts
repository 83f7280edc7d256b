/**
 * When the pipeline from the log to `/metrics` is blind. "The key is silent" and "the pipeline is blind" are different
 * states: page, rules and panel tell them apart by these bounds.
 */

/** A source that was neither read nor found unchanged within this time is not read. Seconds. */
export const LOOKED_WITHIN = 60;
/** A source whose newest line is older than this, while more is waiting, is not caught up. Seconds. */
export const CAUGHT_UP_WITHIN = 120;
/** A source whose requests are dated further in the future than this is ahead of the clock. Seconds. */
export const AHEAD_ALERT = 300;

/** What is known of one source. Times are seconds since the epoch. */
export interface SourceLiveness {
  lastLooked: number;
  secondsBehind: number;
  lastEvent: number;
  /** Configured time without a line after which the source is stale, seconds; 0 = never. */
  staleAfter: number;
}

export const isRead = ({ lastLooked }: SourceLiveness, now: number): boolean =>
  now - lastLooked <= LOOKED_WITHIN;

export const isStale = ({ lastEvent, staleAfter }: SourceLiveness, now: number): boolean =>
  staleAfter > 0 && now - lastEvent > staleAfter;

/** True when the source is read to its end and is not stale, so that missing requests mean something. */
export const isAlive = (source: SourceLiveness, now: number): boolean =>
  isRead(source, now) && source.secondsBehind <= CAUGHT_UP_WITHIN && !isStale(source, now);

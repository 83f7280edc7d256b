/**
 * Bounds that decide when a source is blind. Page, rules and panel use the same bounds to distinguish a silent key from
 * a blind exporter.
 */

/** A source counts as read if it was read or found unchanged within this time. Seconds. */
export const LOOKED_WITHIN = 60;
/** A source is behind if its last line read is older than this while more lines wait. Seconds. */
export const CAUGHT_UP_WITHIN = 120;
/** A source is ahead of the clock if its requests are dated further in the future than this. Seconds. */
export const AHEAD_ALERT = 300;

/** Progress of one source. Times are seconds since the epoch. */
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

/** Whether the source is read, caught up and not stale. Only then missing requests mean missing traffic. */
export const isAlive = (source: SourceLiveness, now: number): boolean =>
  isRead(source, now) && source.secondsBehind <= CAUGHT_UP_WITHIN && !isStale(source, now);

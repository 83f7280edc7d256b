/** Leads are kept for one to two times so long while lines come, seconds. */
const SPAN = 300;
/** Without any line a lead is forgotten after this, seconds. */
const FORGOTTEN = 86_400;

/**
 * How far the requests of one source are ahead of the clock when they are read: the most of the last five to ten
 * minutes in which lines came. A source that is silent keeps its lead for a day, since nothing says that it is mended.
 */
export class ClockLead {
  private since = 0;
  private current = 0;
  private previous = 0;

  /** Seconds; 0 = not ahead. `now` in seconds since the epoch. */
  at(now: number): number {
    return now - this.since < FORGOTTEN ? Math.max(this.current, this.previous) : 0;
  }

  /** Lines were read at `now` (seconds since the epoch) of which the newest is `ahead` seconds ahead of it. */
  measure(ahead: number, now: number): void {
    const lead = Math.max(0, ahead);
    if (now - this.since < SPAN && now >= this.since) {
      if (lead > this.current) this.current = lead;
      return;
    }
    this.previous = now - this.since < FORGOTTEN ? this.current : 0;
    this.current = lead;
    this.since = now;
  }
}

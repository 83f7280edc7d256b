/** In a commit that has not succeeded yet: nobody has seen the series at its held value. */
const UNSEEN = Number.POSITIVE_INFINITY;

interface Hold {
  /** What a scrape shows meanwhile. */
  shown: number;
  /** Process-up seconds when it was first shown so. */
  since: number;
}

/**
 * Things a scrape has to see at an old value before their true one, because `increase()` cannot see a first
 * sample. A hold lasts `seconds` of process-up time from the commit that made it known, so that a commit that
 * fails for long cannot swallow it. While first history is read nothing is exposed, so nothing is held.
 */
export class Holds {
  private readonly seconds: number;
  private readonly active = new Map<number, Hold>();
  private unseen: number[] = [];
  private history = true;

  constructor(seconds: number) {
    this.seconds = seconds;
  }

  begin(thing: number, shown: number): void {
    if (this.history || this.seconds <= 0) return;
    this.active.set(thing, { shown, since: UNSEEN });
    this.unseen.push(thing);
  }

  /** A hold from before a restart starts again. */
  resume(thing: number, shown: number): void {
    if (!this.history && this.seconds > 0) this.active.set(thing, { shown, since: 0 });
  }

  isHeld(thing: number): boolean {
    return this.active.has(thing);
  }

  /** What is shown instead of the value; NaN = the value itself. */
  held(thing: number): number {
    return this.active.get(thing)?.shown ?? Number.NaN;
  }

  /** Ends the holds that lasted long enough. */
  release(up: number, released: (thing: number) => void): void {
    for (const [thing, hold] of this.active) {
      if (up - hold.since < this.seconds) continue;
      this.active.delete(thing);
      released(thing);
    }
  }

  historyDone(): void {
    this.history = false;
  }

  /** The holds begun so far are committed, at `up` process-up seconds. */
  markCommitted(up: number): void {
    for (const thing of this.unseen) {
      const hold = this.active.get(thing);
      if (hold?.since === UNSEEN) hold.since = up;
    }
    this.unseen = [];
  }
}

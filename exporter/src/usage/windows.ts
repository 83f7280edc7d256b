import { DAY } from '../time/units.ts';
import { MINUTE_CLASSES, type MinuteClass, type MinuteCounts } from './key-facts.ts';

/** Kept seconds: the last five minutes of 60-second windows need 360. A power of two. */
const SECONDS = 512;
const MINUTES = 60;
const MINUTES_A_DAY = 1_440;
/** Kept days of gaps: today, the 30 before, and tomorrow within the allowed skew. */
const GAP_DAYS = 32;
const WINDOW = 60;
const PEAK_SPAN = 300;
const GAP_SPAN = 30 * DAY;

/** Position in MINUTE_CLASSES by status. */
const CLASS_OF_STATUS = Uint8Array.from({ length: 600 }, (_, status) =>
  MINUTE_CLASSES.indexOf(classOf(status)),
);

function classOf(status: number): MinuteClass {
  if (status === 0) return 'noResponse';
  if (status < 300) return 'success';
  if (status < 400) return 'redirect';
  if (status === 401) return 'unauthorized';
  if (status === 403) return 'forbidden';
  if (status === 429) return 'throttled';
  return status < 500 ? 'other4xx' : 'serverErrors';
}

const RINGS = SECONDS + MINUTE_CLASSES.length * MINUTES;
const NO_RINGS = new Uint32Array(0);
/** In `marks`: first and last use, two days with their requests, and from GAPS on the ring of gaps. */
const FIRST = 0;
const LAST = 1;
const DAYS = 2;
const GAPS = 8;

/**
 * When one key was used, in log time: first and last, and in rings requests by second, answers by minute,
 * requests by day, the longest gap by day. Whatever a ring does not reach back to is left out. Times are whole
 * seconds, minutes and days since the epoch; all but the answers by minute is without 401s.
 *
 * Every line touches all of this, so it lies in two blocks of memory.
 */
export class Windows {
  /** The marks from here on are stored with the rings. */
  static readonly STORED_FROM = DAYS;
  newestSecond = 0;
  newestMinute = 0;
  newestGapDay = 0;
  readonly marks = new Float64Array(GAPS + GAP_DAYS);
  /** [second % SECONDS], and from SECONDS on [class * 60 + minute % 60]. Made when there is something to count. */
  private rings = NO_RINGS;
  /** Most answers in a minute that has left the ring, by day. */
  private passedPeaks = new Map<number, number>();

  /** Seconds since the epoch, 0 = never. */
  get firstUsed(): number {
    return this.marks[FIRST];
  }

  get lastUsed(): number {
    return this.marks[LAST];
  }

  /** A request at `at` seconds; it moves last-used forward only, and ends a gap when it does. */
  use(at: number): void {
    const { marks } = this;
    const last = marks[LAST];
    if (marks[FIRST] === 0 || at < marks[FIRST]) marks[FIRST] = at;
    if (at <= last) return;
    if (last > 0) this.endGap((at / DAY) >>> 0, at - last);
    marks[LAST] = at;
  }

  restoreUse(firstUsed: number, lastUsed: number): void {
    this.marks[FIRST] = firstUsed;
    this.marks[LAST] = lastUsed;
  }

  countSecond(second: number): void {
    if (second > this.newestSecond) this.advanceSeconds(second);
    else if (second <= this.newestSecond - SECONDS) return;
    this.rings[second % SECONDS]++;
  }

  /** False when the minute is too long ago. */
  countMinute(minute: number, status: number): boolean {
    if (minute > this.newestMinute) this.advanceMinutes(minute);
    else if (minute <= this.newestMinute - MINUTES) return false;
    this.rings[SECONDS + CLASS_OF_STATUS[status] * MINUTES + (minute % MINUTES)]++;
    return true;
  }

  /** Two days are kept, today and tomorrow within the allowed skew, by the parity of their number. */
  countDay(day: number): void {
    const { marks } = this;
    const slot = DAYS + (day & 1) * 2;
    if (day > marks[slot]) {
      marks[slot] = day;
      marks[slot + 1] = 0;
    }
    if (day === marks[slot]) marks[slot + 1]++;
  }

  /** A quiet time of `seconds` ended on `day`, which is never before the day of the last one. */
  private endGap(day: number, seconds: number): void {
    if (day > this.newestGapDay) {
      const from = Math.max(this.newestGapDay + 1, day - GAP_DAYS + 1);
      for (let passed = from; passed <= day; passed++) this.marks[GAPS + (passed % GAP_DAYS)] = 0;
      this.newestGapDay = day;
    }
    const slot = GAPS + (day % GAP_DAYS);
    if (seconds > this.marks[slot]) this.marks[slot] = seconds;
  }

  requestsOn(day: number): number {
    const slot = DAYS + (day & 1) * 2;
    return this.marks[slot] === day ? this.marks[slot + 1] : 0;
  }

  /** Longest gap that ended within 30 days before `now`, by whole UTC days, the oldest one included. */
  maxGap(now: number): number {
    const oldest = Math.max(Math.floor((now - GAP_SPAN) / DAY), this.newestGapDay - GAP_DAYS + 1);
    let longest = 0;
    for (let day = oldest; day <= this.newestGapDay; day++)
      longest = Math.max(longest, this.marks[GAPS + (day % GAP_DAYS)]);
    return longest;
  }

  /** Where the sliding windows end: the last request's second, or `second` when that is later. */
  end(second: number): number {
    return Math.max(this.newestSecond, second);
  }

  /** Requests in the 60 seconds that end with the second `end`. */
  lastMinute(end: number): number {
    let sum = 0;
    for (let second = end - WINDOW + 1; second <= end; second++) sum += this.at(second);
    return sum;
  }

  /** Most requests in 60 seconds, of all such windows that end within the five minutes up to `end`. */
  peak(end: number): number {
    if (!this.slides(end)) return 0;
    let sum = this.lastMinute(end - PEAK_SPAN + 1);
    let peak = sum;
    for (let second = end - PEAK_SPAN + 2; second <= end; second++) {
      sum += this.at(second) - this.at(second - WINDOW);
      if (sum > peak) peak = sum;
    }
    return peak;
  }

  /** Whether a window that ends at `end` or in the five minutes before can hold a request. */
  slides(end: number): boolean {
    return this.newestSecond > end - PEAK_SPAN - WINDOW;
  }

  /** The minutes ring in the order the page reads it. */
  minuteCounts(): MinuteCounts {
    const counts = new Uint32Array(RINGS - SECONDS);
    if (this.rings === NO_RINGS) return { last: 0, counts };
    const oldest = (this.newestMinute + 1) % MINUTES;
    for (let from = 0; from < counts.length; from += MINUTES)
      for (let i = 0, minute = oldest; i < MINUTES; i++) {
        counts[from + i] = this.rings[SECONDS + from + minute];
        if (++minute === MINUTES) minute = 0;
      }
    return { last: this.newestMinute, counts };
  }

  /** The busiest minute of each day since the last time: of minutes that have passed out of the ring, and in it. */
  takeMinutePeaks(each: (day: number, requests: number) => void): void {
    for (const [day, requests] of this.passedPeaks) each(day, requests);
    if (this.passedPeaks.size > 0) this.passedPeaks = new Map();
    if (this.rings === NO_RINGS) return;
    let day = -1;
    let peak = 0;
    for (let minute = Math.max(0, this.newestMinute - MINUTES + 1); minute <= this.newestMinute; minute++) {
      const of = Math.floor(minute / MINUTES_A_DAY);
      if (of !== day && peak > 0) each(day, peak);
      if (of !== day) peak = 0;
      day = of;
      peak = Math.max(peak, this.inMinute(minute));
    }
    if (peak > 0) each(day, peak);
  }

  /** Requests in a second the ring still has; 0 for any other. */
  at(second: number): number {
    if (second > this.newestSecond || second <= this.newestSecond - SECONDS || second < 0) return 0;
    return this.rings === NO_RINGS ? 0 : this.rings[second % SECONDS];
  }

  /** For restoring: what a second, or a place in minuteCounts(), counts. The newest ones are set already. */
  setSecond(second: number, requests: number): void {
    this.begin();
    this.rings[second % SECONDS] = requests;
  }

  setMinute(i: number, requests: number): void {
    this.begin();
    const ring = SECONDS + Math.floor(i / MINUTES) * MINUTES;
    this.rings[ring + ((this.newestMinute + 1 + i) % MINUTES)] = requests;
  }

  private begin(): void {
    if (this.rings === NO_RINGS) this.rings = new Uint32Array(RINGS);
  }

  private advanceSeconds(second: number): void {
    this.begin();
    const from = Math.max(this.newestSecond + 1, second - SECONDS + 1);
    for (let passed = from; passed <= second; passed++) this.rings[passed % SECONDS] = 0;
    this.newestSecond = second;
  }

  private advanceMinutes(minute: number): void {
    this.begin();
    const from = Math.max(this.newestMinute + 1, minute - MINUTES + 1);
    for (let passed = from; passed <= minute; passed++) {
      this.notePeak(passed);
      for (let slot = SECONDS + (passed % MINUTES); slot < RINGS; slot += MINUTES) this.rings[slot] = 0;
    }
    this.newestMinute = minute;
  }

  /** The minute whose place in the ring `next` takes is over. */
  private notePeak(next: number): void {
    const requests = this.inMinute(next);
    if (requests === 0) return;
    // Of the minutes with this place in the ring, the one it still holds.
    const behind = (((this.newestMinute - next) % MINUTES) + MINUTES) % MINUTES;
    const day = Math.floor((this.newestMinute - behind) / MINUTES_A_DAY);
    if (requests > (this.passedPeaks.get(day) ?? 0)) this.passedPeaks.set(day, requests);
  }

  /** Answers of any kind in the ring's place of a minute. */
  private inMinute(minute: number): number {
    let sum = 0;
    for (let slot = SECONDS + (minute % MINUTES); slot < RINGS; slot += MINUTES) sum += this.rings[slot];
    return sum;
  }
}

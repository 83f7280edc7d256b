import { DayFigures } from './day-figures.ts';

/** Days of the longest quarter. */
const LONGEST_QUARTER = 92;
const byDay = (): number[] => new Array<number>(LONGEST_QUARTER).fill(0);

/** What a review looks at day by day, each day at its place in the quarter from 0 on. */
export interface QuarterDays {
  requests: number[];
  /** Answers of 429. */
  throttled: number[];
  untimed: number[];
  peakPerMinute: number[];
}

/** What one key did in one calendar quarter, as far as its days were added. */
export class QuarterFigures {
  /** Of everything but endpoints. */
  readonly sum: DayFigures;
  readonly days: QuarterDays;

  constructor(
    sum = new DayFigures(),
    days: QuarterDays = {
      requests: byDay(),
      throttled: byDay(),
      untimed: byDay(),
      peakPerMinute: byDay(),
    },
  ) {
    this.sum = sum;
    this.days = days;
  }

  /** Takes in a day, or what was counted of it since it was taken in. */
  add(place: number, figures: DayFigures): void {
    const { requests, throttled, untimed, peakPerMinute } = this.days;
    requests[place] += figures.requests;
    throttled[place] += figures.statuses.get(429) ?? 0;
    untimed[place] += figures.untimed;
    peakPerMinute[place] = Math.max(peakPerMinute[place], figures.peakPerMinute);
    this.sum.mergeWithoutEndpoints(figures);
  }

  /** Takes in what another key did in the same quarter. */
  merge(other: QuarterFigures): void {
    const { requests, throttled, untimed, peakPerMinute } = this.days;
    for (let place = 0; place < LONGEST_QUARTER; place++) {
      requests[place] += other.days.requests[place];
      throttled[place] += other.days.throttled[place];
      untimed[place] += other.days.untimed[place];
      // Both may have had it in the same minute.
      peakPerMinute[place] += other.days.peakPerMinute[place];
    }
    const peak = this.sum.peakPerMinute + other.sum.peakPerMinute;
    this.sum.mergeWithoutEndpoints(other.sum);
    this.sum.peakPerMinute = peak;
  }

  /** The sum in the form of DayFigures, and the days as JSON: every review reads them of all keys. */
  encode(): { sum: Uint8Array; days: string } {
    return { sum: this.sum.encode(), days: JSON.stringify(this.days) };
  }

  static decode({ sum, days }: { sum: Uint8Array; days: string }): QuarterFigures {
    return new QuarterFigures(DayFigures.decode(sum), JSON.parse(days));
  }
}

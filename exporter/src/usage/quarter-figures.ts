import { ByteReader, ByteWriter } from './bytes.ts';
import { DayFigures } from './day-figures.ts';

const VERSION = 1;
/** Days of the longest quarter. */
const LONGEST_QUARTER = 92;

const writer = new ByteWriter();
const byDay = (): number[] => new Array<number>(LONGEST_QUARTER).fill(0);

/**
 * What one key did in one calendar quarter, as far as its days were added: the sum of everything but endpoints, and
 * by day what a review looks at day by day, each day at its place in the quarter from 0 on.
 */
export class QuarterFigures {
  readonly sum: DayFigures;
  readonly requests = byDay();
  /** Answers of 429. */
  readonly throttled = byDay();
  readonly untimed = byDay();
  readonly peakPerMinute = byDay();

  constructor(sum = new DayFigures()) {
    this.sum = sum;
  }

  /** Takes in a day, or what was counted of it since it was taken in. */
  add(place: number, figures: DayFigures): void {
    this.requests[place] += figures.requests;
    this.throttled[place] += figures.statuses.get(429) ?? 0;
    this.untimed[place] += figures.untimed;
    this.peakPerMinute[place] = Math.max(this.peakPerMinute[place], figures.peakPerMinute);
    this.sum.merge(figures);
    this.sum.endpoints.clear();
  }

  /** The sum in the form of DayFigures, and the days. */
  encode(): { sum: Uint8Array; days: Uint8Array } {
    writer.begin();
    writer.byte(VERSION);
    for (const column of this.columns()) {
      for (let place = 0; place < LONGEST_QUARTER; place++) writer.entry(place, column[place]);
      writer.endEntries();
    }
    return { sum: this.sum.encode(), days: writer.end() };
  }

  /** Figures of nothing by day when the bytes are of another version. */
  static decode({ sum, days }: { sum: Uint8Array; days: Uint8Array }): QuarterFigures {
    const figures = new QuarterFigures(DayFigures.decode(sum));
    const reader = new ByteReader(days);
    if (reader.byte() !== VERSION) return figures;
    for (const column of figures.columns())
      reader.entries((place, value) => {
        column[place] = value;
      });
    return figures;
  }

  private columns(): number[][] {
    return [this.requests, this.throttled, this.untimed, this.peakPerMinute];
  }
}

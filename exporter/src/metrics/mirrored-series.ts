import type { Family, SeriesRow, SeriesValues } from '../usage/changes.ts';

/** The counter series as the HTTP thread sees them, in columns by series number: an object each takes four times as much. */
export class MirroredSeries {
  private families = new Uint8Array(1024);
  private keys = new Uint32Array(1024);
  private endpoints = new Int32Array(1024);
  private statuses = new Uint16Array(1024);
  private values = new Float64Array(1024);
  private shownValues = new Float64Array(1024);
  private parked = new Uint8Array(1024);

  add({ series, family, key, endpoint, status }: SeriesRow): void {
    if (series >= this.families.length) this.grow(series + 1);
    this.families[series] = family;
    this.keys[series] = key;
    this.endpoints[series] = endpoint;
    this.statuses[series] = status;
  }

  /** Takes over what series are worth now. */
  move({ series, value, held, parked }: SeriesValues): void {
    for (let i = 0; i < series.length; i++) {
      this.values[series[i]] = value[i];
      this.shownValues[series[i]] = Number.isNaN(held[i]) ? value[i] : held[i];
      this.parked[series[i]] = parked[i];
    }
  }

  family(series: number): Family {
    return this.families[series] as Family;
  }

  row(series: number): SeriesRow {
    return {
      series,
      family: this.family(series),
      key: this.keys[series],
      endpoint: this.endpoints[series],
      status: this.statuses[series],
    };
  }

  /** The committed value, for the page. */
  value(series: number): number {
    return this.values[series];
  }

  /** What a scrape may show now. */
  shown(series: number): number {
    return this.shownValues[series];
  }

  isParked(series: number): boolean {
    return this.parked[series] === 1;
  }

  private grow(size: number): void {
    const length = Math.max(size, this.families.length * 2);
    const into = <T extends { set(from: T): void }>(larger: T, from: T): T => {
      larger.set(from);
      return larger;
    };
    this.families = into(new Uint8Array(length), this.families);
    this.keys = into(new Uint32Array(length), this.keys);
    this.endpoints = into(new Int32Array(length), this.endpoints);
    this.statuses = into(new Uint16Array(length), this.statuses);
    this.values = into(new Float64Array(length), this.values);
    this.shownValues = into(new Float64Array(length), this.shownValues);
    this.parked = into(new Uint8Array(length), this.parked);
  }
}

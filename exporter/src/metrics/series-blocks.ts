import { LabelPrefixes } from './label-prefixes.ts';
import type { Mirror } from './mirror.ts';
import { OutputBuffer } from './output-buffer.ts';

/** Series rendered as one block of text; a block none of whose series moved is not rendered again. */
const BLOCK = 256;
/** Room for a value and the line's end. */
const VALUE_BYTES = 33;

/** The samples of one counter family, as text that is kept until a value in it changes. */
export class SeriesBlocks {
  private readonly mirror: Mirror;
  private readonly prefixes = new LabelPrefixes();
  private readonly numbers: number[] = [];
  private readonly texts: (Buffer | undefined)[] = [];

  constructor(mirror: Mirror) {
    this.mirror = mirror;
  }

  /** A new series; `head` is what stands before its value. Returns its place for changed(). */
  add(series: number, head: string): number {
    const place = this.numbers.push(series) - 1;
    this.prefixes.put(place, head);
    this.changed(place);
    return place;
  }

  /** The labels of a series are others now. */
  renamed(place: number, head: string): void {
    this.prefixes.put(place, head);
    this.changed(place);
  }

  changed(place: number): void {
    this.texts[Math.floor(place / BLOCK)] = undefined;
  }

  get empty(): boolean {
    return this.numbers.length === 0;
  }

  /** The blocks in order; each costs well under a millisecond. */
  *blocks(): Generator<Buffer> {
    for (let block = 0; block * BLOCK < this.numbers.length; block++) {
      this.texts[block] ??= this.render(block * BLOCK);
      yield this.texts[block]!;
    }
  }

  private render(from: number): Buffer {
    const { prefixes, mirror, numbers } = this;
    const to = Math.min(from + BLOCK, numbers.length);
    let bytes = (to - from) * VALUE_BYTES;
    for (let place = from; place < to; place++) bytes += prefixes.end(place) - prefixes.start(place);
    const text = new OutputBuffer(bytes);
    for (let place = from; place < to; place++) {
      const series = numbers[place];
      if (!mirror.series.isParked(series))
        text.sample(prefixes.block, prefixes.start(place), prefixes.end(place), mirror.series.shown(series));
    }
    return Buffer.concat(text.end());
  }
}

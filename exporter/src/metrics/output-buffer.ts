import { setImmediate } from 'node:timers/promises';
import { numberText } from './exposition-text.ts';

const BLOCK_BYTES = 256 * 1024;
/** Rendering pauses after so long to let other requests be answered. */
const SLICE_MS = 5;

/** Collects what is rendered in large blocks of bytes, without a string or a buffer a line. */
export class OutputBuffer {
  private readonly full: Buffer[] = [];
  private page: Buffer;
  private used = 0;
  private sliceBegan = performance.now();

  /** `bytes` = size of the first block. */
  constructor(bytes = BLOCK_BYTES) {
    this.page = Buffer.allocUnsafe(bytes);
  }

  /** Takes over what was rendered before, as it is. */
  block(text: Buffer): void {
    if (this.used > 0) this.full.push(this.page.subarray(0, this.used));
    this.page = this.page.subarray(this.used);
    this.used = 0;
    this.full.push(text);
  }

  text(text: string): void {
    this.reserve(text.length * 3);
    this.used += this.page.write(text, this.used);
  }

  /** Bytes [start, end) of a cache, a value, a line end. */
  sample(source: Buffer, start: number, end: number, value: number): void {
    this.reserve(end - start + 32);
    source.copy(this.page, this.used, start, end);
    this.used += end - start;
    if (Number.isInteger(value) && value >= 0 && value < 2 ** 31) this.digits(value);
    else this.used += this.page.write(numberText(value), this.used, 'latin1');
    this.page[this.used++] = 10;
  }

  /** Lets the event loop go on when this slice has taken long enough; await it often. */
  async yieldToLoop(): Promise<void> {
    if (performance.now() - this.sliceBegan < SLICE_MS) return;
    await setImmediate();
    this.sliceBegan = performance.now();
  }

  /** True when it is time to yield; cheaper to ask than an await. */
  get shouldYield(): boolean {
    return performance.now() - this.sliceBegan >= SLICE_MS;
  }

  end(): Buffer[] {
    return [...this.full, this.page.subarray(0, this.used)];
  }

  private digits(value: number): void {
    let digits = 1;
    for (let rest = value; rest >= 10; rest = (rest / 10) | 0) digits++;
    let at = this.used + digits;
    this.used = at;
    let rest = value;
    do {
      const tenth = (rest / 10) | 0;
      this.page[--at] = 48 + rest - tenth * 10;
      rest = tenth;
    } while (rest > 0);
  }

  private reserve(bytes: number): void {
    if (this.used + bytes <= this.page.length) return;
    this.full.push(this.page.subarray(0, this.used));
    this.page = Buffer.allocUnsafe(Math.max(BLOCK_BYTES, bytes));
    this.used = 0;
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Writes small numbers compactly into one reused block. */
export class ByteWriter {
  /** Texts as they are written: only few different ones may be, and those again and again. */
  private readonly texts = new Map<string, Uint8Array>();
  private bytes = new Uint8Array(4096);
  private view = new DataView(this.bytes.buffer);
  private used = 0;
  private lastEntry = -1;

  begin(): void {
    this.used = 0;
    this.lastEntry = -1;
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.used++] = value;
  }

  float(value: number): void {
    this.reserve(8);
    this.view.setFloat64(this.used, value);
    this.used += 8;
  }

  /** Four bytes, unsigned. */
  word(value: number): void {
    this.reserve(4);
    this.view.setUint32(this.used, value);
    this.used += 4;
  }

  /** A whole number from 0 on: seven bits a byte, lowest first. */
  count(value: number): void {
    this.reserve(8);
    let rest = value;
    // Whole 31-bit numbers are all but a few, and need no division.
    if (value < 0x80000000) {
      for (; rest >= 128; rest >>>= 7) this.bytes[this.used++] = (rest & 127) | 128;
      this.bytes[this.used++] = rest;
      return;
    }
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.bytes[this.used++] = (rest % 128) | 128;
    this.bytes[this.used++] = rest;
  }

  text(value: string): void {
    const bytes = this.texts.get(value) ?? encoder.encode(value);
    this.texts.set(value, bytes);
    this.count(bytes.length);
    this.reserve(bytes.length);
    for (const byte of bytes) this.bytes[this.used++] = byte;
  }

  /** One of a run of entries with rising positions; those worth 0 are left out. */
  entry(position: number, value: number): void {
    if (value === 0) return;
    this.count(position - this.lastEntry);
    this.count(value);
    this.lastEntry = position;
  }

  endEntries(): void {
    this.byte(0);
    this.lastEntry = -1;
  }

  /** A copy of what was written since begin(). */
  end(): Uint8Array {
    return this.bytes.slice(0, this.used);
  }

  private reserve(more: number): void {
    if (this.used + more <= this.bytes.length) return;
    const larger = new Uint8Array(2 * this.bytes.length + more);
    larger.set(this.bytes);
    this.bytes = larger;
    this.view = new DataView(larger.buffer);
  }
}

/** Reads what ByteWriter wrote. Beyond the end everything is 0 and `damaged` is true. */
export class ByteReader {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private at = 0;
  damaged = false;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  byte(): number {
    return this.passes(1) ? this.bytes[this.at - 1] : 0;
  }

  float(): number {
    return this.passes(8) ? this.view.getFloat64(this.at - 8) : 0;
  }

  word(): number {
    return this.passes(4) ? this.view.getUint32(this.at - 4) : 0;
  }

  count(): number {
    const first = this.byte();
    if (first < 128) return first;
    let value = first & 127;
    for (let scale = 128; ; scale *= 128) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }

  text(): string {
    const length = this.count();
    return this.passes(length) ? decoder.decode(this.bytes.subarray(this.at - length, this.at)) : '';
  }

  entries(each: (position: number, value: number) => void): void {
    let position = -1;
    for (let step = this.count(); step !== 0; step = this.count()) {
      position += step;
      each(position, this.count());
    }
  }

  /** Goes on behind so many bytes, or to the end where there are not as many. */
  private passes(length: number): boolean {
    this.at += length;
    if (this.at <= this.bytes.length) return true;
    this.at = this.bytes.length;
    this.damaged = true;
    return false;
  }
}

const MAGIC = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;
const RLE_BLOCK = 1;

/** Codes of the errors that are thrown: the file ends inside a frame; or something else follows a frame. */
export const CUT_OFF = 'ZSTD_CUT_OFF';
const NO_FRAME = 'ZSTD_NO_FRAME';

const fault = (code: string): Error => Object.assign(new Error(code), { code });

/**
 * Cuts a zstd file into its frames (RFC 8878), so that each is decompressed, and one that is cut off is noticed. Skippable
 * frames are left out.
 */
export class ZstdFrames {
  private readonly input: AsyncIterator<Buffer>;
  private held: Buffer = Buffer.alloc(0);
  private ended = false;

  constructor(raw: AsyncIterable<Buffer>) {
    this.input = raw[Symbol.asyncIterator]();
  }

  /** True when another frame follows; frame() gives it. Throws CUT_OFF when the last frame was, and NO_FRAME. */
  async begin(): Promise<boolean> {
    for (;;) {
      if (this.ended) throw fault(CUT_OFF);
      const begin = await this.peek(4);
      if (begin.length === 0) return false;
      if (begin.length < 4) throw fault(CUT_OFF);
      const magic = begin.readUInt32LE();
      if (magic === MAGIC) return true;
      if ((magic & 0xfffffff0) >>> 0 !== SKIPPABLE) throw fault(NO_FRAME);
      const header = await this.take(8);
      const length = header.length === 8 ? header.readUInt32LE(4) : 1;
      for await (const _ of this.pieces(length));
    }
  }

  /** The bytes of the frame that begins here, as far as they are there. */
  async *frame(): AsyncGenerator<Buffer, void, undefined> {
    const descriptor = (await this.peek(5))[4] ?? 0;
    const single = (descriptor >> 5) & 1;
    const dictionary = [0, 1, 2, 4][descriptor & 3]!;
    const size = [single, 2, 4, 8][descriptor >> 6]!;
    yield await this.take(5 + 1 - single + dictionary + size);
    for (let last = 0; last === 0 && !this.ended; ) {
      const header = await this.take(3);
      yield header;
      if (this.ended) return;
      const word = header.readUIntLE(0, 3);
      last = word & 1;
      yield* this.pieces(((word >> 1) & 3) === RLE_BLOCK ? 1 : word >> 3);
    }
    if ((descriptor >> 2) & 1 && !this.ended) yield await this.take(4);
  }

  /** At most `count` of the next bytes, fewer at the end of the file. */
  private async peek(count: number): Promise<Buffer> {
    while (this.held.length < count) {
      const { value, done } = await this.input.next();
      if (done) break;
      this.held = this.held.length === 0 ? value : Buffer.concat([this.held, value]);
    }
    return this.held.subarray(0, count);
  }

  /** The next bytes; the file has ended when they are fewer. */
  private async take(count: number): Promise<Buffer> {
    const bytes = await this.peek(count);
    this.ended ||= bytes.length < count;
    this.held = this.held.subarray(bytes.length);
    return bytes;
  }

  private async *pieces(count: number): AsyncGenerator<Buffer, void, undefined> {
    for (let left = count; left > 0 && !this.ended; ) {
      await this.peek(1);
      const piece = await this.take(Math.max(1, Math.min(left, this.held.length)));
      left -= piece.length;
      yield piece;
    }
  }
}

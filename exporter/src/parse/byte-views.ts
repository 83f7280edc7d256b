let block: Uint8Array | undefined;
let view = new DataView(new ArrayBuffer(0)) as DataView;

/**
 * The bytes as words that can be read four bytes at a time, at any position. Made once a block: consecutive
 * lines lie in the same one.
 */
export function wordsOf(bytes: Uint8Array): DataView {
  if (bytes === block) return view;
  block = bytes;
  view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view;
}

/**
 * Views of buffers: reading four bytes at once through one is some three times faster than byte by byte.
 * Lines come from few buffers, mostly from the last one again.
 */
export class Views {
  private readonly known = new WeakMap<Buffer, DataView>();
  private last: Buffer = Buffer.alloc(0);
  private lastView: DataView = new DataView(new ArrayBuffer(0));

  of(bytes: Buffer): DataView {
    if (bytes === this.last) return this.lastView;
    let view = this.known.get(bytes);
    if (view === undefined) {
      view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      this.known.set(bytes, view);
    }
    this.last = bytes;
    this.lastView = view;
    return view;
  }
}

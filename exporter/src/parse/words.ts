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

import { Views } from '../parse/byte-views.ts';

/** An entry: its hash and number, and where its two spans lie in the arena, the second right behind the first. */
const WIDTH = 5;
const HASH = 0;
const VALUE = 1;
const START = 2;
const MIDDLE = 3;
const END = 4;

/**
 * Numbers for pairs of byte spans, found without making a string: open addressing by a hash of the bytes,
 * confirmed by the bytes themselves. An absent span (-1, -1) is an empty one.
 */
export class SpanTable {
  /** Entry plus one by hash; 0 = free. */
  private slots = new Int32Array(1024);
  private entries = new Int32Array(512 * WIDTH);
  private arena: DataView = new DataView(new ArrayBuffer(32_768));
  private used = 0;
  private readonly seed = (Math.random() * 2 ** 32) | 0;
  private readonly views = [new Views(), new Views()];
  size = 0;

  /** The number added for the two spans, -1 when there is none. */
  find(a: Buffer, aStart: number, aEnd: number, b: Buffer, bStart: number, bEnd: number): number {
    const first = this.views[0].of(a);
    const second = this.views[1].of(b);
    const hash = mix(mix(this.seed, first, aStart, aEnd), second, bStart, bEnd);
    const { slots, entries, arena } = this;
    const mask = slots.length - 1;
    for (let slot = hash & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const at = (slots[slot] - 1) * WIDTH;
      if (
        entries[at + HASH] === hash &&
        isSpan(arena, entries[at + START], entries[at + MIDDLE], first, aStart, aEnd) &&
        isSpan(arena, entries[at + MIDDLE], entries[at + END], second, bStart, bEnd)
      )
        return entries[at + VALUE];
    }
    return -1;
  }

  /** Must not be there yet. */
  add(a: Buffer, aStart: number, aEnd: number, b: Buffer, bStart: number, bEnd: number, value: number): void {
    if (this.size * WIDTH === this.entries.length) this.growEntries();
    this.reserve(Math.max(0, aEnd - aStart) + Math.max(0, bEnd - bStart));
    const at = this.size * WIDTH;
    const { entries } = this;
    entries[at + HASH] = mix(
      mix(this.seed, this.views[0].of(a), aStart, aEnd),
      this.views[1].of(b),
      bStart,
      bEnd,
    );
    entries[at + VALUE] = value;
    entries[at + START] = this.used;
    for (let i = aStart; i < aEnd; i++) this.arena.setUint8(this.used++, a[i]);
    entries[at + MIDDLE] = this.used;
    for (let i = bStart; i < bEnd; i++) this.arena.setUint8(this.used++, b[i]);
    entries[at + END] = this.used;
    this.enter(this.size++);
  }

  clear(): void {
    this.slots.fill(0);
    this.size = 0;
    this.used = 0;
  }

  private enter(entry: number): void {
    const mask = this.slots.length - 1;
    let slot = this.entries[entry * WIDTH + HASH] & mask;
    while (this.slots[slot] !== 0) slot = (slot + 1) & mask;
    this.slots[slot] = entry + 1;
  }

  private growEntries(): void {
    const larger = new Int32Array(this.entries.length * 2);
    larger.set(this.entries);
    this.entries = larger;
    this.slots = new Int32Array(this.slots.length * 2);
    for (let entry = 0; entry < this.size; entry++) this.enter(entry);
  }

  private reserve(bytes: number): void {
    const { buffer, byteLength } = this.arena;
    if (this.used + bytes <= byteLength) return;
    const larger = new Uint8Array(Math.max(byteLength * 2, this.used + bytes));
    larger.set(new Uint8Array(buffer, 0, this.used));
    this.arena = new DataView(larger.buffer);
  }
}

/** Four bytes a step, the last step overlapping the one before; the finalizer of MurmurHash3. */
function mix(seed: number, bytes: DataView, start: number, end: number): number {
  let hash = seed ^ (end - start);
  let i = start;
  for (; i + 4 <= end; i += 4) hash = step(hash, bytes.getInt32(i, true));
  if (i < end && end - start >= 4) hash = step(hash, bytes.getInt32(end - 4, true));
  else for (; i < end; i++) hash = step(hash, bytes.getUint8(i));
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

function step(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}

function isSpan(
  arena: DataView,
  from: number,
  to: number,
  bytes: DataView,
  start: number,
  end: number,
): boolean {
  if (to - from !== end - start) return false;
  let i = from;
  let j = start;
  for (; j + 4 <= end; i += 4, j += 4) if (arena.getInt32(i, true) !== bytes.getInt32(j, true)) return false;
  if (j < end && end - start >= 4) return arena.getInt32(to - 4, true) === bytes.getInt32(end - 4, true);
  for (; j < end; i++, j++) if (arena.getUint8(i) !== bytes.getUint8(j)) return false;
  return true;
}

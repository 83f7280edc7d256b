import type { IpRow } from './changes.ts';
import { MAPPED_V4 } from './ip-words.ts';

const CHUNK_BITS = 14;
const CHUNK = 1 << CHUNK_BITS;
/** A row: key, four address words, first, last, next pair of the key plus one. Half a cache line. */
const WIDTH = 8;
const KEY = 0;
const FIRST = 5;
const LAST = 6;
const NEXT = 7;
const FREE = -1;
/** How far `last` may run ahead of its stored row, so that a steady load does not rewrite every pair. */
const STORE_EVERY = 300;

/**
 * (key, address) pairs with when they were first and last seen: rows in chunks, found by open addressing on
 * all five words, chained by key. A million take some 41 MiB. An IPv4 address stands in its mapped form
 * (0, 0, ffff, a.b.c.d).
 */
export class KeyIpTable {
  private readonly chunks: Int32Array[] = [];
  /** By chunk: 1 = the pair is to be stored, and how many are. A list of a million takes twenty times as much. */
  private readonly queued: Uint8Array[] = [];
  private readonly queuedIn: number[] = [];
  /** Pair plus one by hash; 0 = free. */
  private slots = new Int32Array(2048);
  private free = 0;
  private made = 0;
  size = 0;

  /** The pair's number, -1 when it is not there. */
  find(key: number, w0: number, w1: number, w2: number, w3: number): number {
    const { slots } = this;
    const mask = slots.length - 1;
    for (let slot = place(key, w0, w1, w2, w3) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const pair = slots[slot] - 1;
      const row = this.chunks[pair >>> CHUNK_BITS];
      const at = (pair & (CHUNK - 1)) * WIDTH;
      if (
        row[at + 4] === w3 &&
        row[at] === key &&
        row[at + 1] === w0 &&
        row[at + 2] === w1 &&
        row[at + 3] === w2
      )
        return pair;
    }
    return -1;
  }

  /** Makes a pair; `head` is the key's newest pair plus one, 0 = none. Returns the new head. */
  insert(
    key: number,
    w0: number,
    w1: number,
    w2: number,
    w3: number,
    first: number,
    last: number,
    head: number,
  ): number {
    if ((this.size + 1) * 2 > this.slots.length) this.rehash();
    const pair = this.take();
    const row = this.chunks[pair >>> CHUNK_BITS];
    const at = (pair & (CHUNK - 1)) * WIDTH;
    row[at] = key;
    row[at + 1] = w0;
    row[at + 2] = w1;
    row[at + 3] = w2;
    row[at + 4] = w3;
    row[at + FIRST] = first;
    row[at + LAST] = last;
    row[at + NEXT] = head;
    this.index(pair);
    this.size++;
    return pair + 1;
  }

  last(pair: number): number {
    return this.chunks[pair >>> CHUNK_BITS][(pair & (CHUNK - 1)) * WIDTH + LAST] >>> 0;
  }

  /** Sets when the pair was last seen; its row is stored when that crosses a multiple of STORE_EVERY. */
  move(pair: number, last: number): void {
    const row = this.chunks[pair >>> CHUNK_BITS];
    const at = (pair & (CHUNK - 1)) * WIDTH + LAST;
    const before = row[at] >>> 0;
    row[at] = last;
    if ((last / STORE_EVERY) >>> 0 !== (before / STORE_EVERY) >>> 0) this.queue(pair);
  }

  /** The pair is stored with the next commit. */
  queue(pair: number): void {
    const flags = this.queued[pair >>> CHUNK_BITS];
    if (flags[pair & (CHUNK - 1)] === 1) return;
    flags[pair & (CHUNK - 1)] = 1;
    this.queuedIn[pair >>> CHUNK_BITS]++;
  }

  /** The pair after this one in its key's chain, plus one; 0 = it is the last. */
  next(pair: number): number {
    return this.chunks[pair >>> CHUNK_BITS][(pair & (CHUNK - 1)) * WIDTH + NEXT];
  }

  /** Word 0–3 of the pair's address. */
  word(pair: number, i: number): number {
    return this.chunks[pair >>> CHUNK_BITS][(pair & (CHUNK - 1)) * WIDTH + 1 + i];
  }

  /** Forgets all pairs of a chain. */
  removeAll(head: number): void {
    for (let pair = head - 1; pair >= 0; ) {
      const next = this.next(pair) - 1;
      this.unindex(pair);
      const row = this.chunks[pair >>> CHUNK_BITS];
      const at = (pair & (CHUNK - 1)) * WIDTH;
      row[at + KEY] = FREE;
      row[at + NEXT] = this.free;
      this.free = pair + 1;
      this.size--;
      pair = next;
    }
  }

  get dirtyCount(): number {
    return this.queuedIn.reduce((sum, count) => sum + count, 0);
  }

  /** Rows that differ from what is stored, forgotten pairs left out. */
  *dirtyRows(): Generator<IpRow> {
    for (const [chunk, row] of this.chunks.entries()) {
      if (this.queuedIn[chunk] === 0) continue;
      for (let pair = 0; pair < CHUNK; pair++) {
        const at = pair * WIDTH;
        if (this.queued[chunk][pair] === 0 || row[at] === FREE) continue;
        yield {
          key: row[at],
          ip: bytesOf(row, at + 1),
          first: row[at + FIRST] >>> 0,
          last: row[at + LAST] >>> 0,
        };
      }
    }
  }

  markCommitted(): void {
    for (const [chunk, count] of this.queuedIn.entries()) {
      if (count > 0) this.queued[chunk].fill(0);
      this.queuedIn[chunk] = 0;
    }
  }

  private take(): number {
    if (this.free > 0) {
      const pair = this.free - 1;
      this.free = this.next(pair);
      return pair;
    }
    if (this.made === this.chunks.length * CHUNK) {
      this.chunks.push(new Int32Array(CHUNK * WIDTH));
      this.queued.push(new Uint8Array(CHUNK));
      this.queuedIn.push(0);
    }
    return this.made++;
  }

  private placeOf(pair: number): number {
    const row = this.chunks[pair >>> CHUNK_BITS];
    const at = (pair & (CHUNK - 1)) * WIDTH;
    return place(row[at], row[at + 1], row[at + 2], row[at + 3], row[at + 4]);
  }

  private index(pair: number): void {
    const mask = this.slots.length - 1;
    let slot = this.placeOf(pair) & mask;
    while (this.slots[slot] !== 0) slot = (slot + 1) & mask;
    this.slots[slot] = pair + 1;
  }

  /** Takes the pair's slot out and closes the run behind it (Knuth, volume 3, 6.4, algorithm R). */
  private unindex(pair: number): void {
    const { slots } = this;
    const mask = slots.length - 1;
    let hole = this.placeOf(pair) & mask;
    while (slots[hole] !== pair + 1) hole = (hole + 1) & mask;
    for (let slot = (hole + 1) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const home = this.placeOf(slots[slot] - 1) & mask;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      slots[hole] = slots[slot];
      hole = slot;
    }
    slots[hole] = 0;
  }

  private rehash(): void {
    const before = this.slots;
    this.slots = new Int32Array(before.length * 2);
    for (const slot of before) if (slot !== 0) this.index(slot - 1);
  }
}

function place(key: number, w0: number, w1: number, w2: number, w3: number): number {
  let hash = Math.imul(key ^ 0x5bd1e995, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 15) ^ w0, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13) ^ w1, 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 15) ^ w2, 0x27d4eb2f);
  hash = Math.imul(hash ^ (hash >>> 13) ^ w3, 0x165667b1);
  return hash ^ (hash >>> 16);
}

function bytesOf(words: Int32Array, at: number): Uint8Array {
  const mapped = words[at] === 0 && words[at + 1] === 0 && words[at + 2] === MAPPED_V4;
  const bytes = new Uint8Array(mapped ? 4 : 16);
  for (let i = 0; i < bytes.length; i++) {
    const word = words[at + (mapped ? 3 : i >> 2)];
    bytes[i] = word >>> (24 - (i & 3) * 8);
  }
  return bytes;
}

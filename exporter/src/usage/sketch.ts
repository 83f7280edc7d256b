import { ByteReader, ByteWriter } from './bytes.ts';
import { wordsOf } from './ip-words.ts';

/** Registers, m. The standard error of an estimate is 1.04 / √m = 3.3 %. */
export const REGISTER_BITS = 10;
export const REGISTERS = 1 << REGISTER_BITS;
/** Ranks told apart; enough for m · 2^24 addresses. */
export const RANKS = 24;
/** α of Flajolet et al. for m → ∞, as Ertl uses it: 1 / (2 ln 2). */
const ALPHA = 1 / (2 * Math.LN2);
/** Nothing older is asked for: 30 days and a margin. */
const KEPT = 31 * 86_400;
const VERSION = 1;
/** Part of the stored forms. */
const FIRST_SEED = 0x2545f491;
const SECOND_SEED = 0x6c8e9cf5;

const writer = new ByteWriter();

/**
 * How many different addresses were seen within any time up to 30 days: a HyperLogLog whose registers remember
 * for every rank when it was last seen (Chabchoub and Hébrail, "Sliding HyperLogLog", 2010). Taking in an
 * address twice, late or in another order gives the same sketch, and two merge cell by cell by the maximum.
 *
 * An address, hashed to 64 bits, belongs to the register of its first 10 bits, with the position of the first
 * 1 in its second 32 bits as rank. The estimate is Ertl's ("New cardinality estimation algorithms for
 * HyperLogLog sketches", 2017, section 4): α m² / (m σ(C₀/m) + Σ C_k 2^-k), with C_k registers whose highest
 * rank within the window is k. σ makes it right from 0 on, where the classic form switches to linear counting.
 */
export class Sketch {
  /** [register * RANKS + rank - 1] = when it was last seen, seconds since the epoch, 0 = never. */
  private readonly cells = new Uint32Array(REGISTERS * RANKS);

  /** An address as four words, seen at `second`. Returns whether the sketch is different now. */
  add(w0: number, w1: number, w2: number, w3: number, second: number): boolean {
    const register = hash(w0, w1, w2, w3, FIRST_SEED) >>> (32 - REGISTER_BITS);
    const rank = Math.min(RANKS, Math.clz32(hash(w0, w1, w2, w3, SECOND_SEED)) + 1);
    const cell = register * RANKS + rank - 1;
    if (second <= this.cells[cell]) return false;
    this.cells[cell] = second;
    return true;
  }

  /** The same of an address as rows have it, 4 or 16 bytes. */
  addBytes(ip: Uint8Array, second: number): boolean {
    const [w0, w1, w2, w3] = wordsOf(ip);
    return this.add(w0, w1, w2, w3, second);
  }

  /** The newest second and how many cells are set: of two states of one sketch the later one has the greater. */
  progress(): string {
    let newest = 0;
    let set = 0;
    for (const second of this.cells) {
      if (second > newest) newest = second;
      if (second > 0) set++;
    }
    return `${newest}|${String(set).padStart(5, '0')}`;
  }

  /** Takes in what another one saw. */
  merge({ cells }: Sketch): void {
    for (let cell = 0; cell < cells.length; cell++)
      if (cells[cell] > this.cells[cell]) this.cells[cell] = cells[cell];
  }

  /** Estimated number of addresses seen after the second `since`. */
  estimate(since: number): number {
    const { cells } = this;
    return registersEstimate((register) => {
      let rank = RANKS;
      while (rank > 0 && cells[register * RANKS + rank - 1] <= since) rank--;
      return rank;
    });
  }

  /**
   * Per register the cells that can still matter: those later than all of higher ranks, highest rank first.
   */
  encode(): Uint8Array {
    let newest = 0;
    for (const second of this.cells) if (second > newest) newest = second;
    writer.begin();
    writer.byte(VERSION);
    writer.count(newest);
    for (let register = 0; register < REGISTERS; register++) {
      let latest = Math.max(0, newest - KEPT);
      for (let rank = RANKS; rank > 0; rank--) {
        const second = this.cells[register * RANKS + rank - 1];
        if (second <= latest) continue;
        writer.byte(rank);
        writer.count(newest - second);
        latest = second;
      }
      writer.byte(0);
    }
    return writer.end();
  }

  /** An empty sketch when the bytes are of another version. */
  static decode(bytes: Uint8Array): Sketch {
    const sketch = new Sketch();
    const reader = new ByteReader(bytes);
    if (reader.byte() !== VERSION) return sketch;
    const newest = reader.count();
    for (let register = 0; register < REGISTERS; register++)
      for (let rank = reader.byte(); rank > 0 && rank <= RANKS; rank = reader.byte())
        sketch.cells[register * RANKS + rank - 1] = newest - reader.count();
    return sketch;
  }
}

/** Ertl's estimate from the highest rank of each register, 0 = none. */
export function registersEstimate(rankOf: (register: number) => number): number {
  let sum = 0;
  let empty = 0;
  for (let register = 0; register < REGISTERS; register++) {
    const rank = rankOf(register);
    if (rank === 0) empty++;
    else sum += 2 ** -rank;
  }
  if (empty === REGISTERS) return 0;
  return Math.round((ALPHA * REGISTERS * REGISTERS) / (REGISTERS * sigma(empty / REGISTERS) + sum));
}

/** The two hashes of an address: the first bits of one are its register, the zeros of the other its rank. */
export const addressHashes = (w0: number, w1: number, w2: number, w3: number): [number, number] => [
  hash(w0, w1, w2, w3, FIRST_SEED) >>> 0,
  hash(w0, w1, w2, w3, SECOND_SEED) >>> 0,
];

/** Ertl's σ(x) = x + Σ x^(2^k) 2^(k-1), for 0 ≤ x < 1. */
function sigma(x: number): number {
  let power = x;
  let sum = x;
  for (let weight = 1, before = -1; sum !== before; weight *= 2) {
    before = sum;
    power *= power;
    sum += power * weight;
  }
  return sum;
}

/** MurmurHash3 (x86, 32 bit) of four words. */
function hash(w0: number, w1: number, w2: number, w3: number, seed: number): number {
  let h = block(block(block(block(seed, w0), w1), w2), w3) ^ 16;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

function block(h: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  const mixed = h ^ k;
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

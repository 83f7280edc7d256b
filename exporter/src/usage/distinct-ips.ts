import type { ByteReader, ByteWriter } from './bytes.ts';
import { addressHashes, RANKS, REGISTER_BITS, REGISTERS, registersEstimate } from './sketch.ts';

/** Addresses told apart exactly, by 64 bits of hash each; more are counted by a HyperLogLog. */
const EXACT = 128;
const EXACT_FORM = 0;
const SKETCH_FORM = 1;
const NONE = new Uint32Array(0);

/**
 * How many different addresses one day had, as a set that merges: taking an address in twice, late or in
 * another order gives the same. Only hashes are kept, so what is stored for ever holds no address. Exact up to
 * 128 addresses (but for two that share 64 bits of hash), beyond that with a standard error of 3.3 %.
 */
export class DistinctIps {
  /**
   * Two hashes an address, as many as are held, in order, so that the same set is always the same bytes; undefined
   * once a sketch counts. Most days of keys have few.
   */
  private exact: Uint32Array | undefined = NONE;
  private held = 0;
  private ranks: Uint8Array | undefined;

  /** An address as four words. */
  add(w0: number, w1: number, w2: number, w3: number): void {
    this.addHashes(...addressHashes(w0, w1, w2, w3));
  }

  /** True when the count is an estimate. */
  get approximate(): boolean {
    return this.ranks !== undefined;
  }

  count(): number {
    if (!this.ranks) return this.held;
    return registersEstimate((register) => (this.ranks as Uint8Array)[register]);
  }

  merge(other: DistinctIps): void {
    if (other.ranks) {
      const ranks = this.sketched();
      for (let i = 0; i < REGISTERS; i++) if (other.ranks[i] > ranks[i]) ranks[i] = other.ranks[i];
    } else if (other.exact)
      for (let i = 0; i < 2 * other.held; i += 2) this.addHashes(other.exact[i], other.exact[i + 1]);
  }

  write(writer: ByteWriter): void {
    if (this.ranks) {
      writer.byte(SKETCH_FORM);
      for (let register = 0; register < REGISTERS; register++) writer.entry(register, this.ranks[register]);
      writer.endEntries();
      return;
    }
    writer.byte(EXACT_FORM);
    const { exact = NONE, held } = this;
    writer.count(held);
    for (let i = 0; i < 2 * held; i++) writer.word(exact[i]);
  }

  read(reader: ByteReader): void {
    if (reader.byte() === SKETCH_FORM) {
      const ranks = this.sketched();
      reader.entries((register, rank) => {
        if (register < REGISTERS) ranks[register] = Math.min(rank, RANKS);
      });
      return;
    }
    const held = Math.min(reader.count(), EXACT);
    const exact = new Uint32Array(2 * held);
    for (let i = 0; i < 2 * held; i++) exact[i] = reader.word();
    this.exact = exact;
    this.held = held;
  }

  private addHashes(first: number, second: number): void {
    if (this.exact) {
      const at = this.placeOf(this.exact, first, second);
      if (at < 2 * this.held && this.exact[at] === first && this.exact[at + 1] === second) return;
      if (this.held < EXACT) {
        this.exact = withRoom(this.exact, 2 * this.held);
        this.exact.copyWithin(at + 2, at, 2 * this.held);
        this.exact[at] = first;
        this.exact[at + 1] = second;
        this.held++;
        return;
      }
    }
    note(this.sketched(), first, second);
  }

  /** Where the address is, or belongs. They are few: a table would take thirty times the memory. */
  private placeOf(exact: Uint32Array, first: number, second: number): number {
    let at = 0;
    const end = 2 * this.held;
    while (at < end && (exact[at] < first || (exact[at] === first && exact[at + 1] < second))) at += 2;
    return at;
  }

  /** The registers, made of the exact addresses the first time. */
  private sketched(): Uint8Array {
    if (this.ranks) return this.ranks;
    const ranks = new Uint8Array(REGISTERS);
    const { exact = NONE, held } = this;
    for (let i = 0; i < 2 * held; i += 2) note(ranks, exact[i], exact[i + 1]);
    this.exact = undefined;
    this.ranks = ranks;
    return ranks;
  }
}

function withRoom(exact: Uint32Array, used: number): Uint32Array {
  if (used < exact.length) return exact;
  const larger = new Uint32Array(Math.max(8, 2 * used));
  larger.set(exact);
  return larger;
}

function note(ranks: Uint8Array, first: number, second: number): void {
  const register = first >>> (32 - REGISTER_BITS);
  const rank = Math.min(RANKS, Math.clz32(second) + 1);
  if (rank > ranks[register]) ranks[register] = rank;
}

import { type FoundFile, inodeOf, openEntry } from './file.ts';
import { GzipProbe, type Interests } from './gzip.ts';

/** A half-written .gz that has not changed for this long will not be completed. */
const GIVEN_UP_MS = 3_600_000;

interface Candidate {
  size: number;
  modifiedMs: number;
  /** undefined = changed at the last look; it is probed once it rests. */
  probe: GzipProbe | undefined;
  asked: boolean;
}

export type ProbeAnswer = GzipProbe | 'pending' | 'incomplete' | 'corrupt' | 'unreadable';

/** The .gz files whose content somebody asked about: each is decompressed once, again only when it changed. */
export class GzipProbes {
  private readonly candidates = new Map<string, Candidate>();
  private readonly interests: Interests;

  constructor(interests: Interests) {
    this.interests = interests;
  }

  /** What is known of a .gz by now; starts to find out. Throws when it cannot be opened. */
  ask(entry: FoundFile): ProbeAnswer {
    const key = inodeOf(entry);
    const { size, modifiedMs } = entry;
    let known = this.candidates.get(key);
    if (known && (known.size !== size || known.modifiedMs !== modifiedMs)) {
      known.probe?.close();
      this.candidates.set(key, { size, modifiedMs, probe: undefined, asked: true });
      return 'incomplete';
    }
    known ??= { size, modifiedMs, probe: undefined, asked: true };
    known.asked = true;
    if (!known.probe) {
      const fd = openEntry(entry);
      if (fd === undefined) return 'incomplete';
      known.probe = new GzipProbe(fd, this.interests);
      this.candidates.set(key, known);
    }
    const { state } = known.probe;
    if (state === 'complete') return known.probe;
    if (state === 'running') return 'pending';
    if (state === 'incomplete') return Date.now() - modifiedMs > GIVEN_UP_MS ? 'corrupt' : 'incomplete';
    return state;
  }

  /** The head that could be seen of a file that is corrupt. */
  headOf(entry: FoundFile): Buffer {
    return this.candidates.get(inodeOf(entry))?.probe?.head ?? Buffer.alloc(0);
  }

  /** Asks anew at the next look: what was noted does not answer the question any more. */
  forget(entry: FoundFile): void {
    const key = inodeOf(entry);
    this.candidates.get(key)?.probe?.close();
    this.candidates.delete(key);
  }

  /** Lets go of what nobody asked about since the last call. */
  sweep(): void {
    for (const [key, candidate] of this.candidates) {
      if (!candidate.asked) {
        candidate.probe?.close();
        this.candidates.delete(key);
      }
      candidate.asked = false;
    }
  }

  get running(): GzipProbe[] {
    const probes = [...this.candidates.values()].map(({ probe }) => probe);
    return probes.filter((probe): probe is GzipProbe => probe?.state === 'running');
  }

  close(): void {
    for (const { probe } of this.candidates.values()) probe?.close();
  }
}

import type { Coverage } from '../history/coverage.ts';
import type { KeyRegistry } from '../keys/registry.ts';
import type { DailyReader } from '../store/daily-reader.ts';

/** What answers are made of, all of one moment. */
export interface Source {
  reader: DailyReader;
  registry: KeyRegistry;
  /** Directory of the archive, whether it is there or not. */
  recordPath: string;
  /** Seconds since the epoch. */
  now: number;
  coverage: Coverage;
}

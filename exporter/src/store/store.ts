import type { SourceCounter } from '../log/counters.ts';
import type { FilePosition, JournalCursor, PositionChanges } from '../log/position.ts';
import type { Changes } from '../usage/changes.ts';
import type { DailyReader } from './daily-reader.ts';
import type { ForgottenEntry, ForgottenKey } from './forgetting.ts';
import type { SegmentRow } from './row-types.ts';

/** Everything one commit makes durable, together or not at all. */
export interface Commit {
  changes: Changes;
  positions: PositionChanges;
  counters: SourceCounter[];
  /** Of sources that read the journal; absent where there are none. */
  cursors?: JournalCursor[];
  /** What the archive's spool holds; absent where no archive is kept. */
  segments?: SegmentChanges;
}

export interface SegmentChanges {
  put: SegmentRow[];
  /** Numbers of the segments that are in the archive. */
  drop: number[];
}

/** Everything the store holds. `first` is true when there was no store before: what is read now is history. */
export interface Loaded {
  changes: Changes;
  positions: FilePosition[];
  counters: SourceCounter[];
  cursors: JournalCursor[];
  segments: SegmentRow[];
  /** True until a commit with `backlogRead` was made: a crash during the first backlog leaves it true. */
  first: boolean;
}

/** The part of Changes that says what is known of keys. */
export type LoadedKeys = Pick<Changes, 'keys' | 'keyUsage' | 'surfaces' | 'sketches' | 'ips'>;

/** What the exporter that writes a store says of itself, for commands that are given the store alone. */
export interface Serving {
  /** Its `instance.id`. */
  instance: string;
  /** It shares facts with other exporters, so that this store has one part of all requests. */
  shared: boolean;
  /** Absolute path of its keys file; '' = it has none. */
  keysFile: string;
}

/** The store has one write and one read. What load() gave is to be iterated before the next commit. */
export interface Store {
  load(): Loaded;
  /**
   * Atomic and durable when it returns. Throws StoreError when nothing was written; the caller keeps its
   * changes and tries again.
   */
  commit(commit: Commit, backlogRead: boolean): void;
  /**
   * Puts days in the place of what is stored of them, with keys and endpoints that are new; a day without requests
   * leaves nothing there. As atomic as a commit.
   */
  replaceDays(changes: Pick<Changes, 'keys' | 'endpoints' | 'days'>): void;
  /** Removes keys with all that is counted under them, and notes it. As atomic as a commit. */
  forgetKeys(
    keys: readonly (ForgottenKey & { key: number })[],
    note: Pick<ForgottenEntry, 'at' | 'by'>,
  ): void;
  /** Notes who writes the store. What cannot be written now goes with the next commit. Never throws. */
  noteServing(serving: Serving): void;
  readonly daily: DailyReader;
  close(): void;
}

/** What a command may do beside a running exporter. */
export interface StoreReader {
  load(): Loaded;
  readonly daily: DailyReader;
  /** The archive's spool alone. */
  segments(): SegmentRow[];
  /** What other exporters are told of the keys, and nothing else. */
  loadKeys(): LoadedKeys;
  /** What tells this store and its copies from all others, as long as it is. */
  id(): string;
  /** The exporter that wrote it last; undefined = an older one, which did not say. */
  serving(): Serving | undefined;
  /** The keys that were ever removed by forgetKeys(), oldest first. */
  forgotten(): ForgottenEntry[];
  close(): void;
}

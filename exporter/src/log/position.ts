/**
 * How far a file has been read, and what tells that it is still the same file. Committed by the store in
 * one transaction with everything the bytes before `offset` changed.
 */
export interface FilePosition {
  /** Stable number of the file within this store. */
  id: number;
  /** The configured source the file belongs to. */
  source: string;
  /** The path it was last seen under. */
  path: string;
  dev: string;
  ino: string;
  /** Hash over the first headLength bytes of content (of the decompressed content for .gz), hex. */
  headLength: number;
  headHash: string;
  /** Hash over the tailLength bytes of content that end at offset, hex. */
  tailLength: number;
  tailHash: string;
  /** Bytes of content accounted for (of decompressed content for .gz). */
  offset: number;
  /** Size of the content when last looked at; offset < size means bytes are known to be pending. */
  size: number;
  /** True while an over-long line is being skipped: it was counted, its rest must not be. */
  skipping: boolean;
  /** following = still grows under its path; draining = rotated away, being read to its end; done = read to its end. */
  phase: 'following' | 'draining' | 'done';
  /** Last modification as last seen, milliseconds since the epoch; orders rotated files. */
  modifiedMs: number;
  /** While files beside it are still to be told: those modified from then on may be unread contents. 0 = all are told. */
  unsureSinceMs: number;
}

/** How far the journal of a source has been read. Committed like a position. */
export interface JournalCursor {
  source: string;
  /** journalctl's cursor of an entry, of the source or of any other; '' = the beginning. */
  cursor: string;
  /** Everything up to this entry is accounted for; false = the entry itself is still to be read. */
  done: boolean;
}

/** What changed since the last commit. */
export interface PositionChanges {
  put: FilePosition[];
  /** Ids of files that are gone and need no memory any more. */
  drop: number[];
}

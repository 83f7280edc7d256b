/** One file of the archive's spool and how many of its bytes count: what is behind them was never committed. */
export interface SegmentRow {
  /** Its number, which is also its name. */
  segment: number;
  /** Bytes. */
  length: number;
  /** Nothing is appended any more: it may be made into Parquet. */
  closed: boolean;
}

/** A key's day as it is stored: code that only passes it on need not decode it. */
export interface EncodedDay {
  key: number;
  /** Since the epoch. */
  day: number;
  /** See DayFigures. */
  bytes: Uint8Array;
}

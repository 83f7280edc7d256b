/**
 * Counters about reading, one set a source. They are committed with the positions, so they go on across
 * restarts like every other counter and count a line once.
 */
export interface SourceCounter {
  source: string;
  counter: SourceCounterName;
  /** Rejection, loss reason, ignored field or failing operation; '' for counters without a reason. */
  reason: string;
  value: number;
}

/** The one list of per-source counters: metric suffix → help text. */
export const SOURCE_COUNTERS = {
  lines_total: 'Lines read, accepted or not',
  bytes_total: 'Bytes of log content read',
  lines_rejected_total: 'Lines not counted as requests, by reason',
  fields_ignored_total: 'Optional fields with an unusable value. The request counts without them',
  bytes_lost_total: 'Bytes that were removed before they were read, by reason',
  rotations_total: 'Files rotated by rename',
  truncations_total: 'Files truncated in place',
  file_errors_total: 'Failed operations on log files, by op',
  journal_gaps_total: 'Times that entries may have been removed from the journal before they were read',
} as const;

export type SourceCounterName = keyof typeof SOURCE_COUNTERS;

/** Why bytes are gone: reason label → meaning. */
export const LOSSES = {
  truncated: 'the file was truncated in place and no copy holds the unread bytes',
  deleted: 'the file was removed or replaced while the exporter was stopped, with bytes unread',
  unreadable: 'a compressed file is damaged beyond repair',
} as const;

export class SourceCounters {
  private readonly values = new Map<string, SourceCounter>();
  private readonly dirty = new Set<SourceCounter>();

  restore(rows: SourceCounter[]): void {
    for (const row of rows) this.values.set(slot(row.source, row.counter, row.reason), { ...row });
  }

  add(source: string, counter: SourceCounterName, reason: string, by: number): void {
    const key = slot(source, counter, reason);
    let row = this.values.get(key);
    if (!row) {
      row = { source, counter, reason, value: 0 };
      this.values.set(key, row);
    }
    row.value += by;
    this.dirty.add(row);
  }

  /** Rows changed since the last commit, as copies. */
  changes(): SourceCounter[] {
    return [...this.dirty].map((row) => ({ ...row }));
  }

  /** The changes() just taken are committed. */
  markCommitted(): void {
    this.dirty.clear();
  }
}

/** JSON keeps ('a','b|c') and ('a|b','c') apart, which joining with a separator would not. */
const slot = (...parts: string[]): string => JSON.stringify(parts);

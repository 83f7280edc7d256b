import { rmSync } from 'node:fs';
import { withoutRawKeys } from '../keys/raw-keys.ts';
import type { LogRecord } from '../parse/log-record.ts';
import { mayHoldRawKey } from '../parse/masking.ts';
import type { Lock } from '../store/lock.ts';
import type { SegmentRow } from '../store/row-types.ts';
import type { SegmentChanges } from '../store/store.ts';
import type { KeyRegistry } from '../usage/options.ts';
import { spoolFile } from './layout.ts';
import { takeSpool } from './spool-directory.ts';
import { SpoolFile, syncDirectoryOf } from './spool-file.ts';
import {
  BLOCK_ROWS,
  blockBytes,
  emptyColumns,
  encodeBlock,
  FRAMES,
  LONGEST_ID,
  NONE,
  sameColumns,
} from './spool-format.ts';
import { cut, SpoolNames } from './spool-names.ts';

export interface SpoolOptions {
  /** `record.path`. */
  path: string;
  /** Seconds after which a segment is closed, so that it can be sealed. */
  sealEvery: number;
}

/** Requests after which a segment is closed. */
const SEGMENT_ROWS = 1_000_000;
/** By byte: which letters of `sa_`, with which raw keys begin, it may stand for; a percent sign for any of them. */
const SUSPECT = new Uint8Array(256);
const MAY_BE_KEY = 7;
for (const [i, letters] of ['sS', 'aA', '_'].entries())
  for (const letter of `${letters}%`) SUSPECT[letter.charCodeAt(0)] |= 1 << i;
const WRITE_BYTES = 512 * 1024;
/** What a full disk may leave pending before reading stops. */
const MOST_PENDING = 32 * 1024 * 1024;

/**
 * Where accepted requests wait for their Parquet file. Used as append …, write at the end of a turn, changes()
 * inside a commit (everything is on disk when it returns), markCommitted() after it. What was appended and not committed
 * is cut off at the next start, together with the positions it came from: each line is here exactly once.
 */
export class Spool {
  private readonly options: SpoolOptions;
  private readonly clock: () => number;
  private readonly columns = emptyColumns();
  private rows = 0;
  private idBytes = 0;
  private readonly lock: Lock;
  private readonly names: SpoolNames;
  private file: SpoolFile;
  private segment: number;
  private segmentRows = 0;
  private openedAt = 0;
  private committed = 0;
  /** Closed, in the store and not sealed. */
  private readonly waiting = new Map<number, SegmentRow>();
  private closing: SegmentRow[] = [];
  private dropping: number[] = [];
  private putting: SegmentRow | undefined;

  /** `stored` as last committed; `clock` gives milliseconds since the epoch. Throws as takeSpool. */
  constructor(options: SpoolOptions, stored: SegmentRow[], registry: KeyRegistry, clock: () => number) {
    this.options = options;
    this.clock = clock;
    this.lock = takeSpool(options.path, stored);
    // The names in a segment that was open are not known any more.
    for (const row of stored)
      if (row.closed) this.waiting.set(row.segment, row);
      else this.closing.push({ ...row, closed: true });
    this.segment = Math.max(clock(), ...stored.map(({ segment }) => segment + 1));
    this.file = new SpoolFile(spoolFile(options.path, this.segment));
    this.names = new SpoolNames(
      (kind, payload) => this.file.frame(kind, payload.length, (out, at) => payload.copy(out, at)),
      registry,
    );
  }

  append(record: LogRecord): void {
    const { columns, rows } = this;
    columns.time[rows] = Math.floor(record.timestampMs);
    columns.identity[rows] = this.names.identityOf(record);
    columns.endpoint[rows] = this.names.endpointOf(record);
    columns.agent[rows] = this.names.agentOf(record);
    columns.family[rows] = record.ipFamily;
    columns.ip0[rows] = record.ip0;
    columns.ip1[rows] = record.ip1;
    columns.ip2[rows] = record.ip2;
    columns.ip3[rows] = record.ip3;
    const { responseBytes } = record;
    columns.bytes[rows] = responseBytes >= 0 ? Math.min(responseBytes, NONE - 1) : NONE;
    columns.duration[rows] = record.durationSeconds * 1000;
    columns.status[rows] = record.status;
    columns.idLength[rows] = this.takeId(record);
    if (++this.rows === BLOCK_ROWS) this.endBlock();
  }

  registryChanged(registry: KeyRegistry): void {
    this.names.registryChanged(registry);
  }

  /** True while the disk takes nothing: lines wait in their files until it does again. */
  get blocked(): boolean {
    return this.file.pending > MOST_PENDING;
  }

  /** Hands larger amounts to the system, so that a commit finds little left. An error comes back at the commit. */
  write(): void {
    if (this.file.pending < WRITE_BYTES) return;
    try {
      this.file.write();
    } catch {
      // Everything not written stays pending.
    }
  }

  /** What a commit must say about the spool; all it speaks of is durable. Throws the system's error. */
  changes(): SegmentChanges {
    if (this.rows > 0) this.endBlock();
    this.putting = undefined;
    if (this.segmentRows > 0) {
      this.file.write();
      const length = this.file.sync();
      if (this.committed === 0) syncDirectoryOf(spoolFile(this.options.path, this.segment));
      const closed =
        this.segmentRows >= SEGMENT_ROWS ||
        // A clock that was put back must not keep it open until it comes round again.
        Math.abs(this.clock() - this.openedAt) >= this.options.sealEvery * 1000;
      if (length > this.committed || closed) this.putting = { segment: this.segment, length, closed };
    }
    return { put: [...this.closing, ...(this.putting ? [this.putting] : [])], drop: [...this.dropping] };
  }

  /** The changes() just taken are committed. Returns true when a segment became ready to be sealed. */
  markCommitted(): boolean {
    for (const segment of this.dropping) rmSync(spoolFile(this.options.path, segment), { force: true });
    const ready = this.closing.length > 0 || this.putting?.closed === true;
    for (const row of this.closing) this.waiting.set(row.segment, row);
    this.dropping = [];
    this.closing = [];
    if (this.putting) this.committed = this.putting.length;
    if (this.putting?.closed) {
      this.waiting.set(this.putting.segment, this.putting);
      this.begin();
    }
    this.putting = undefined;
    return ready;
  }

  /** Segments that may be sealed, oldest first. */
  ready(): SegmentRow[] {
    return [...this.waiting.values()].sort((a, b) => a.segment - b.segment);
  }

  /** These are in the archive: the next commit forgets them. */
  sealed(segments: number[]): void {
    for (const segment of segments) if (this.waiting.delete(segment)) this.dropping.push(segment);
  }

  close(): void {
    this.file.close();
    this.lock.release();
  }

  private begin(): void {
    this.file.close();
    this.segment = Math.max(this.clock(), this.segment + 1);
    this.file = new SpoolFile(spoolFile(this.options.path, this.segment));
    this.names.clear();
    this.segmentRows = 0;
    this.committed = 0;
  }

  private endBlock(): void {
    if (this.segmentRows === 0) this.openedAt = this.clock();
    const { columns, rows, idBytes } = this;
    const same = sameColumns(columns, rows);
    this.file.frame(FRAMES.requests, blockBytes(rows, idBytes, same), (out, at) =>
      encodeBlock(columns, rows, idBytes, same, out, at),
    );
    this.segmentRows += this.rows;
    this.rows = 0;
    this.idBytes = 0;
  }

  /** Copies the request id, cut, and masked where it may hold a raw key. Returns its length. */
  private takeId({ bytes, requestIdStart, requestIdEnd }: LogRecord): number {
    const length = requestIdEnd - requestIdStart;
    if (length <= 0) return 0;
    if (length > LONGEST_ID) return this.takeMasked(bytes.toString('utf8', requestIdStart, requestIdEnd));
    const { idBytes } = this;
    const { ids } = this.columns;
    let suspect = 0;
    for (let from = requestIdStart, to = idBytes; from < requestIdEnd; ) {
      const c = bytes[from++];
      ids[to++] = c;
      suspect |= SUSPECT[c];
    }
    if (suspect === MAY_BE_KEY && mayHoldRawKey(bytes, requestIdStart, requestIdEnd))
      return this.takeMasked(bytes.toString('utf8', requestIdStart, requestIdEnd));
    this.idBytes = idBytes + length;
    return length;
  }

  private takeMasked(id: string): number {
    const kept = Buffer.from(cut(withoutRawKeys(id), LONGEST_ID));
    this.columns.ids.set(kept, this.idBytes);
    this.idBytes += kept.length;
    return kept.length;
  }
}

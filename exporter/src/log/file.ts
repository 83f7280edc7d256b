import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { type ContentForm, formOf } from './content-form.ts';
import {
  type Checkpoint,
  type ContentProbe,
  checkpointIn,
  FILE_START,
  HEAD_BYTES,
  hashOf,
  isDistinctive,
  probeOfFile,
  readFully,
  TAIL_BYTES,
} from './content-identity.ts';
import type { LOSSES } from './counters.ts';
import type { GzipContent } from './gzip.ts';
import { hasNul, type LineSplitter } from './lines.ts';
import type { FilePosition } from './position.ts';
import { isGzip } from './siblings.ts';
import type { FileRef, LineSink } from './sink.ts';

/** A file as a look at the file system finds it. */
export interface FoundFile {
  path: string;
  dev: string;
  ino: string;
  /** Bytes on disk (compressed for .gz). */
  size: number;
  modifiedMs: number;
  /** When the inode was created; 0 where the file system does not tell. */
  bornMs: number;
}

export const inodeOf = (file: { dev: string; ino: string }): string => `${file.dev}:${file.ino}`;

/**
 * Two buffers of the same layout: TAIL_BYTES before a block, then the block. The sink may rewrite `working`, also
 * from another thread. Two more are filled with what is read ahead.
 */
export class BlockBuffers {
  readonly capacity: number;
  pristine: Buffer;
  working: Buffer;
  private spare: { pristine: Buffer; working: Buffer };
  /** Whether there is a NUL in the block, where that is known. */
  containsNul: boolean | undefined;
  private ahead: { file: LogFile; offset: number; count: number; containsNul: boolean } | undefined;

  constructor(capacity: number) {
    const buffers = () => ({
      pristine: Buffer.allocUnsafeSlow(TAIL_BYTES + capacity),
      working: Buffer.from(new SharedArrayBuffer(TAIL_BYTES + capacity)),
    });
    this.capacity = capacity;
    ({ pristine: this.pristine, working: this.working } = buffers());
    this.spare = buffers();
  }

  /** Reads at most `length` bytes that will be asked for next. Never throws: another thread is at work on the block. */
  readAhead(file: LogFile, offset: number, length: number): void {
    const { pristine, working } = this.spare;
    try {
      const count = readFully(file.fd!, pristine, TAIL_BYTES, length, offset);
      pristine.copy(working, TAIL_BYTES, TAIL_BYTES, TAIL_BYTES + count);
      const containsNul = hasNul(pristine.subarray(0, TAIL_BYTES + count), TAIL_BYTES);
      this.ahead = { file, offset, count, containsNul };
    } catch {
      // Whoever asks for these bytes reads them again, and is told.
    }
  }

  /** Turns to what was read ahead of a file from `offset` on. Returns how many bytes that is; 0 = there is nothing. */
  turn(file: LogFile, offset: number): number {
    const { ahead, pristine, working, spare } = this;
    this.ahead = this.containsNul = undefined;
    if (ahead?.file !== file || ahead.offset !== offset || ahead.count === 0) return 0;
    ({ pristine: this.pristine, working: this.working } = spare);
    this.spare = { pristine, working };
    this.containsNul = ahead.containsNul;
    return ahead.count;
  }

  /** Files may have changed since: they are asked again. */
  forget(): void {
    this.ahead = undefined;
  }
}

/** Opens a regular file, never blocking on a FIFO. Undefined when the path leads to another file by now. */
export function openEntry(entry: FoundFile): number | undefined {
  const fd = openSync(entry.path, constants.O_RDONLY | constants.O_NONBLOCK);
  const stat = fstatSync(fd, { bigint: true });
  if (stat.isFile() && String(stat.dev) === entry.dev && String(stat.ino) === entry.ino) return fd;
  closeSync(fd);
  return undefined;
}

/** Instead of a count of bytes: the content is not the known one any more. */
export const REPLACED = -1;

/**
 * One content: what was written to a file from its creation, or from a truncation, on. Knows how far it is
 * read and what tells it from any other; follows its bytes through renames, copies and compression.
 */
export class LogFile {
  ref: FileRef;
  path: string;
  dev: string;
  ino: string;
  phase: FilePosition['phase'];
  /** Content bytes known to have been written. */
  size: number;
  /** Content bytes there now. */
  end: number;
  modifiedMs: number;
  headLength: number;
  headHash: string;
  /** The next byte to read. */
  next: Checkpoint;
  /** End of the last complete record: what is committed. */
  checkpoint: Checkpoint;
  skipping: boolean;
  /** Bytes before this were looked at; those from `at` on are a partial line. */
  examined: number;
  fd: number | undefined;
  gzip: GzipContent | undefined;
  /** When the open file was last written or renamed, milliseconds since the epoch. */
  touchedMs = 0;
  /** `touchedMs` when its path was last seen to lead to it. */
  placedMs = Number.NaN;
  links = 1;
  /** The content was found in a copy that may be shorter than what was seen. */
  adopted = false;
  /** Path of the group it belongs to. */
  home = '';
  /** Where it was found at the last look; undefined = nowhere. */
  foundAs: FoundFile | undefined;
  /** It is there but cannot be opened or read, so nothing is known about it. */
  unreadable = false;
  /** What it holds instead of lines of text; undefined = lines of text, as far as its head tells. */
  form: ContentForm | undefined;
  /** Size and time of the file in which the content was last verified without opening it for reading. */
  seenAs = '';
  /** Modification of a followed file that had no content yet at the last look. */
  emptySinceMs: number | undefined;
  /** As in its position. */
  unsureSinceMs: number;
  /** Why bytes that are not found count as lost. */
  lossReason: keyof typeof LOSSES = 'deleted';
  /** Since when it is not found, milliseconds of the tailer's clock. */
  missingSince: number | undefined;
  /** It was followed and is nowhere now; found again elsewhere it counts as rotated. */
  rotationOpen = false;
  /** Given up: neither it nor a copy was found. */
  givenUp = false;
  /** Bytes that vanished ahead of the reader since this was last asked. */
  lostBytes = 0;
  revision = 1;
  committed = 0;
  private head: Buffer | undefined;
  private lookedMs = Number.NaN;

  constructor(position: FilePosition) {
    const { offset, tailLength, tailHash } = position;
    this.ref = { id: position.id, source: position.source };
    this.path = position.path;
    this.dev = position.dev;
    this.ino = position.ino;
    this.phase = position.phase;
    this.size = position.size;
    this.end = isGzip(position.path) ? position.size : offset;
    this.modifiedMs = position.modifiedMs;
    this.unsureSinceMs = position.unsureSinceMs;
    this.headLength = position.headLength;
    this.headHash = position.headHash;
    this.next = { offset, tailLength, tailHash };
    this.checkpoint = this.next;
    this.skipping = position.skipping;
    this.examined = offset;
    if (position.headLength === 0) this.emptySinceMs = position.modifiedMs;
  }

  static fresh(id: number, source: string, entry: FoundFile, phase: FilePosition['phase']): LogFile {
    const { path, dev, ino, modifiedMs } = entry;
    const nothing = {
      headLength: 0,
      headHash: '',
      ...FILE_START,
      size: 0,
      skipping: false,
      unsureSinceMs: 0,
    };
    return new LogFile({ id, source, path, dev, ino, modifiedMs, phase, ...nothing });
  }

  get open(): boolean {
    return this.fd !== undefined || this.gzip !== undefined;
  }

  get identity(): Checkpoint & { headLength: number; headHash: string } {
    return { headLength: this.headLength, headHash: this.headHash, ...this.next };
  }

  /** Known and deliberately not read: a copy of another content, or a .gz that cannot be read. */
  get skipped(): boolean {
    return this.phase === 'done' && this.next.offset === 0 && this.size > 0;
  }

  get drained(): boolean {
    return this.examined >= this.end;
  }

  get compressed(): boolean {
    return isGzip(this.path);
  }

  /** Something of it can be read right now. */
  get ready(): boolean {
    if (!this.compressed) return true;
    return this.gzip !== undefined && (this.gzip.ended || this.gzip.available(this.examined) > 0);
  }

  position(): FilePosition {
    const { id, source } = this.ref;
    const { path, dev, ino, headLength, headHash, size, skipping, phase, modifiedMs, unsureSinceMs } = this;
    return {
      id,
      source,
      path,
      dev,
      ino,
      headLength,
      headHash,
      ...this.checkpoint,
      size,
      skipping,
      phase,
      modifiedMs,
      unsureSinceMs,
    };
  }

  changed(): void {
    this.revision++;
  }

  /** Whether, and from which modification on, there may be files beside it that are unread. */
  unsureSince(ms: number): void {
    if (ms !== this.unsureSinceMs) this.changed();
    this.unsureSinceMs = ms;
  }

  setPhase(phase: FilePosition['phase']): void {
    if (phase !== this.phase) this.changed();
    this.phase = phase;
  }

  /** The content was found elsewhere, `length` bytes of it. */
  foundIn(length: number): void {
    this.end = length;
    this.size = Math.max(this.size, length);
    if (this.phase === 'done' && length > this.next.offset) this.phase = 'draining';
    this.examined = this.next.offset;
    this.changed();
  }

  /** A finished file was written to again. */
  hasGrown(entry: FoundFile): boolean {
    return !this.skipped && !this.compressed && entry.size > this.next.offset;
  }

  takeLostBytes(): number {
    const bytes = this.lostBytes;
    this.lostBytes = 0;
    return bytes;
  }

  /**
   * Looks at the open file: how long it is, and whether it is still the known content. False = it was
   * truncated, or rewritten.
   */
  look(): boolean {
    const { size, mtimeMs, ctimeMs, nlink } = fstatSync(this.fd!);
    this.links = nlink;
    this.touchedMs = Math.max(mtimeMs, ctimeMs);
    if (size === this.end && mtimeMs === this.lookedMs) return true;
    if (size < this.next.offset || !this.verify()) return false;
    if (size < this.size && !this.adopted) {
      this.lostBytes += this.size - size;
      this.size = size;
    }
    this.end = size;
    this.size = Math.max(this.size, size);
    this.examined = this.next.offset;
    this.lookedMs = mtimeMs;
    if (size > 0) this.modifiedMs = Math.floor(mtimeMs);
    this.changed();
    return true;
  }

  /**
   * Reads one block of at most `length` bytes and hands its lines to the sink. Returns the bytes consumed (0 =
   * only a partial line is there), or REPLACED. The known bytes are verified after the block was read and
   * before it is used: a file that was truncated and grew again in between is caught. While the sink has the
   * lines parsed elsewhere, the block behind them is read.
   */
  readBlock(
    space: BlockBuffers,
    length: number,
    splitter: LineSplitter,
    sink: LineSink,
    maxLineBytes: number,
  ): number {
    const count = this.fetch(space, length);
    if (count < 0) return REPLACED;
    const base = this.next.offset;
    this.examined = base + count;
    if (count === 0) {
      this.end = Math.min(this.end, this.examined);
      return 0;
    }
    this.end = Math.max(this.end, this.examined);
    this.size = Math.max(this.size, this.end);
    const { pristine, containsNul } = space;
    splitter.split(
      { ...this.context(maxLineBytes), containsNul },
      sink,
      space.working,
      TAIL_BYTES,
      TAIL_BYTES + count,
      () => {
        const next = pristine.lastIndexOf(LF, TAIL_BYTES + count - 1) + 1 - TAIL_BYTES;
        if (next > 0 && this.end > this.examined && !this.gzip) space.readAhead(this, base + next, length);
      },
    );
    const consumed = splitter.consumed - TAIL_BYTES;
    this.skipping = splitter.skipping;
    if (consumed === 0) return 0;
    this.next = checkpointIn(pristine, splitter.consumed, base + consumed);
    if (!splitter.recordOpen) this.checkpoint = this.next;
    else if (splitter.committable > TAIL_BYTES)
      this.checkpoint = checkpointIn(
        pristine,
        splitter.committable,
        base + splitter.committable - TAIL_BYTES,
      );
    this.changed();
    return consumed;
  }

  /** Hands over the partial line a drained file ends with. Returns the over-long lines in it, or REPLACED. */
  readLast(space: BlockBuffers, splitter: LineSplitter, sink: LineSink, maxLineBytes: number): number {
    space.forget();
    const count =
      this.end > this.next.offset && this.open ? this.fetch(space, this.end - this.next.offset) : 0;
    if (count < 0) return REPLACED;
    let tooLong = 0;
    if (count > 0) {
      tooLong = splitter.last(
        this.context(maxLineBytes),
        sink,
        space.working,
        TAIL_BYTES,
        TAIL_BYTES + count,
      );
      this.next = checkpointIn(space.pristine, TAIL_BYTES + count, this.next.offset + count);
    }
    this.checkpoint = this.next;
    this.skipping = false;
    this.changed();
    return tooLong;
  }

  /** Takes the end of the content as the position: what is there now is not read. */
  skipTo(seen: ContentProbe): void {
    const offset = seen.length;
    const tail = seen.range(Math.max(0, offset - TAIL_BYTES), offset);
    if (!tail) return;
    this.next = checkpointIn(tail, tail.length, offset);
    this.checkpoint = this.next;
    this.examined = offset;
    this.end = offset;
    this.size = offset;
    // The rest of a line that began before is no line.
    this.skipping = offset > 0 && tail[tail.length - 1] !== 10;
    this.changed();
  }

  /**
   * True when the open file was merely cut back: what is left is how the known content begins, and that
   * content tells itself apart. Its position is then where the file ends now.
   */
  cutBack(): boolean {
    const { size } = fstatSync(this.fd!);
    if (size === 0 || size >= this.next.offset || !this.head || !isDistinctive(this.head)) return false;
    const left = probeOfFile(this.fd!, size);
    const length = Math.min(left.head.length, this.head.length);
    if (!left.head.subarray(0, length).equals(this.head.subarray(0, length))) return false;
    this.skipTo(left);
    if (length < this.headLength) {
      this.setHead(left.head);
    }
    return true;
  }

  probe(): ContentProbe | undefined {
    return this.fd === undefined ? undefined : probeOfFile(this.fd, fstatSync(this.fd).size);
  }

  setHead(head: Buffer): void {
    this.head = Buffer.from(head);
    this.headLength = head.length;
    this.headHash = head.length === 0 ? '' : hashOf(head);
    this.form = formOf(head);
    this.changed();
  }

  /** Whether the open file still has the known head and the bytes before the position. */
  hasKnownContent(): boolean {
    return this.verify();
  }

  /** The known first bytes, while the file is or was open in this process. */
  get headBytes(): Buffer | undefined {
    return this.head;
  }

  /** The inode holds other content by now. */
  loseInode(): void {
    this.close();
    this.dev = '';
    this.ino = '';
    this.changed();
  }

  close(): void {
    if (this.fd !== undefined) closeSync(this.fd);
    this.gzip?.close();
    this.fd = undefined;
    this.gzip = undefined;
    this.lookedMs = Number.NaN;
  }

  private context(maxLineBytes: number) {
    return {
      file: this.ref,
      maxLineBytes,
      fileStart: this.next.offset === 0,
      skipping: this.skipping,
      recordOpen: this.checkpoint !== this.next,
    };
  }

  /** Bytes from the position on, into the space; the bytes before the position before them. -1 = not the known content. */
  private fetch(space: BlockBuffers, length: number): number {
    const wanted = Math.min(length, space.capacity);
    const ahead = space.turn(this, this.next.offset);
    const { pristine, working } = space;
    if (ahead > 0) return this.verify(pristine) ? ahead : -1;
    const count = this.gzip
      ? this.gzip.read(pristine, TAIL_BYTES, this.next, wanted)
      : readFully(this.fd!, pristine, TAIL_BYTES, wanted, this.next.offset);
    if (count > 0) pristine.copy(working, TAIL_BYTES, TAIL_BYTES, TAIL_BYTES + count);
    return this.gzip || this.verify(pristine) ? count : -1;
  }

  /** Compares head and tail with the file as it is now; learns more of the head while it grows. */
  private verify(into: Buffer = SCRATCH): boolean {
    const fd = this.fd!;
    const length = this.headLength < HEAD_BYTES || !this.head ? HEAD_BYTES : this.headLength;
    const seen = SCRATCH_HEAD.subarray(0, readFully(fd, SCRATCH_HEAD, 0, length, 0));
    if (seen.length < this.headLength) return false;
    const begins = seen.subarray(0, this.headLength);
    if (this.head ? !begins.equals(this.head) : this.headLength > 0 && hashOf(begins) !== this.headHash)
      return false;
    const { offset, tailLength, tailHash } = this.next;
    if (tailLength > 0) {
      const count = readFully(fd, into, TAIL_BYTES - tailLength, tailLength, offset - tailLength);
      if (count < tailLength || hashOf(into.subarray(TAIL_BYTES - tailLength, TAIL_BYTES)) !== tailHash)
        return false;
    }
    if (seen.length > this.headLength || !this.head) {
      this.setHead(seen);
    }
    return true;
  }
}

const LF = 10;
const SCRATCH = Buffer.alloc(TAIL_BYTES);
const SCRATCH_HEAD = Buffer.alloc(HEAD_BYTES);

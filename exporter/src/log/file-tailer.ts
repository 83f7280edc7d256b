import { type ContentForm, ForeignContent } from './content-form.ts';
import { sameHead } from './content-identity.ts';
import type { LOSSES, SourceCounters } from './counters.ts';
import {
  Discovery,
  type FileOperation,
  type Group,
  type OnFileError,
  type SourceOptions,
} from './discovery.ts';
import { BlockBuffers, inodeOf, type LogFile, openEntry, REPLACED } from './file.ts';
import { FileIdentification, type Identified } from './file-identification.ts';
import { GzipContent } from './gzip.ts';
import { GzipProbes } from './gzip-probes.ts';
import { KnownFiles } from './known-files.ts';
import { LineSplitter } from './lines.ts';
import { mostOpenFiles } from './open-files.ts';
import type { PatternFacts } from './patterns.ts';
import type { FilePosition, PositionChanges } from './position.ts';
import { ReadSchedule } from './read-schedule.ts';
import { isGzip } from './siblings.ts';
import type { LineSink } from './sink.ts';

export type { SourceOptions } from './discovery.ts';

export interface FileTailerOptions {
  /** In order of precedence: a file that two reach belongs to the first. */
  sources: SourceOptions[];
  /** As last committed. */
  positions: FilePosition[];
  counters: SourceCounters;
  /** True until a backlog was read once: `readFrom` applies. */
  first: boolean;
  /** Milliseconds since the epoch. */
  clock?: () => number;
  /** Told of every failed operation, besides the counter. */
  onFileError?: OnFileError;
  /** Bytes read at once. */
  blockBytes?: number;
}

export interface TailedSource {
  source: string;
  filesOpen: number;
  /** Bytes known to be there and not looked at yet. */
  bytesBehind: number;
  /** When a file of the source was last read or found unchanged, seconds since the epoch; 0 = not yet. */
  lastLooked: number;
  patterns: PatternFacts[];
}

const BLOCK_BYTES = 1024 * 1024;
/** A drained file gets this long to grow again before it is done: writers keep the old name for a moment. */
const GRACE_MS = 5_000;
/** The same where no newer file took its place. */
const LONE_GRACE_MS = 300_000;
/** Pause between looks at what cannot be read or found. */
const RETRY_MS = 1_000;
/** Pause between two times that all followed paths are asked whether they lead to the same file. */
const PATHS_MS = 1_000;
/** A content that two looks this far apart did not find is gone; longer where its directory is missing too. */
const MISSING_MS = 1_000;
const MISSING_DIRECTORY_MS = 60_000;
/** A file that is done and gone is remembered this long: its .gz may still come. */
const REMEMBERED_MS = 86_400_000;
/** Decompressed bytes one prepare() may cost. */
const PREPARE_BYTES = 4 * 1024 * 1024;

/**
 * Where bytes come from: follows the files of all sources and hands over each line once, whatever happens
 * to the files. Used as poll, prepare, read …, commit positionChanges(), markCommitted. Synchronous but for the
 * decompression in prepare().
 */
export class FileTailer {
  private sources: SourceOptions[];
  private readonly counters: SourceCounters;
  private readonly clock: () => number;
  private readonly blockBytes: number;
  private readonly onFileError: OnFileError;
  private readonly known: KnownFiles;
  private readonly probes: GzipProbes;
  private readonly discovery: Discovery;
  private readonly identification: FileIdentification;
  private readonly schedule = new ReadSchedule();
  private readonly mostOpen = mostOpenFiles();
  private readonly splitter = new LineSplitter();
  private space: BlockBuffers;
  private groups: Group[] = [];
  /** What each configured pattern matched at the last look; none before the first one. */
  patterns: PatternFacts[] = [];
  private readonly lastLooked = new Map<string, number>();
  private first: boolean;
  private looked = false;
  private lookWanted = true;
  private askPathsAt = 0;
  /** What is missing, unreadable or half-written is asked about again then. */
  private lookAgainAt = Number.POSITIVE_INFINITY;
  /** What was there at the very first start, by inode. */
  private readonly presentAtStart = new Set<string>();
  /** What was there at start and is not read yet, and up to where; undefined = all is read. */
  private backlog: Map<LogFile, number> | undefined = new Map();
  private backlogUndecided = true;

  constructor(options: FileTailerOptions) {
    this.sources = options.sources;
    this.counters = options.counters;
    this.first = options.first;
    this.clock = options.clock ?? Date.now;
    this.blockBytes = options.blockBytes ?? BLOCK_BYTES;
    this.known = new KnownFiles(options.positions);
    this.probes = new GzipProbes((head) =>
      this.known
        .all()
        .filter((file) => file.headLength > 0 && head.length >= file.headLength)
        .map((file) => file.identity)
        .filter((identity) => sameHead(head, identity)),
    );
    this.onFileError = options.onFileError ?? (() => {});
    const onError: OnFileError = (...failure) => this.failed(...failure);
    this.discovery = new Discovery(options.sources, onError);
    this.identification = new FileIdentification(this.known, this.probes, onError);
    this.space = new BlockBuffers(this.capacity());
  }

  /** Looks for growth, and (about once a second, or when something moved) for new, rotated and vanished files. */
  poll(): void {
    const now = this.clock();
    for (const file of this.known.all()) if (file.fd !== undefined) this.lookAt(file);
    const due = this.discovery.due(now) || now >= this.lookAgainAt;
    if (this.lookWanted || due || this.hasMoved(now)) this.look(now);
    for (const group of this.groups) {
      const file = this.identification.current.get(group.path);
      if (group.live && file?.open && !file.unreadable) this.lastLooked.set(group.source.name, now / 1000);
    }
  }

  /** Decompresses what read() will need next; cheap when there is nothing compressed. */
  async prepare(): Promise<void> {
    for (const probe of this.probes.running) {
      await probe.step(PREPARE_BYTES);
      if (probe.state !== 'running') this.lookWanted = true;
    }
    for (const file of this.schedule.compressed()) {
      if (!file.gzip) this.open(file);
      const { gzip } = file;
      if (!gzip || gzip.ended || gzip.available(file.next.offset) >= this.space.capacity) continue;
      await gzip.fill(file.next.offset, this.space.capacity, PREPARE_BYTES);
      if (gzip.fault) this.damaged(file);
    }
  }

  /**
   * Reads about `budgetBytes` of what poll() found, fair over the sources, older files of a path first.
   * Returns the bytes consumed; 0 = nothing to do.
   */
  read(budgetBytes: number, sink: LineSink): number {
    let used = 0;
    this.space.forget();
    for (let file = this.schedule.next(); file && used < budgetBytes; file = this.schedule.next()) {
      used += this.readFrom(file, sink);
    }
    this.finishDrained(sink);
    return used;
  }

  /** What changed since the last markCommitted(). Positions are those after the last complete record of each file. */
  positionChanges(): PositionChanges {
    return this.known.changes();
  }

  /** The changes just taken are committed. */
  markCommitted(): void {
    this.known.markCommitted();
  }

  /** True once the bytes that were there when the tailer started are read; unreadable files do not count. */
  backlogRead(): boolean {
    if (!this.backlog) return true;
    if (!this.looked || this.backlogUndecided) return false;
    for (const [file, end] of this.backlog) {
      const read =
        file.examined >= end || file.phase === 'done' || file.unreadable || !(file.foundAs || file.open);
      if (!read) return false;
    }
    this.backlog = undefined;
    this.first = false;
    return true;
  }

  sourceFacts(): TailedSource[] {
    return this.sources.map(({ name }) => {
      const open = this.known.open().filter((file) => file.ref.source === name);
      const behind = this.schedule.files().filter((file) => file.ref.source === name && !file.unreadable);
      return {
        source: name,
        filesOpen: open.length,
        bytesBehind: behind.reduce((sum, file) => sum + Math.max(0, file.end - file.examined), 0),
        lastLooked: this.lastLooked.get(name) ?? 0,
        patterns: this.patterns.filter((facts) => facts.source === name),
      };
    });
  }

  /** New sources; files that are still named go on where they are. */
  reconfigure(sources: SourceOptions[]): void {
    this.sources = sources;
    this.discovery.reconfigure(sources);
    if (this.capacity() > this.space.capacity) this.space = new BlockBuffers(this.capacity());
    this.lookWanted = true;
  }

  close(): void {
    this.known.close();
    this.probes.close();
  }

  /** Asks every path once a second, and those at once whose open file was touched: a rename touches it too. */
  private hasMoved(now: number): boolean {
    const all = now >= this.askPathsAt;
    if (all) this.askPathsAt = now + PATHS_MS;
    return this.groups.some((group) => {
      const file = this.identification.current.get(group.path);
      if (!all && file?.open && file.touchedMs === file.placedMs) return false;
      if (file) file.placedMs = file.touchedMs;
      return this.discovery.moved(group);
    });
  }

  private lookAt(file: LogFile): void {
    try {
      if (!file.look()) this.replaced(file);
      this.lose(file, 'truncated', file.takeLostBytes());
    } catch (error) {
      this.markUnreadable(file, 'stat', error);
    }
  }

  private look(now: number): void {
    this.lookWanted = false;
    this.lookAgainAt = Number.POSITIVE_INFINITY;
    const followed = [...this.identification.current].map(([path, file]) => ({
      path,
      source: file.ref.source,
    }));
    this.groups = this.discovery.look(now, followed);
    if (this.first && !this.looked) this.notePresentAtStart();
    const identified = this.identification.look(this.groups);
    for (const { ref } of identified.truncated) this.counters.add(ref.source, 'truncations_total', '', 1);
    for (const { file, entry } of identified.corrupt) this.lose(file, 'unreadable', entry.size);
    for (const found of identified.fresh) this.begin(found);
    const byPath = new Map(this.groups.map((group) => [group.path, group]));
    for (const file of this.known.all()) this.place(file, byPath.get(file.home), identified, now);
    const files = this.known.all();
    const readable = files.filter((file) => file.phase !== 'done' && this.source(file) !== undefined);
    for (const path of this.identification.current.keys())
      if (!byPath.has(path)) this.identification.current.delete(path);
    this.schedule.arrange(readable, byPath);
    const unclear = identified.undecided.size > 0 || this.groups.some(({ state }) => state === 'unreadable');
    if (unclear || files.some(({ unreadable, form }) => unreadable && form === undefined))
      this.lookAgainAt = now + RETRY_MS;
    this.patterns = this.patternFacts();
    this.noteBacklog(identified);
    if (identified.moved) this.lookWanted = true;
    // A look that another has to follow at once has not seen everything.
    this.looked ||= !this.lookWanted;
  }

  private begin({ file, entry, seen }: Identified['fresh'][number]): void {
    const content = isGzip(entry.path) ? seen : undefined;
    if (content) {
      file.setHead(content.head);
      file.foundIn(content.length);
    } else this.open(file);
    const atEnd = this.source(file)?.readFrom === 'end' && this.presentAtStart.has(inodeOf(entry));
    if (!atEnd && file.phase !== 'done') return;
    const there = content ?? file.probe();
    if (there) file.skipTo(there);
    else file.size = entry.size;
    if (file.phase === 'draining') file.setPhase('done');
    if (file.phase === 'done') file.close();
  }

  private notePresentAtStart(): void {
    for (const { live, siblings } of this.groups)
      for (const entry of live ? [live, ...siblings] : siblings) this.presentAtStart.add(inodeOf(entry));
  }

  /** What a look means for one known content: followed, draining, or missing; opened if there is something to read. */
  private place(file: LogFile, group: Group | undefined, identified: Identified, now: number): void {
    const live =
      group?.live !== undefined && file.foundAs === group.live && !file.compressed && !file.skipped;
    if (live) {
      const before = this.identification.current.get(group.path);
      if (before && before !== file && before.phase === 'following') this.rotated(before);
      this.identification.current.set(group.path, file);
      file.setPhase('following');
      file.emptySinceMs = file.headLength > 0 ? undefined : (file.emptySinceMs ?? file.modifiedMs);
    } else if (group?.state === 'unreadable') return;
    else if (file.phase === 'following') this.rotated(file);
    else if (file.phase === 'done' && file.foundAs && file.hasGrown(file.foundAs)) file.setPhase('draining');

    if (!file.foundAs && file.form !== undefined) file.close();
    if (file.foundAs) {
      if (file.rotationOpen) this.counters.add(file.ref.source, 'rotations_total', '', 1);
      file.rotationOpen = false;
      file.missingSince = undefined;
      file.givenUp = false;
      if (file.phase !== 'done' && !file.open && !isGzip(file.path)) this.open(file);
    } else if (!file.open) this.missing(file, group, identified, now);
    else if (!group && file.phase === 'following') file.close();
  }

  private rotated(file: LogFile): void {
    const source = this.source(file);
    if (file.lossReason !== 'truncated' && source) {
      if (file.foundAs || (file.open && file.links > 0))
        this.counters.add(file.ref.source, 'rotations_total', '', 1);
      // What it was renamed and compressed to is not known yet.
      else file.rotationOpen = !file.open;
    }
    file.setPhase('draining');
  }

  private missing(file: LogFile, group: Group | undefined, identified: Identified, now: number): void {
    const unknowable =
      !this.source(file) || group?.state === 'unreadable' || (group && identified.undecided.has(group));
    if (unknowable) {
      file.missingSince = undefined;
      return;
    }
    file.missingSince ??= now;
    const missingMs = now - file.missingSince;
    if (file.phase !== 'done') {
      file.givenUp = missingMs >= (group?.state === 'gone' ? MISSING_DIRECTORY_MS : MISSING_MS);
      this.lookAgainAt = now + RETRY_MS;
    } else if (missingMs >= REMEMBERED_MS || now - file.modifiedMs > 2 * REMEMBERED_MS) this.known.drop(file);
  }

  private open(file: LogFile): void {
    try {
      const fd = file.foundAs && openEntry(file.foundAs);
      if (fd === undefined) {
        this.lookWanted = true;
        return;
      }
      file.unreadable = false;
      if (isGzip(file.path)) {
        file.gzip = new GzipContent(fd, file.next.offset);
        return;
      }
      file.fd = fd;
      this.lookAt(file);
      if (this.known.open().length > this.mostOpen) {
        file.close();
        throw Object.assign(new Error('no room for another open file'), { code: 'EMFILE' });
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') this.lookWanted = true;
      else this.markUnreadable(file, 'open', error);
    }
  }

  private readFrom(file: LogFile, sink: LineSink): number {
    if (file.form !== undefined) {
      this.refuse(file, file.form);
      return 0;
    }
    const { maxLineBytes } = this.source(file)!;
    const before = file.checkpoint.offset;
    try {
      let consumed = file.readBlock(this.space, this.blockBytes, this.splitter, sink, maxLineBytes);
      if (consumed === 0 && file.examined - file.next.offset >= this.blockBytes)
        consumed = file.readBlock(this.space, this.space.capacity, this.splitter, sink, maxLineBytes);
      if (consumed === REPLACED) {
        if (file.gzip) this.damaged(file);
        else this.replaced(file);
        return 0;
      }
      this.count(file, file.checkpoint.offset - before, consumed > 0 ? this.splitter.tooLong : 0);
      return consumed;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).syscall !== 'read') throw error;
      this.markUnreadable(file, 'read', error);
      return 0;
    }
  }

  private finishDrained(sink: LineSink): void {
    const now = this.clock();
    for (const file of this.schedule.files()) {
      if (file.phase !== 'draining') continue;
      const quiet = now - file.touchedMs;
      const over = file.gzip
        ? file.gzip.ended && file.drained
        : file.fd !== undefined &&
          file.drained &&
          quiet >= (this.schedule.hasNewer(file) ? GRACE_MS : LONE_GRACE_MS);
      const consumed = isGzip(file.path) && file.drained && !file.gzip && file.next.offset === file.end;
      if (over || consumed || file.givenUp) this.finish(file, sink);
    }
  }

  /** The last partial line is handed over; what was seen once and is nowhere now is lost. */
  private finish(file: LogFile, sink: LineSink): void {
    const before = file.checkpoint.offset;
    const { maxLineBytes } = this.source(file)!;
    // Growth since the last poll is read before anything is final.
    if (file.fd !== undefined && (!file.look() || !file.drained)) return;
    const tooLong = file.readLast(this.space, this.splitter, sink, maxLineBytes);
    if (tooLong === REPLACED) {
      this.lookWanted = true;
      return;
    }
    this.count(file, file.checkpoint.offset - before, tooLong);
    this.lose(file, file.lossReason, file.size - file.next.offset);
    file.size = file.next.offset;
    file.setPhase('done');
    sink.finished(file.ref);
    const deserted =
      !file.foundAs && !this.known.all().some((other) => other.home === file.home && other.foundAs);
    if (deserted && this.identification.current.get(file.home) === file)
      this.identification.current.delete(file.home);
  }

  private replaced(file: LogFile): void {
    const lastSeen = file.size;
    this.lookWanted = true;
    this.counters.add(file.ref.source, 'truncations_total', '', 1);
    if (file.cutBack()) this.lose(file, 'truncated', lastSeen - file.size);
    else this.identification.replaced(file, 'truncated');
  }

  /** A .gz that was whole when it was probed is not any more. */
  private damaged(file: LogFile): void {
    this.counters.add(file.ref.source, 'file_errors_total', 'read', 1);
    if (file.foundAs) this.probes.forget(file.foundAs);
    file.loseInode();
    this.lookWanted = true;
  }

  private markUnreadable(file: LogFile, op: FileOperation, cause: unknown): void {
    if (!file.unreadable || op === 'open') this.failed(file.ref.source, op, file.path, cause);
    file.unreadable = true;
    if (op === 'read') file.close();
  }

  /** A file that is no lines of text is left alone until other content is under its path. */
  private refuse(file: LogFile, form: ContentForm): void {
    file.unreadable = true;
    const inside = file.compressed ? 'gzip' : '';
    this.failed(file.ref.source, 'read', file.path, new ForeignContent(form, inside));
    this.patterns = this.patternFacts();
  }

  /** What the patterns matched, without the files that turned out to be no lines of text. */
  private patternFacts(): PatternFacts[] {
    const refused = this.known
      .all()
      .filter((file) => file.form !== undefined && file.unreadable && file.foundAs);
    return this.discovery.patterns.map(({ paths, ...facts }) => {
      const foreign = refused.filter((file) => paths.includes(file.home) || paths.includes(file.path));
      if (foreign.length === 0) return facts;
      const problem = { cause: 'foreign' as const, count: foreign.length, path: foreign[0]!.path };
      return {
        ...facts,
        files: Math.max(0, facts.files - foreign.length),
        problems: [...facts.problems, problem],
      };
    });
  }

  private count(file: LogFile, bytes: number, tooLong: number): void {
    const { source } = file.ref;
    if (bytes > 0) this.counters.add(source, 'bytes_total', '', bytes);
    if (tooLong === 0) return;
    this.counters.add(source, 'lines_total', '', tooLong);
    this.counters.add(source, 'lines_rejected_total', 'too_long', tooLong);
  }

  private lose(file: LogFile, reason: keyof typeof LOSSES, bytes: number): void {
    if (bytes > 0) this.counters.add(file.ref.source, 'bytes_lost_total', reason, bytes);
  }

  private failed(...[source, op, path, cause]: Parameters<OnFileError>): void {
    this.counters.add(source, 'file_errors_total', op, 1);
    this.onFileError(source, op, path, cause);
  }

  private noteBacklog(identified: Identified): void {
    if (!this.backlog) return;
    for (const file of this.schedule.files())
      if (!this.looked || (isGzip(file.path) && !this.backlog.has(file))) this.backlog.set(file, file.end);
    this.backlogUndecided = identified.undecided.size > 0 && this.probes.running.length > 0;
  }

  private source(file: LogFile): SourceOptions | undefined {
    return this.sources.find(({ name }) => name === file.ref.source);
  }

  private capacity(): number {
    return Math.max(this.blockBytes, ...this.sources.map(({ maxLineBytes }) => maxLineBytes + 2));
  }
}

import { statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import {
  type ContentProbe,
  isBeginningOf,
  isDistinctive,
  sameContent,
  sameHead,
} from './content-identity.ts';
import { ContentProbes, isProbe } from './content-probes.ts';
import type { Group, OnFileError, Sibling, SourceOptions } from './discovery.ts';
import { type FoundFile, inodeOf, type LogFile } from './file.ts';
import type { GzipProbes } from './gzip-probes.ts';
import type { KnownFiles } from './known-files.ts';
import { byAge, isGzip, rotatedFrom } from './siblings.ts';

/** A .gz whose modification time is this much before a content's cannot hold that content. */
const GZIP_CLOCK_MS = 2_000;
/** Files written since the last look may carry times this much older. */
const CLOCK_SLACK_MS = 5_000;

export interface Identified {
  /** Contents met for the first time, with the question where to start in them left to the receiver. */
  fresh: { file: LogFile; entry: FoundFile; seen: ContentProbe | undefined }[];
  /** Files of which there is more to know, so nothing that may be in them counts as lost. */
  undecided: Set<Group>;
  /** Contents that were truncated or rewritten while nobody looked. */
  truncated: LogFile[];
  /** Compressed files that cannot be read, and no known content accounts for. */
  corrupt: { file: LogFile; entry: FoundFile }[];
  /** True when files that may be unread were renamed during the look, so that in their groups nothing was begun. */
  moved: boolean;
}

/**
 * Tells which known content each file holds, and which files are new. Three steps: by inode (verified by
 * content), by content for what was not found, and then what is left: a copy, a new generation, or
 * something that was there before and is none of our business.
 */
export class FileIdentification {
  /** The content last followed under each path: what rotated after it is newer. */
  readonly current = new Map<string, LogFile>();
  private readonly known: KnownFiles;
  private readonly probes: GzipProbes;
  private readonly onError: OnFileError;
  private readonly seenPaths = new Set<string>();
  /** Siblings found to be of no interest, as long as they look the same. */
  private readonly notOfInterest = new Map<string, string>();
  /** .gz files that are to be read if their content proves new; by inode. */
  private readonly awaitedGzips = new Set<string>();
  /** Inodes whose old content was replaced: what they hold now is new, whatever the path. */
  private readonly replacedInodes = new Set<string>();
  private lastLook = 0;

  constructor(known: KnownFiles, probes: GzipProbes, onError: OnFileError) {
    this.known = known;
    this.probes = probes;
    this.onError = onError;
    for (const file of known.all()) if (file.phase === 'following') this.current.set(file.path, file);
  }

  /** The content of an inode is not the known one any more. */
  replaced(file: LogFile, reason: LogFile['lossReason']): void {
    this.replacedInodes.add(inodeOf(file));
    file.lossReason = reason;
    file.foundAs = undefined;
    file.loseInode();
  }

  look(groups: Group[]): Identified {
    const startedAt = Date.now();
    const round = new LookRound(groups, this.known, new ContentProbes(this.probes, this.onError));
    const { truncated } = round;
    const identified: Identified = { fresh: [], undecided: new Set(), truncated, corrupt: [], moved: false };
    try {
      for (const file of this.known.all()) file.foundAs = undefined;
      for (const group of groups) this.matchByInode(group, round);
      this.findByInode(round);
      for (const group of groups) this.matchByContent(group, round, identified);
      for (const group of groups) this.identifyUnknown(group, round, identified);
    } finally {
      round.probes.close();
      this.probes.sweep();
    }
    this.replacedInodes.clear();
    this.lastLook = startedAt;
    return identified;
  }

  private matchByInode(group: Group, round: LookRound): void {
    for (const entry of entriesOf(group)) {
      if (round.holder.has(inodeOf(entry))) continue;
      for (const file of this.known.withInode(entry)) {
        if (file.foundAs || !this.isStill(file, entry, group.source, round)) continue;
        round.claim(file, entry, group);
        break;
      }
    }
  }

  /** Known files that are none of the groups' (the old target of a switched symlink) are still where they were. */
  private findByInode(round: LookRound): void {
    for (const file of this.known.all()) {
      if (file.foundAs || file.open || file.ino === '') continue;
      const source = round.sources.get(file.ref.source);
      const stat = source && quietStat(file.path);
      if (!source || !stat) continue;
      const entry = { path: file.path, ...stat };
      if (round.holder.has(inodeOf(entry)) || file.ino !== entry.ino) continue;
      if (this.isStill(file, entry, source, round)) round.claim(file, entry, undefined);
    }
  }

  /** Whether a file with a known inode holds the known content. A content that cannot be seen is given the benefit of the doubt. */
  private isStill(file: LogFile, entry: FoundFile, source: SourceOptions, round: LookRound): boolean {
    const sameDevice = file.dev === entry.dev;
    // An open descriptor pins the inode.
    if (file.fd !== undefined) return sameDevice;
    const gzip = isGzip(entry.path);
    if (gzip !== isGzip(file.path)) return false;
    if (gzip && file.modifiedMs === entry.modifiedMs) return true;
    if (file.seenAs === `${entry.size} ${entry.modifiedMs}` && sameDevice) return true;
    if (gzip && file.skipped && file.headLength === 0) {
      this.replaced(file, 'deleted');
      return false;
    }
    const seen = round.probes.of(entry, source.name);
    if (seen === 'unreadable' || seen === 'pending') {
      file.unreadable = seen === 'unreadable';
      return true;
    }
    if (isProbe(seen) && sameContent(seen, file.identity)) {
      file.seenAs = `${entry.size} ${entry.modifiedMs}`;
      file.unreadable = false;
      return true;
    }
    if (sameDevice && (isProbe(seen) || seen === 'corrupt')) {
      // A file born since the known one was last written has only the number of its inode from it.
      const reused = entry.bornMs > Math.floor(file.modifiedMs) && file.modifiedMs > 0;
      const truncated = entry.path === file.path && file.phase !== 'done' && !reused;
      if (truncated) round.truncated.push(file);
      this.replaced(file, truncated ? 'truncated' : 'deleted');
    }
    return false;
  }

  /** What was not found by its inode may have been copied, compressed, or replaced by a longer copy of itself. */
  private matchByContent(group: Group, round: LookRound, identified: Identified): void {
    // An open file that is nowhere was unlinked, or another file system is mounted where it lay.
    const lost = round
      .ofGroup(group)
      .filter((file) => !file.foundAs && (!file.open || file.links === 0 || group.live?.dev !== file.dev));
    lost.sort((a, b) => b.next.offset - a.next.offset);
    for (const file of lost) {
      if (file.headLength === 0 || file.skipped) continue;
      for (const entry of entriesOf(group).sort((a, b) => b.size - a.size)) {
        const holder = round.holder.get(inodeOf(entry));
        if (holder && !holder.skipped) continue;
        if (!holder && this.notOfInterest.get(inodeOf(entry)) === sizeAndTime(entry) && file.phase === 'done')
          continue;
        if (isGzip(entry.path) && entry.modifiedMs < file.modifiedMs - GZIP_CLOCK_MS) continue;
        const live = entry === group.live;
        // Still open: only a longer copy that took its place goes on where it ends.
        if (file.open && (!live || entry.size < file.size)) continue;
        const seen = round.probes.of(entry, group.source.name);
        if (!isProbe(seen)) {
          if (seen !== 'corrupt') identified.undecided.add(group);
          if (seen === 'pending') round.waiting.add(group);
          continue;
        }
        if (live && entry.ino !== file.ino && !isDistinctive(seen.head)) continue;
        const same = sameContent(seen, file.identity);
        if (same === undefined) {
          this.probes.forget(entry);
          identified.undecided.add(group);
          round.waiting.add(group);
        }
        if (!same) continue;
        if (holder) this.known.drop(holder);
        file.close();
        file.adopted = !live;
        round.claim(file, entry, group);
        file.foundIn(seen.length);
        break;
      }
    }
  }

  private identifyUnknown(group: Group, round: LookRound, identified: Identified): void {
    const before = this.current.get(group.path) ?? newest(round.ofGroup(group));
    const firstSeen = !this.seenPaths.has(group.path) && !before;
    const since = before ? knownUntil(before, round) : this.lastLook - CLOCK_SLACK_MS;
    const still = before?.foundAs !== undefined && before.foundAs === group.live;
    // A file that was empty at the last look may have been written, copied and truncated since.
    const intact = still && before.emptySinceMs === undefined && before.unsureSinceMs === 0;
    const mayRead = (entry: Sibling): boolean => {
      const inode = inodeOf(entry);
      if (entry.wanted || this.replacedInodes.has(inode) || this.awaitedGzips.has(inode)) return true;
      // What was modified within one tick of the clock is better read than lost: copies are told by their content.
      return entry.stamped && !intact && !firstSeen && entry.modifiedMs >= since;
    };
    const unknown = group.siblings.filter((entry) => !round.holder.has(inodeOf(entry)));
    const unread = new Set(unknown.filter(mayRead));
    // Older files are read first, so the newest waits for those whose names are others by now.
    if ([...unread].some((entry) => this.hasMoved(entry, group, round))) {
      for (const entry of unread) this.awaitedGzips.add(inodeOf(entry));
      identified.undecided.add(group);
      identified.moved = true;
      return;
    }
    if (group.live && !round.holder.has(inodeOf(group.live)) && !round.waiting.has(group))
      this.begin(group, group.live, round, identified);
    let sure = true;
    for (const entry of unknown) {
      const inode = inodeOf(entry);
      if (round.holder.has(inode)) continue;
      const isUnread = unread.has(entry);
      if (!isUnread && (isGzip(entry.path) || this.notOfInterest.get(inode) === sizeAndTime(entry))) continue;
      if (entry.size === 0 && (still || entry.wanted)) continue;
      if (!this.judge(entry, group, round, identified, isUnread, firstSeen) && isUnread) sure = false;
    }
    // Until all are told, a restart must not take them for none of our business, older than what is known.
    if (group.state === 'seen' || !sure)
      for (const file of round.ofGroup(group)) file.unsureSince(sure || firstSeen ? 0 : since);
    if (group.state === 'seen') this.seenPaths.add(group.path);
  }

  /** Whether another file, or none, is by now where the look found a sibling. */
  private hasMoved(entry: Sibling, group: Group, round: LookRound): boolean {
    return !isGzip(entry.path) && round.probes.of(entry, group.source.name) === 'incomplete';
  }

  /** False when there is more to know of it. */
  private judge(
    entry: Sibling,
    group: Group,
    round: LookRound,
    identified: Identified,
    mayRead: boolean,
    firstSeen: boolean,
  ): boolean {
    const inode = inodeOf(entry);
    const seen = round.probes.of(entry, group.source.name);
    if (seen === 'corrupt') {
      const file = this.passOver(entry, group, round, entry.size);
      const head = this.probes.headOf(entry);
      const owner = round.ofGroup(group).find((other) => beginsLike(other, head));
      if (owner) owner.lossReason = 'unreadable';
      else identified.corrupt.push({ file, entry });
      return true;
    }
    const decidable = isProbe(seen) && !round.waiting.has(group);
    const copy = decidable ? this.isCopy(seen, entry, group, round) : undefined;
    if (!isProbe(seen) || copy === undefined) {
      if (mayRead) this.awaitedGzips.add(inode);
      if (seen !== 'unreadable') identified.undecided.add(group);
      return seen === 'unreadable';
    }
    this.awaitedGzips.delete(inode);
    if (copy) this.passOver(entry, group, round, seen.length).setHead(seen.head);
    else if (mayRead || firstSeen) {
      const file = this.known.add(group.source.name, entry, mayRead ? 'draining' : 'done');
      round.claim(file, entry, group);
      identified.fresh.push({ file, entry, seen });
    } else this.notOfInterest.set(inode, sizeAndTime(entry));
    return true;
  }

  private begin(group: Group, entry: FoundFile, round: LookRound, identified: Identified): void {
    let seen: ContentProbe | undefined;
    if (isGzip(entry.path)) {
      const answer = round.probes.of(entry, group.source.name);
      if (answer === 'corrupt') {
        identified.corrupt.push({ file: this.passOver(entry, group, round, entry.size), entry });
        return;
      }
      if (!isProbe(answer)) return;
      seen = answer;
    }
    const file = this.known.add(group.source.name, entry, seen ? 'draining' : 'following');
    round.claim(file, entry, group);
    identified.fresh.push({ file, entry, seen });
  }

  private passOver(entry: FoundFile, group: Group, round: LookRound, size: number): LogFile {
    const file = this.known.add(group.source.name, entry, 'done');
    file.size = size;
    round.claim(file, entry, group);
    return file;
  }

  /** Whether a rotated file is no more than the beginning of another content. undefined = cannot be told yet. */
  private isCopy(seen: ContentProbe, entry: Sibling, group: Group, round: LookRound): boolean | undefined {
    let answer: boolean | undefined = false;
    for (const file of round.ofGroup(group)) {
      if (file.skipped) continue;
      const one = this.isCopyOf(seen, entry, file, group, round);
      if (one) return true;
      if (one === undefined) answer = undefined;
    }
    for (const other of group.siblings) {
      if (other.size <= seen.length || isGzip(other.path) || round.holder.has(inodeOf(other))) continue;
      const longer = round.probes.of(other, group.source.name);
      if (isProbe(longer) && isBeginningOf(seen, longer) && isDistinctive(longer.head)) return true;
    }
    return answer;
  }

  private isCopyOf(
    seen: ContentProbe,
    entry: Sibling,
    file: LogFile,
    group: Group,
    round: LookRound,
  ): boolean | undefined {
    const followed = file.foundAs !== undefined && file.foundAs === group.live && file.headLength > 0;
    const vouched = followed || entry.path === `${file.path}.gz`;
    // A .gz is decompressed for this only where its hash cannot answer.
    const hidden = file.compressed && (file.headBytes !== undefined || seen.head.length >= file.headLength);
    const at =
      file.probe() ??
      (file.foundAs && !hidden ? round.probes.of(file.foundAs, group.source.name) : undefined);
    if (at === 'pending') return undefined;
    if (at && isProbe(at)) {
      // The name is gone and all its bytes are here: compressed since the last look.
      const compressed = file.links === 0 && isGzip(entry.path) && seen.length === at.length;
      if (isBeginningOf(seen, at)) return vouched || compressed || isDistinctive(at.head);
      // It may have been cut short this moment, by whoever made the copy.
      return file.fd !== undefined && beginsLike(file, seen.head) && !file.hasKnownContent()
        ? undefined
        : false;
    }
    if (!beginsLike(file, seen.head) || seen.length > file.next.offset) return false;
    if (!vouched && !isDistinctive(file.headBytes ?? seen.head)) return false;
    return seen.length < file.next.offset || sameContent(seen, file.identity) !== false;
  }
}

/** One look: what was found where. */
class LookRound {
  readonly holder = new Map<string, LogFile>();
  readonly probes: ContentProbes;
  readonly truncated: LogFile[] = [];
  /** Groups of which a missing content may be in a file that is being decompressed. */
  readonly waiting = new Set<Group>();
  readonly sources = new Map<string, SourceOptions>();
  /** When each content was last modified as far as was known before this look. */
  readonly modifiedMs: ReadonlyMap<LogFile, number>;
  private readonly known: KnownFiles;
  private readonly groups = new Map<string, Group>();

  constructor(groups: Group[], known: KnownFiles, probes: ContentProbes) {
    this.known = known;
    this.probes = probes;
    this.modifiedMs = new Map(known.all().map((file) => [file, file.modifiedMs]));
    for (const group of groups) {
      this.sources.set(group.source.name, group.source);
      this.groups.set(group.path, group);
      if (!this.groups.has(group.place)) this.groups.set(group.place, group);
      for (const { path } of group.siblings) this.groups.set(path, group);
    }
    for (const file of known.all()) this.assignHome(file);
  }

  claim(file: LogFile, entry: FoundFile, group: Group | undefined): void {
    this.holder.set(inodeOf(entry), file);
    file.foundAs = entry;
    if (group) {
      file.home = group.path;
      if (file.ref.source !== group.source.name) file.ref = { id: file.ref.id, source: group.source.name };
    }
    if (file.path !== entry.path || file.dev !== entry.dev || file.ino !== entry.ino) {
      file.path = entry.path;
      file.dev = entry.dev;
      file.ino = entry.ino;
      file.changed();
    }
    if (!file.open && file.modifiedMs !== entry.modifiedMs && !file.unreadable) {
      file.modifiedMs = entry.modifiedMs;
      file.changed();
    }
  }

  /** The contents known to belong to a group, wherever they are now. */
  ofGroup(group: Group): LogFile[] {
    return this.known.all().filter((file) => file.home === group.path);
  }

  private assignHome(file: LogFile): void {
    const directory = dirname(file.path);
    const paths = [
      file.home,
      file.path,
      ...rotatedFrom(basename(file.path)).map(({ name }) => join(directory, name)),
    ];
    file.home =
      paths.map((path) => this.groups.get(path)?.path).find((path) => path !== undefined) ?? file.home;
  }
}

const entriesOf = (group: Group): FoundFile[] => [...(group.live ? [group.live] : []), ...group.siblings];
const sizeAndTime = (entry: FoundFile): string => `${entry.size} ${entry.modifiedMs}`;

function newest(files: LogFile[]): LogFile | undefined {
  return files
    .filter((file) => !file.skipped)
    .sort(byAge)
    .at(-1);
}

/** Siblings modified from then on may be contents that came after a known one, milliseconds since the epoch. */
function knownUntil(file: LogFile, round: LookRound): number {
  if (file.unsureSinceMs > 0) return file.unsureSinceMs;
  return file.emptySinceMs ?? round.modifiedMs.get(file) ?? file.modifiedMs;
}

/** Whether a head is that of a known content, as far as it goes. */
function beginsLike(file: LogFile, head: Buffer): boolean {
  if (file.headLength === 0 || head.length === 0) return false;
  if (head.length >= file.headLength) return sameHead(head, file.identity);
  const known = file.headBytes;
  return known !== undefined && head.equals(known.subarray(0, head.length));
}

function quietStat(path: string): Omit<FoundFile, 'path'> | undefined {
  try {
    const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (!stat?.isFile()) return undefined;
    return {
      dev: String(stat.dev),
      ino: String(stat.ino),
      size: Number(stat.size),
      modifiedMs: Number(stat.mtimeMs),
      bornMs: Number(stat.birthtimeMs),
    };
  } catch {
    return undefined;
  }
}

import { type FoundFile, inodeOf, LogFile } from './file.ts';
import type { FilePosition, PositionChanges } from './position.ts';

/** Every content the tailer knows, and what of that is still to be committed. */
export class KnownFiles {
  private readonly files = new Map<number, LogFile>();
  private readonly dropped = new Set<number>();
  private taken: { file: LogFile; revision: number }[] = [];
  private takenDrops: number[] = [];
  private nextId: number;

  constructor(positions: FilePosition[]) {
    this.nextId = Math.max(0, ...positions.map(({ id }) => id)) + 1;
    for (const position of positions) {
      const file = new LogFile(position);
      file.committed = file.revision;
      this.files.set(position.id, file);
    }
  }

  add(source: string, entry: FoundFile, phase: FilePosition['phase']): LogFile {
    const file = LogFile.fresh(this.nextId++, source, entry, phase);
    this.files.set(file.ref.id, file);
    return file;
  }

  drop(file: LogFile): void {
    file.close();
    this.files.delete(file.ref.id);
    this.dropped.add(file.ref.id);
  }

  all(): LogFile[] {
    return [...this.files.values()];
  }

  open(): LogFile[] {
    return this.all().filter((file) => file.open);
  }

  /** By inode number, since a device's number may change with a remount. Those of the same device, and read furthest, first. */
  withInode(entry: FoundFile): LogFile[] {
    const inode = inodeOf(entry);
    return this.all()
      .filter((file) => file.ino === entry.ino)
      .sort(
        (a, b) =>
          Number(inodeOf(b) === inode) - Number(inodeOf(a) === inode) || b.next.offset - a.next.offset,
      );
  }

  changes(): PositionChanges {
    this.taken = this.all()
      .filter((file) => file.revision !== file.committed)
      .map((file) => ({ file, revision: file.revision }));
    this.takenDrops = [...this.dropped];
    return { put: this.taken.map(({ file }) => file.position()), drop: this.takenDrops };
  }

  /** What changes() last gave is committed. Files that are done are let go only now. */
  markCommitted(): void {
    for (const { file, revision } of this.taken) {
      file.committed = revision;
      if (file.phase === 'done' && file.revision === revision) file.close();
    }
    for (const id of this.takenDrops) this.dropped.delete(id);
    this.taken = [];
    this.takenDrops = [];
  }

  close(): void {
    for (const file of this.files.values()) file.close();
  }
}

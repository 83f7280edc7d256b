import type { Group } from './discovery.ts';
import type { LogFile } from './file.ts';
import { byAge } from './siblings.ts';

/**
 * In which order files are read: the contents that followed each other under one path are a queue, read
 * oldest first; sources take turns, and so do the queues of a source.
 */
export class ReadSchedule {
  private sources: LogFile[][][] = [];
  private turn = 0;
  private readonly turns = new Map<number, number>();

  /** `files` are those that may be read: of configured sources, not done. */
  arrange(files: LogFile[], groups: Map<string, Group>): void {
    const sources = new Map<string, Map<string, LogFile[]>>();
    for (const file of files) {
      const queues = sources.get(file.ref.source) ?? new Map<string, LogFile[]>();
      sources.set(file.ref.source, queues);
      const home = file.home || `#${file.ref.id}`;
      queues.set(home, [...(queues.get(home) ?? []), file]);
    }
    for (const queues of sources.values())
      for (const [home, queue] of queues) {
        const live = groups.get(home)?.live;
        const isLive = (file: LogFile): boolean => live !== undefined && file.foundAs === live;
        queue.sort((a, b) => Number(isLive(a)) - Number(isLive(b)) || byAge(a, b));
      }
    this.sources = [...sources.values()].map((queues) => [...queues.values()]);
    this.turns.clear();
  }

  files(): LogFile[] {
    return this.sources.flat(2);
  }

  /** The file whose turn it is to be read, undefined when nothing is pending. */
  next(): LogFile | undefined {
    for (let tried = 0; tried < this.sources.length; tried++) {
      const index = this.turn++ % this.sources.length;
      const queues = this.sources[index]!;
      for (let count = 0; count < queues.length; count++) {
        const turn = this.turns.get(index) ?? 0;
        this.turns.set(index, turn + 1);
        const file = queues[turn % queues.length]!.find(isPending);
        if (file?.ready) return file;
      }
    }
    return undefined;
  }

  /** The compressed files whose turn comes next in their queue. */
  compressed(): LogFile[] {
    const heads = this.sources.flat(1).map((queue) => queue.find(isPending));
    return heads.filter((file): file is LogFile => file?.compressed === true);
  }

  /** Whether something came after a file under its path. */
  hasNewer(file: LogFile): boolean {
    return this.sources.some((queues) =>
      queues.some((queue) => queue.includes(file) && queue.at(-1) !== file),
    );
  }
}

const isPending = (file: LogFile): boolean =>
  !file.unreadable &&
  !file.drained &&
  file.phase !== 'done' &&
  (file.open || (file.compressed && file.foundAs !== undefined));

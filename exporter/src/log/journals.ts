import { isDeepStrictEqual } from 'node:util';
import type { SourceCounters } from './counters.ts';
import type { SourceOptions } from './discovery.ts';
import { JournalTailer } from './journal-tailer.ts';
import type { JournalCursor } from './position.ts';
import type { Reader, ReaderFacts, ReaderReport } from './reader.ts';
import type { LineSink } from './sink.ts';

export interface JournalsOptions {
  sources: SourceOptions[];
  /** As last committed. */
  cursors: JournalCursor[];
  counters: SourceCounters;
  clock: () => number;
  report: ReaderReport;
  /** A number for a file that no other has. */
  nextId: () => number;
}

/** Reads the sources that are entries of the systemd journal, each with a journalctl of its own. */
export class Journals implements Reader {
  private readonly options: JournalsOptions;
  private readonly cursors: Map<string, JournalCursor>;
  private readonly tailers = new Map<string, { source: SourceOptions; tailer: JournalTailer }>();
  /** Cursors that are not committed yet. */
  private readonly changed = new Map<string, JournalCursor>();

  constructor(options: JournalsOptions) {
    this.options = options;
    this.cursors = new Map(options.cursors.map((cursor) => [cursor.source, cursor]));
    this.reconfigure(options.sources);
  }

  poll(): void {
    for (const { tailer } of this.tailers.values()) tailer.poll();
  }

  async prepare(): Promise<void> {
    await Promise.all([...this.tailers.values()].map(({ tailer }) => tailer.prepare()));
  }

  read(budgetBytes: number, sink: LineSink): number {
    const share = budgetBytes / Math.max(1, this.tailers.size);
    let used = 0;
    for (const { tailer } of this.tailers.values()) used += tailer.read(share, sink);
    return used;
  }

  backlogRead(): boolean {
    return [...this.tailers.values()].every(({ tailer }) => tailer.backlogRead);
  }

  facts(): ReaderFacts[] {
    return [...this.tailers.values()].map(({ tailer }) => tailer.facts);
  }

  cursorChanges(): JournalCursor[] {
    for (const { tailer } of this.tailers.values()) {
      const cursor = tailer.changed();
      if (cursor) this.changed.set(cursor.source, cursor);
    }
    return [...this.changed.values()];
  }

  markCommitted(): void {
    this.changed.clear();
    for (const { tailer } of this.tailers.values()) tailer.markCommitted();
  }

  /** A source whose journal, or how it is read, is different goes on from where it is. */
  reconfigure(sources: SourceOptions[]): void {
    const wanted = new Map(sources.filter(({ journald }) => journald).map((source) => [source.name, source]));
    for (const [name, { source, tailer }] of this.tailers) {
      if (isDeepStrictEqual(wanted.get(name), source)) continue;
      const changed = tailer.changed();
      if (changed) this.changed.set(name, changed);
      if (tailer.cursor) this.cursors.set(name, tailer.cursor);
      tailer.close();
      this.tailers.delete(name);
    }
    for (const [name, source] of wanted)
      if (!this.tailers.has(name)) this.tailers.set(name, { source, tailer: this.tailerOf(source) });
  }

  close(): void {
    for (const { tailer } of this.tailers.values()) tailer.close();
  }

  private tailerOf(source: SourceOptions): JournalTailer {
    const { nextId, counters, clock, report } = this.options;
    return new JournalTailer({
      source,
      journal: source.journald!,
      cursor: this.cursors.get(source.name),
      file: { id: nextId(), source: source.name },
      counters,
      clock,
      report,
    });
  }
}

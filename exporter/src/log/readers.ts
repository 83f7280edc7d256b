import type { SourceCounters } from './counters.ts';
import { FileTailer, type FileTailerOptions, type SourceOptions, type TailedSource } from './file-tailer.ts';
import { Journals } from './journals.ts';
import type { JournalCursor, PositionChanges } from './position.ts';
import type { Reader, ReaderReport } from './reader.ts';
import type { LineSink } from './sink.ts';
import { STANDARD_INPUT, Streams } from './streams.ts';

export interface ReadersOptions extends FileTailerOptions {
  clock: () => number;
  counters: SourceCounters;
  onFileError: NonNullable<FileTailerOptions['onFileError']>;
  /** As last committed. */
  cursors: JournalCursor[];
  report: ReaderReport;
}

/** Every source: files, standard input and FIFOs, and the journal. */
export class Readers {
  private readonly files: FileTailer;
  private readonly journals: Journals;
  private readonly others: Reader[];
  /** Who is read first takes what it needs, so they take turns. */
  private turn = 0;

  constructor(options: ReadersOptions) {
    let id = 0;
    // Files count up from 1.
    const nextId = () => --id;
    this.files = new FileTailer({ ...options, sources: options.sources.map(filesOf) });
    this.journals = new Journals({ ...options, nextId });
    this.others = [new Streams({ ...options, nextId }), this.journals];
  }

  poll(): void {
    this.files.poll();
    for (const reader of this.others) reader.poll();
  }

  async prepare(): Promise<void> {
    await this.files.prepare();
    for (const reader of this.others) await reader.prepare();
  }

  read(budgetBytes: number, sink: LineSink): number {
    const readers = [this.files, ...this.others];
    const first = this.turn++ % readers.length;
    let used = 0;
    for (let i = 0; i < readers.length && used < budgetBytes; i++)
      used += readers[(first + i) % readers.length]!.read(budgetBytes - used, sink);
    return used;
  }

  /** How the configured paths and globs match files. */
  get patterns(): FileTailer['patterns'] {
    return this.files.patterns;
  }

  /** Of the files. */
  positionChanges(): PositionChanges {
    return this.files.positionChanges();
  }

  /** Of the journal. */
  cursorChanges(): JournalCursor[] {
    return this.journals.cursorChanges();
  }

  markCommitted(): void {
    this.files.markCommitted();
    for (const reader of this.others) reader.markCommitted();
  }

  backlogRead(): boolean {
    return this.files.backlogRead() && this.others.every((reader) => reader.backlogRead());
  }

  sourceFacts(): TailedSource[] {
    const facts = this.files.sourceFacts();
    for (const part of this.others.flatMap((reader) => reader.facts())) {
      const whole = facts.find(({ source }) => source === part.source);
      if (!whole) continue;
      whole.filesOpen += part.filesOpen;
      whole.bytesBehind += part.bytesBehind;
      whole.lastLooked = Math.max(whole.lastLooked, part.lastLooked);
    }
    return facts;
  }

  reconfigure(sources: SourceOptions[]): void {
    this.files.reconfigure(sources.map(filesOf));
    for (const reader of this.others) reader.reconfigure(sources);
  }

  close(): void {
    this.files.close();
    for (const reader of this.others) reader.close();
  }
}

const filesOf = (source: SourceOptions): SourceOptions => ({
  ...source,
  paths: source.paths.filter((path) => path !== STANDARD_INPUT),
});

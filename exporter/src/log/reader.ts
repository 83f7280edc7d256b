import type { SourceOptions, TailedSource } from './file-tailer.ts';
import type { LineSink } from './sink.ts';

/** Tells a person what happened to a source. */
export type ReaderReport = (level: 'info' | 'warn' | 'error', source: string, message: string) => void;

export type ReaderFacts = Pick<TailedSource, 'source' | 'filesOpen' | 'bytesBehind' | 'lastLooked'>;

/** What reads lines of one kind of source. Used as poll, prepare, read …, commit, markCommitted. */
export interface Reader {
  /** Looks whether there is something new. */
  poll(): void;
  /** Waits for what read() will need next, a few milliseconds at most. */
  prepare(): Promise<void>;
  /** Reads about `budgetBytes`. Returns the bytes consumed; 0 = nothing to do. */
  read(budgetBytes: number, sink: LineSink): number;
  /** True once what was there at the start is read; what cannot be read does not count. */
  backlogRead(): boolean;
  facts(): ReaderFacts[];
  reconfigure(sources: SourceOptions[]): void;
  /** The changes just taken are committed. */
  markCommitted(): void;
  close(): void;
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type SourceCounter, SourceCounters } from '../../src/log/counters.ts';
import { FileTailer, type SourceOptions } from '../../src/log/file-tailer.ts';
import type { FilePosition } from '../../src/log/position.ts';
import type { FileRef, LineSink } from '../../src/log/sink.ts';

export function temporaryDirectory(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'log-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export function source(paths: string | string[], options: Partial<SourceOptions> = {}): SourceOptions {
  return {
    name: 'requests',
    paths: [paths].flat(),
    readFrom: 'beginning',
    maxLineBytes: 4096,
    staleAfter: 0,
    ...options,
  };
}

/** What a store would hold: everything as of the last commit. */
interface Committed {
  first: boolean;
  positions: Map<number, FilePosition>;
  counters: SourceCounter[];
  lines: string[];
}

/**
 * An tailer with a store in memory: what the lines came to is committed with the positions, and a crash
 * throws away whatever was not.
 */
export class TailerRun implements LineSink {
  lines: string[] = [];
  finishedFiles: number[] = [];
  /** Lines the sink takes for the first part of a record. */
  isPart: (line: string) => boolean = () => false;
  tailer!: FileTailer;
  counters!: SourceCounters;
  sources: SourceOptions[];
  blockBytes: number;
  private elapsed = 0;
  private committed: Committed = { first: true, positions: new Map(), counters: [], lines: [] };

  constructor(sources: SourceOptions | SourceOptions[], blockBytes = 1024) {
    this.sources = [sources].flat();
    this.blockBytes = blockBytes;
    this.start();
  }

  line(file: FileRef, bytes: Buffer, start: number, end: number): boolean {
    const line = bytes.toString('utf8', start, end);
    // A parser may write into the line it was given.
    bytes.fill(0x58, start, end);
    if (this.isPart(line)) {
      this.parts.push(line);
      return false;
    }
    this.lines.push([...this.parts, line].join(''));
    this.parts = [];
    this.sourcesOfLines.push(file.source);
    return true;
  }

  lastLine(file: FileRef, bytes: Buffer, start: number, end: number): void {
    this.lines.push(bytes.toString('utf8', start, end));
    this.sourcesOfLines.push(file.source);
    bytes.fill(0x58, start, end);
  }

  finished(file: FileRef): void {
    this.finishedFiles.push(file.id);
  }

  sourcesOfLines: string[] = [];
  private parts: string[] = [];

  /** Lets this much time pass for the tailer. */
  pass(seconds: number): void {
    this.elapsed += seconds * 1000;
  }

  poll(): void {
    this.tailer.poll();
  }

  read(budget = Number.POSITIVE_INFINITY): number {
    return this.tailer.read(budget, this);
  }

  commit(): void {
    const { put, drop } = this.tailer.positionChanges();
    for (const position of put) this.committed.positions.set(position.id, { ...position });
    for (const id of drop) this.committed.positions.delete(id);
    const changes = this.counters.changes();
    const slot = (row: SourceCounter) => JSON.stringify([row.source, row.counter, row.reason]);
    const rows = new Map(this.committed.counters.map((row) => [slot(row), row]));
    for (const row of changes) rows.set(slot(row), row);
    this.committed.counters = [...rows.values()];
    this.committed.lines = [...this.lines];
    if (this.tailer.backlogRead()) this.committed.first = false;
    this.tailer.markCommitted();
    this.counters.markCommitted();
  }

  /** Ends as kill -9 does, and starts again from what was committed. */
  crash(): void {
    this.tailer.close();
    this.start();
  }

  /** Stops in good order; start() goes on. */
  stop(): void {
    this.commit();
    this.tailer.close();
  }

  /** What the positions say is on another device from now on. */
  remount(): void {
    for (const [id, position] of this.committed.positions)
      this.committed.positions.set(id, { ...position, dev: `${position.dev}1` });
  }

  start(): void {
    this.lines = [...this.committed.lines];
    this.parts = [];
    this.counters = new SourceCounters();
    this.counters.restore(this.committed.counters);
    this.tailer = new FileTailer({
      sources: this.sources,
      positions: [...this.committed.positions.values()],
      counters: this.counters,
      first: this.committed.first,
      clock: () => Date.now() + this.elapsed,
      blockBytes: this.blockBytes,
    });
  }

  /** Polls, reads and commits until nothing moves any more, with time for grace periods to end. */
  async drain(rounds = 12): Promise<string[]> {
    for (let round = 0; round < rounds; round++) {
      this.pass(round < 3 ? 1.1 : round < rounds - 1 ? 6 : 301);
      for (let turn = 0; turn < 100; turn++) {
        this.poll();
        await this.tailer.prepare();
        if (this.read() === 0 && turn > 1) break;
      }
      this.commit();
    }
    return this.lines;
  }

  positions(): FilePosition[] {
    return [...this.committed.positions.values()];
  }

  counter(name: SourceCounter['counter'], reason = ''): number {
    return this.counterOf(this.sources[0]!.name, name, reason);
  }

  counterOf(source: string, name: SourceCounter['counter'], reason = ''): number {
    const rows = this.committed.counters.filter((row) => row.source === source && row.counter === name);
    return rows.filter((row) => row.reason === reason).reduce((sum, row) => sum + row.value, 0);
  }

  lost(): number {
    return this.committed.counters
      .filter((row) => row.counter === 'bytes_lost_total')
      .reduce((sum, row) => sum + row.value, 0);
  }
}

/** Numbered lines, each unlike any other: `from` to `to`, both included. */
export function numbered(from: number, to: number, prefix = 'line'): string[] {
  return Array.from(
    { length: to - from + 1 },
    (_, i) => `${prefix} ${from + i} ${'·'.repeat((from + i) % 40)}`,
  );
}

export const text = (lines: string[]): string => lines.map((line) => `${line}\n`).join('');

import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { isDynamicPattern } from 'tinyglobby';
import { ChunkQueue } from './chunk-queue.ts';
import type { SourceCounters } from './counters.ts';
import type { OnFileError, SourceOptions } from './discovery.ts';
import { Fifo } from './fifo.ts';
import { LineStream } from './line-stream.ts';
import type { Reader, ReaderFacts, ReaderReport } from './reader.ts';
import type { FileRef, LineSink } from './sink.ts';
import { standardInput, standardInputIsFile } from './standard-input.ts';

/** In the place of a path: standard input. */
export const STANDARD_INPUT = '-';

/** Pause between two looks for FIFOs. */
const LOOK_MS = 1_000;
/** While bytes keep coming, the next ones are waited for so long before other work goes on. */
const ARRIVAL_MS = 10;

export interface StreamsOptions {
  sources: SourceOptions[];
  counters: SourceCounters;
  clock: () => number;
  onFileError: OnFileError;
  report: ReaderReport;
  /** A number for a file that no other has. */
  nextId: () => number;
}

interface Input {
  queue: ChunkQueue;
  lines: LineStream;
  /** A file: its end is the backlog's. */
  isFile: boolean;
  ended: boolean;
}

/** Reads what has no position: standard input and FIFOs. What is written while nobody reads is the writer's to keep. */
export class Streams implements Reader {
  private readonly options: StreamsOptions;
  private sources: SourceOptions[];
  /** By path. */
  private readonly fifos = new Map<string, Fifo>();
  /** Their path leads elsewhere; they are read to their end. */
  private leaving: Fifo[] = [];
  private input: Input | undefined;
  private nextLook = 0;
  /** The last read() found bytes. */
  private busy = false;
  private readonly lastLooked = new Map<string, number>();

  constructor(options: StreamsOptions) {
    this.options = options;
    this.sources = options.sources;
  }

  poll(): void {
    const now = this.options.clock();
    if (now >= this.nextLook) this.look(now);
    if (this.input && !this.input.ended) this.lastLooked.set(this.input.lines.file.source, now / 1000);
    for (const { lines } of this.fifos.values()) this.lastLooked.set(lines.file.source, now / 1000);
  }

  async prepare(): Promise<void> {
    if (!this.busy) return;
    if (this.input && !this.input.ended) await this.input.queue.arrival(ARRIVAL_MS);
    else await new Promise((resolve) => setTimeout(resolve, ARRIVAL_MS));
  }

  read(budgetBytes: number, sink: LineSink): number {
    let used = this.readInput(budgetBytes, sink);
    for (const [path, fifo] of this.fifos) used += this.readFifo(path, fifo, budgetBytes - used, sink);
    this.leaving = this.leaving.filter((fifo) => {
      const count = this.readFifo('', fifo, budgetBytes - used, sink);
      used += count;
      if (count === 0 && used < budgetBytes) fifo.finish(sink);
      return count > 0 || used >= budgetBytes;
    });
    this.busy = used > 0;
    return used;
  }

  backlogRead(): boolean {
    return !this.input?.isFile || this.input.ended;
  }

  facts(): ReaderFacts[] {
    const held = [...this.fifos.values()].map(({ lines }) => lines.file.source);
    if (this.input && !this.input.ended) held.push(this.input.lines.file.source);
    return this.sources.map(({ name: source }) => ({
      source,
      filesOpen: held.filter((name) => name === source).length,
      bytesBehind: this.input?.lines.file.source === source ? this.input.queue.bytes : 0,
      lastLooked: this.lastLooked.get(source) ?? 0,
    }));
  }

  reconfigure(sources: SourceOptions[]): void {
    this.sources = sources;
    this.nextLook = 0;
  }

  markCommitted(): void {}

  close(): void {
    this.input?.queue.destroy();
    for (const fifo of [...this.fifos.values(), ...this.leaving]) fifo.close();
    this.fifos.clear();
  }

  private look(now: number): void {
    this.nextLook = now + LOOK_MS;
    const named = new Map<string, SourceOptions>();
    for (const source of this.sources)
      for (const path of source.paths) {
        if (path === STANDARD_INPUT) this.openInput(source);
        else if (!isDynamicPattern(path) && !named.has(resolve(path))) named.set(resolve(path), source);
      }
    for (const [path, fifo] of this.fifos) {
      const source = named.get(path);
      if (source) fifo.lines.belongTo(source);
      else {
        this.fifos.delete(path);
        fifo.close();
      }
    }
    for (const [path, source] of named) this.lookAt(path, source);
  }

  private lookAt(path: string, source: SourceOptions): void {
    const open = this.fifos.get(path);
    try {
      const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
      if (open && (!stat || open.inode !== `${stat.dev}:${stat.ino}`)) this.leave(path, open);
      if (!stat?.isFIFO() || this.fifos.has(path)) return;
      const fifo = Fifo.open(path, this.linesOf(source));
      if (fifo) this.fifos.set(path, fifo);
    } catch (error) {
      // A path that cannot be looked at is reported by the file's own discovery.
      if ((error as NodeJS.ErrnoException).syscall === 'open') this.failed(source.name, 'open', path, error);
    }
  }

  private leave(path: string, fifo: Fifo): void {
    this.fifos.delete(path);
    this.leaving.push(fifo);
  }

  private openInput(source: SourceOptions): void {
    if (this.input) {
      this.input.lines.belongTo(source);
      return;
    }
    const queue = new ChunkQueue(standardInput());
    this.input = { queue, lines: this.linesOf(source), isFile: standardInputIsFile(), ended: false };
  }

  private readInput(budgetBytes: number, sink: LineSink): number {
    const { input } = this;
    const named = this.sources.some(({ paths }) => paths.includes(STANDARD_INPUT));
    if (!input || input.ended || !named) return 0;
    let used = 0;
    for (let chunk = input.queue.take(); chunk; chunk = used < budgetBytes ? input.queue.take() : undefined) {
      input.lines.feed(chunk, sink);
      used += chunk.length;
    }
    if (input.queue.ended) this.endInput(input, sink);
    return used;
  }

  private endInput(input: Input, sink: LineSink): void {
    const { source } = input.lines.file;
    const { error } = input.queue;
    input.lines.end(sink);
    input.ended = true;
    if (error) this.failed(source, 'read', 'standard input', error);
    this.options.report(
      'warn',
      source,
      'standard input has ended; the exporter keeps serving what it counted, but reads no more lines from it',
    );
  }

  private readFifo(path: string, fifo: Fifo, budgetBytes: number, sink: LineSink): number {
    if (budgetBytes <= 0) return 0;
    try {
      return fifo.read(budgetBytes, sink);
    } catch (error) {
      this.failed(fifo.lines.file.source, 'read', path, error);
      return 0;
    }
  }

  private linesOf({ name, maxLineBytes }: SourceOptions): LineStream {
    const file: FileRef = { id: this.options.nextId(), source: name };
    return new LineStream(file, maxLineBytes, this.options.counters);
  }

  private failed(...[source, op, path, cause]: Parameters<OnFileError>): void {
    this.options.counters.add(source, 'file_errors_total', op, 1);
    this.options.onFileError(source, op, path, cause);
  }
}

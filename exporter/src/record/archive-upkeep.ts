import { type ChildProcess, fork } from 'node:child_process';
import type { KeyEntry } from '../keys/key.ts';
import { NO_TENANT } from '../keys/key-labels.ts';
import { KeyRegistry } from '../keys/registry.ts';
import { retentionClass } from '../keys/retention.ts';
import type { SegmentRow } from '../store/row-types.ts';
import type { KeyRetention } from './upkeep.ts';
import type { UpkeepAnswer, UpkeepJob } from './upkeep-process.ts';

export interface ArchiveUpkeepOptions {
  /** `record.path`. */
  root: string;
  keys: () => readonly KeyEntry[];
  /** These segments are in the archive for good. */
  sealed(segments: number[]): void;
  report(message: string): void;
  /** The archive was brought up to date, or not, as far as `problems` says. */
  upkept(state: UpkeepState): void;
}

/** What the metrics say about the archive. */
export interface UpkeepState {
  problems: number;
  /** Segments that are still to be sealed. */
  waiting: number;
}

/** Days end and retentions run out without a line being read. */
const EVERY_MS = 3_600_000;
const RETRY_MS = 30_000;

/**
 * Has the archive kept in order by a process of its own: what DuckDB takes there in time and memory is gone when
 * it is done, and whatever happens to it does not happen to the exporter.
 */
export class ArchiveUpkeep {
  private readonly options: ArchiveUpkeepOptions;
  private child: ChildProcess | undefined;
  private ready: SegmentRow[] = [];
  private again = false;
  /** What this and the last run could not do: nobody wants to read it again every time. */
  private problems: string[] = [];
  private told: string[] = [];
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(options: ArchiveUpkeepOptions) {
    this.options = options;
  }

  /** Segments that may be sealed; done at once, or after what is underway. */
  segments(ready: SegmentRow[]): void {
    this.ready = ready;
    this.run();
  }

  /** What is underway ends; the next start goes on from there. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    const { child } = this;
    if (!child) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  private run(): void {
    if (this.stopped) return;
    if (this.child) {
      this.again = true;
      return;
    }
    clearTimeout(this.timer);
    const job: UpkeepJob = {
      root: this.options.root,
      segments: this.ready.map(({ segment, length }) => ({ segment, length })),
      keys: keyRetentions(this.options.keys()),
      now: Date.now(),
    };
    this.problems = [];
    const child = fork(new URL('./upkeep-process.js', import.meta.url), {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [],
    });
    this.child = child;
    child.on('message', (answer: UpkeepAnswer) => {
      if (answer.type === 'sealed') {
        this.ready = this.ready.filter(({ segment }) => segment !== answer.segment);
        this.options.sealed([answer.segment]);
      } else this.problem(answer.message);
    });
    child.on('error', (error) => {
      this.problem(`archive: its upkeep cannot be started: ${error.message}`);
      this.ended();
    });
    child.on('exit', (code, signal) => {
      if (code !== 0) this.problem(`archive: its upkeep ended with ${signal ?? code}`);
      this.ended();
    });
    child.send(job, () => {});
  }

  private problem(message: string): void {
    if (this.stopped) return;
    this.problems.push(message);
    if (!this.told.includes(message)) this.options.report(message);
  }

  private ended(): void {
    if (!this.child) return;
    this.child = undefined;
    if (this.stopped) return;
    this.told = this.problems;
    this.options.upkept({ problems: this.problems.length, waiting: this.ready.length });
    const { again } = this;
    this.again = false;
    const pause = again ? 0 : this.problems.length > 0 ? RETRY_MS : EVERY_MS;
    this.timer = setTimeout(() => this.run(), pause);
    this.timer.unref();
  }
}

/** The classes of the keys file's keys, under all names that the archive may have for them. */
export function keyRetentions(entries: readonly KeyEntry[]): KeyRetention[] {
  const registry = new KeyRegistry(entries);
  return entries.flatMap((entry) => {
    const retention = retentionClass(entry);
    return registry.storedNames(entry).flatMap((name): KeyRetention[] =>
      // What an entry of any tenant leaves to others is named by those.
      'except' in name
        ? [{ key: name.id, tenant: '', retention }]
        : name.of.map((tenant) => ({ key: name.id, tenant: tenant === '' ? NO_TENANT : tenant, retention })),
    );
  });
}

import { setTimeout as pause } from 'node:timers/promises';
import type { SourceCounters } from './counters.ts';
import type { JournaldOptions, SourceOptions } from './discovery.ts';
import { entriesBetween, entryOf, JournalEntries, type JournalEntry, sameEntry } from './journal-entries.ts';
import { ask, Journalctl, matchesOf } from './journalctl.ts';
import type { JournalCursor } from './position.ts';
import type { ReaderReport } from './reader.ts';
import type { FileRef, LineSink } from './sink.ts';

/** MESSAGE alone: other fields may hold what nobody meant to be read. --all, or long messages come as null. */
const ENTRIES = ['--output=json', '--output-fields=MESSAGE', '--all'];
/** One entry, without its fields. */
const CURSOR_ONLY = ['--output=json', '--output-fields=_BOOT_ID', '--lines=1'];

/** Pauses before another try, seconds: doubled each time. */
const FIRST_PAUSE = 1;
const LONGEST_PAUSE = 60;
/** journalctl that ran for so long had not failed at its start, milliseconds. */
const STEADY_MS = 60_000;
/** While no entry matches, the cursor follows those of other units this often, milliseconds. */
const FOLLOW_OTHERS_MS = 60_000;
/** While entries keep coming, the next are waited for so long before other work goes on, milliseconds. */
const ARRIVAL_MS = 10;
const HINT = 'You are currently not seeing messages';

export interface TailerOptions {
  source: SourceOptions;
  journal: JournaldOptions;
  /** As last committed; undefined = the source was never read. */
  cursor: JournalCursor | undefined;
  file: FileRef;
  counters: SourceCounters;
  clock: () => number;
  report: ReaderReport;
}

/**
 * Reads the journal for one source. First what is there, then what comes; after a failure again from the last entry
 * that was read.
 *
 * The last entry that was read is asked for again and dropped: with --after-cursor, journalctl 252 passes over an
 * entry when the one of the cursor is gone or does not match.
 */
export class JournalTailer {
  private readonly options: TailerOptions;
  private at: JournalCursor;
  /** `readFrom` applies. */
  private fresh: boolean;
  private dirty = false;
  private journalctl: Journalctl | undefined;
  private entries: JournalEntries;
  /** Drops the entry that was read already. */
  private known = '';
  private state: 'starting' | 'catching up' | 'following' | 'failing' = 'starting';
  private backlog = true;
  private busy = false;
  private lastLooked = 0;
  /** When an entry was last read, or the cursor followed those of other units, milliseconds. */
  private lastEntryMs = 0;
  private asking = false;
  private failures = 0;
  private failure = '';
  private readonly closed = new AbortController();

  constructor(options: TailerOptions) {
    this.options = options;
    this.fresh = options.cursor === undefined;
    this.at = options.cursor ?? { source: options.source.name, cursor: '', done: false };
    this.entries = new JournalEntries(options.source.maxLineBytes);
    void this.run();
  }

  get cursor(): JournalCursor | undefined {
    return this.fresh ? undefined : this.at;
  }

  get facts() {
    const bytes = this.journalctl?.queue.bytes ?? 0;
    return {
      source: this.options.source.name,
      filesOpen: this.state === 'following' ? 1 : 0,
      bytesBehind: bytes,
      lastLooked: this.lastLooked,
    };
  }

  /** What is there at the start is read, or cannot be read. */
  get backlogRead(): boolean {
    if (this.state === 'following' || this.state === 'failing') this.backlog = false;
    return !this.backlog;
  }

  poll(): void {
    const now = this.options.clock();
    if (this.journalctl) this.lastLooked = now / 1000;
    const due = now - this.lastEntryMs >= FOLLOW_OTHERS_MS;
    if (due && this.state === 'following' && !this.asking) void this.followOthers();
  }

  async prepare(): Promise<void> {
    if (this.busy) await this.journalctl?.queue.arrival(ARRIVAL_MS);
  }

  read(budgetBytes: number, sink: LineSink): number {
    const queue = this.journalctl?.queue;
    let used = 0;
    for (let chunk = queue?.take(); chunk; chunk = used < budgetBytes ? queue?.take() : undefined) {
      used += chunk.length;
      for (const entry of this.entries.feed(chunk)) this.take(entry, sink);
    }
    this.busy = used > 0;
    return used;
  }

  /** The cursor, when it changed since markCommitted(). */
  changed(): JournalCursor | undefined {
    return this.dirty ? this.at : undefined;
  }

  markCommitted(): void {
    this.dirty = false;
  }

  close(): void {
    this.closed.abort();
    this.journalctl?.stop();
    this.journalctl = undefined;
  }

  private take(entry: JournalEntry | undefined, sink: LineSink): void {
    if (!entry) {
      this.count('file_errors_total', 'journalctl');
      return;
    }
    const { known } = this;
    this.known = '';
    if (known !== '' && sameEntry(entry.cursor, known)) return;
    for (const message of entry.messages) this.line(message, sink);
    if (entry.cursor !== '') this.moveTo(entry.cursor, true);
    this.lastEntryMs = this.options.clock();
  }

  private line(message: Buffer | undefined, sink: LineSink): void {
    const { file, source, counters } = this.options;
    if (message) counters.add(source.name, 'bytes_total', '', message.length);
    if (message && message.length <= source.maxLineBytes) {
      if (message.length > 0) sink.line(file, message, 0, message.length);
      return;
    }
    this.count('lines_total', '');
    this.count('lines_rejected_total', 'too_long');
    if (message) sink.tooLong?.(file, message, 0, message.length);
  }

  private moveTo(cursor: string, done: boolean): void {
    this.at = { ...this.at, cursor, done };
    this.fresh = false;
    this.dirty = true;
  }

  private async run(): Promise<void> {
    while (!this.closed.signal.aborted) {
      const started = performance.now();
      try {
        await this.findStart();
        await this.readEntries('catching up');
        await this.readEntries('following', '--follow', '--no-tail');
        throw new Error('it ended while it followed the journal');
      } catch (error) {
        if (this.closed.signal.aborted) return;
        if (performance.now() - started >= STEADY_MS) this.failures = 0;
        await this.failed((error as Error).message);
      }
    }
  }

  /** Reads until journalctl ends and everything it wrote is taken. Throws what it failed with. */
  private async readEntries(state: 'catching up' | 'following', ...args: string[]): Promise<void> {
    if (this.closed.signal.aborted) return;
    const { journal, source } = this.options;
    const { cursor, done } = this.at;
    const from = cursor === '' ? [] : [`--cursor=${cursor}`];
    this.entries = new JournalEntries(source.maxLineBytes);
    this.known = done ? cursor : '';
    this.journalctl = new Journalctl(journal, [...ENTRIES, ...from, ...args, ...matchesOf(journal)]);
    this.state = state;
    if (state === 'following') this.recovered();
    const { queue, ended } = this.journalctl;
    await queue.drained();
    const failure = await ended;
    this.journalctl = undefined;
    if (failure !== '') throw new Error(failure);
  }

  /** Decides where a source begins that was never read; else sees whether the entry it stopped at is still there. */
  private async findStart(): Promise<void> {
    const { source } = this.options;
    await this.seeWhetherAllIsShown();
    if (this.fresh) {
      const end = source.readFrom === 'end' ? await this.askCursor([]) : '';
      this.moveTo(end, true);
      return;
    }
    const { cursor } = this.at;
    if (cursor === '') return;
    const first = await this.askCursor([`--cursor=${cursor}`]);
    if (first !== '' && sameEntry(first, cursor)) return;
    const missing = entriesBetween(cursor, first);
    if (missing !== 0) this.reportGap(missing);
    // The first entry that is left may be one of ours.
    this.moveTo(first, false);
  }

  private reportGap(missing: number | undefined): void {
    const many =
      missing === undefined ? 'how many is not known' : `at most ${missing}, of all units together`;
    this.count('journal_gaps_total', '');
    this.tell(
      'error',
      `the journal no longer holds the entry that was read last: entries may have been removed before they were read (${many}); ` +
        'keep more of the journal (SystemMaxUse=, MaxRetentionSec= in journald.conf)',
    );
  }

  /** The cursor of one entry, the newest unless a cursor is given; '' = there is none. */
  private async askCursor(args: string[]): Promise<string> {
    const { line } = await ask(this.options.journal, [...CURSOR_ONLY, ...args]);
    return entryOf(Buffer.from(line))?.cursor ?? '';
  }

  /**
   * Moves the cursor to the newest entry of any unit, so that it does not stay at one that is removed while none of
   * the source comes. Only when everything of the source up to there is read.
   */
  private async followOthers(): Promise<void> {
    const { journal } = this.options;
    this.asking = true;
    try {
      const newest = await this.askCursor([]);
      const ours = await this.askCursor(matchesOf(journal));
      const { cursor } = this.at;
      const isRead = ours === '' || sameEntry(ours, cursor) || entriesBetween(ours, cursor) !== undefined;
      const isPassed = sameEntry(newest, cursor) || entriesBetween(newest, cursor) !== undefined;
      if (newest !== '' && isRead && !isPassed) this.moveTo(newest, true);
    } catch {
      // Reading the entries themselves reports what fails.
    }
    this.lastEntryMs = this.options.clock();
    this.asking = false;
  }

  private async seeWhetherAllIsShown(): Promise<void> {
    const { message } = await ask(this.options.journal, ['--output=cat', '--lines=0']);
    if (!message.includes(HINT)) return;
    this.tell(
      'warn',
      'journalctl shows the exporter only a part of the journal; add its user to the group systemd-journal',
    );
  }

  private recovered(): void {
    if (this.failure !== '') this.tell('info', 'the journal is read again');
    this.failure = '';
  }

  private async failed(reason: string): Promise<void> {
    this.journalctl?.stop();
    this.journalctl = undefined;
    this.state = 'failing';
    const seconds = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** this.failures++);
    this.count('file_errors_total', 'journalctl');
    if (reason !== this.failure)
      this.tell('error', `the journal cannot be read, trying again: ${reason}; ${remedyFor(reason)}`);
    this.failure = reason;
    await pause(1000 * seconds, undefined, { signal: this.closed.signal }).catch(() => {});
  }

  private count(counter: Parameters<SourceCounters['add']>[1], reason: string): void {
    this.options.counters.add(this.options.source.name, counter, reason, 1);
  }

  private tell(level: 'info' | 'warn' | 'error', message: string): void {
    this.options.report(level, this.options.source.name, message);
  }
}

function remedyFor(reason: string): string {
  if (/ENOENT/.test(reason))
    return 'install journalctl (package systemd) where the exporter runs; its Docker image has none';
  if (/permission/i.test(reason)) return "add the exporter's user to the group systemd-journal";
  if (/No such file or directory/.test(reason)) return 'correct journald.directory, or mount the directory';
  return 'run the same journalctl by hand to see what is wrong';
}

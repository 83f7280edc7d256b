import { registryOf } from '../keys/registry.ts';
import { type SourceCounter, SourceCounters } from '../log/counters.ts';
import { Readers } from '../log/readers.ts';
import { maskText } from '../parse/masking.ts';
import { Spool } from '../record/spool.ts';
import { hasArchive } from '../record/spool-directory.ts';
import type { Commit, Store } from '../store/store.ts';
import { DAY } from '../time/units.ts';
import type { Changes } from '../usage/changes.ts';
import { Usage } from '../usage/usage.ts';
import { fileErrorReports } from './file-error-reports.ts';
import type { IngestionOutput } from './ingestion-output.ts';
import type { IngestionSettings } from './ingestion-settings.ts';
import { LineAccount } from './line-account.ts';
import type { ParseAhead } from './parse-ahead.ts';
import { maskedPatterns, PatternReports } from './pattern-reports.ts';
import type { IngestionStatus, IpColumns, SourceStatus } from './publication.ts';
import { columnsOf, isEmpty, noChanges, publicationParts } from './publication-parts.ts';
import { rejectionReports } from './rejection-reports.ts';
import type { Report } from './thread-messages.ts';

/** Bytes read in one turn: small enough that a message from the HTTP thread waits a few 10 ms at most. */
const TURN_BYTES = 8 * 1024 * 1024;
/** A commit that failed is tried again after this many seconds. */
const RETRY_SECONDS = 1;
/** While nothing is read, what time alone changes is committed and published this many seconds apart. */
const QUIET_SECONDS = 2;
/**
 * While a turn leaves bytes unread, commits are this many times their own duration apart, so that catching up
 * spends most of its time reading; but never further apart than LONGEST_PAUSE seconds.
 */
const PAUSE_PER_COMMIT = 20;
const LONGEST_PAUSE = 5;
/**
 * The same from the start to the first commit, of which nobody knows yet what it takes; it comes sooner with so many
 * addresses to write, because it takes memory by what it writes.
 */
const FIRST_PAUSE = 2;
const FIRST_ADDRESSES = 150_000;

/**
 * One turn after the other: look for bytes, read and account them, commit, publish what was committed.
 * Everything runs in the caller's thread and only committed state leaves it.
 */
export class Ingestion {
  private readonly store: Store;
  private readonly output: IngestionOutput;
  private readonly clock: () => number;
  private readonly startedAt: number;
  private readonly counters = new SourceCounters();
  private readonly usage: Usage;
  private readonly readers: Readers;
  private readonly lines: LineAccount;
  private readonly spool: Spool | undefined;
  private readonly patternReports: PatternReports;
  private settings: IngestionSettings;
  private historyRead: boolean;
  private commits = 0;
  private commitErrors = 0;
  private commitError = '';
  private lastCommit = 0;
  /** 0 = at once. */
  private nextCommit = 0;
  /** When it was last looked whether there is something to commit, and whether lines were read since. */
  private lastLook = 0;
  private readSince = false;
  private commitSeconds: number[] = [];
  /** Since when requests are recorded, seconds since the epoch. */
  private recordedSince = 0;
  /** Seconds the last commit took, from collecting the changes to having published them. */
  private commitTook = 0;

  /**
   * `clock` gives milliseconds since the epoch; `ahead` parses what is read while far behind. Publishes the whole
   * stored state before it returns.
   */
  constructor(
    settings: IngestionSettings,
    store: Store,
    output: IngestionOutput,
    clock: () => number = Date.now,
    ahead?: ParseAhead,
  ) {
    this.settings = settings;
    this.store = store;
    this.output = output;
    this.clock = clock;
    this.startedAt = clock();
    if (settings.serving) store.noteServing(settings.serving);
    const loaded = store.load();
    this.historyRead = !loaded.first;
    this.counters.restore(loaded.counters);
    this.usage = new Usage(settings.usage, registryOf(settings), clock);
    this.usage.restore(loaded.changes, loaded.first);
    this.spool =
      settings.archive && new Spool(settings.archive, loaded.segments, registryOf(settings), clock);
    this.lines = new LineAccount(
      settings.sources,
      this.usage,
      this.counters,
      rejectionReports(output, clock),
      this.spool,
      ahead,
    );
    this.readers = new Readers({
      sources: settings.sources,
      positions: loaded.positions,
      cursors: loaded.cursors,
      counters: this.counters,
      first: loaded.first,
      clock,
      onFileError: fileErrorReports(output, clock),
      report: (level, source, message) =>
        output.report({ level, message: `${source}: ${maskText(message)}`, details: { source } }),
    });
    this.patternReports = new PatternReports(output, clock);
    this.recordedSince = this.recorded();
    this.publishAll(loaded.changes, loaded.counters, true);
    if (!this.spool) return;
    output.segments(this.spool.ready());
    if (loaded.first && loaded.positions.length === 0 && hasArchive(settings.archive?.path ?? ''))
      this.report(
        'warn',
        'the store is new, the archive is not: requests that are read again are archived again; put back the store that belongs to it, or move the archive away',
      );
  }

  /** Reads at most TURN_BYTES, commits when it is time, publishes. Returns bytes read; 0 = nothing is pending. */
  async turn(): Promise<number> {
    this.lines.horizon = this.now() + this.settings.usage.maxSkewSeconds;
    this.readers.poll();
    this.patternReports.look(this.readers.patterns);
    await this.readers.prepare();
    this.usage.live = this.readers.backlogRead();
    const read = this.spool?.blocked ? 0 : this.readers.read(TURN_BYTES, this.lines);
    if (read > 0) {
      this.readSince = true;
      this.lines.look(this.now());
    }
    this.spool?.write();
    if (this.isTimeToCommit(read >= TURN_BYTES)) this.commit();
    return read;
  }

  /** A new configuration or keys file, validated by the sender. */
  reconfigure(settings: IngestionSettings): void {
    this.settings = settings;
    this.usage.registryChanged(registryOf(settings));
    this.spool?.registryChanged(registryOf(settings));
    this.lines.reconfigure(settings.sources);
    this.readers.reconfigure(settings.sources);
    this.nextCommit = 0;
  }

  /** These segments of the spool are in the archive. */
  sealed(segments: number[]): void {
    this.spool?.sealed(segments);
    this.nextCommit = 0;
  }

  /**
   * Reads what is pending until `deadline` (milliseconds since the epoch), commits and closes. Returns false
   * when that last commit failed: its lines are read again at the next start.
   */
  async finish(deadline: number): Promise<boolean> {
    while (this.clock() < deadline && (await this.turn()) > 0);
    this.commit();
    this.readers.close();
    this.spool?.close();
    this.store.close();
    return this.commitError === '';
  }

  /** `behind`: the turn left bytes unread. */
  private isTimeToCommit(behind: boolean): boolean {
    const now = this.now();
    // Only with that commit is a first start ready and shows its keys.
    if (!this.historyRead && this.commitError === '' && this.readers.backlogRead()) return true;
    const first = this.lastLook === 0;
    if (first && behind && this.usage.changedAddresses < FIRST_ADDRESSES)
      return now >= this.startedAt / 1000 + FIRST_PAUSE;
    if (this.nextCommit === 0) return true;
    if (!this.readSince) return now >= Math.max(this.nextCommit, this.lastLook + QUIET_SECONDS);
    if (!behind) return now >= this.nextCommit;
    const pause = Math.min(LONGEST_PAUSE, PAUSE_PER_COMMIT * this.commitTook);
    return now >= Math.max(this.nextCommit, this.lastCommit + pause);
  }

  /**
   * Makes durable what the lines so far changed, then publishes it. With nothing to write only the windows
   * that slid are published. When the store refuses, everything stays pending and is tried again.
   */
  private commit(): void {
    const now = this.now();
    this.nextCommit = now + this.settings.commitInterval;
    this.lastLook = now;
    this.readSince = false;
    const historyRead = this.historyRead || this.readers.backlogRead();
    if (historyRead && !this.historyRead) this.usage.historyDone();
    this.lines.flush();
    const commit: Commit = {
      changes: this.usage.changes(now, (this.clock() - this.startedAt) / 1000),
      positions: this.readers.positionChanges(),
      counters: this.counters.changes(),
      cursors: this.readers.cursorChanges(),
    };
    const started = performance.now();
    let ips: IpColumns | undefined;
    let committed = false;
    try {
      if (this.spool) commit.segments = this.spool.changes();
      committed = historyRead !== this.historyRead || !isEmpty(commit);
      if (committed) this.store.commit(commit, historyRead);
    } catch (error) {
      this.commitErrors++;
      const message = error instanceof Error ? error.message : String(error);
      if (message !== this.commitError) this.report('error', `commit failed, trying again: ${message}`);
      this.commitError = message;
      this.nextCommit = now + RETRY_SECONDS;
      this.output.publish({ changes: noChanges(), facts: [], counters: [], status: this.status() });
      return;
    }
    if (committed) {
      if (this.commitError !== '') this.report('info', 'commits succeed again');
      this.historyRead = historyRead;
      this.commits++;
      this.commitError = '';
      this.lastCommit = now;
      if (this.settings.shared) ips = columnsOf(commit.changes.ips);
      this.commitSeconds.push((performance.now() - started) / 1000);
      this.usage.markCommitted();
      this.readers.markCommitted();
      this.counters.markCommitted();
      // Only an earlier request makes the record reach back further.
      if (commit.changes.days.some(({ day }) => day * DAY < this.recordedSince))
        this.recordedSince = this.recorded();
      if (this.spool?.markCommitted()) this.output.segments(this.spool.ready());
    }
    this.publishAll(commit.changes, commit.counters, false, ips);
    this.commitTook = this.now() - now;
  }

  /** The store is not younger than this process, by whatever clock. */
  private recorded(): number {
    return Math.min(this.store.daily.recordedSince(), this.startedAt / 1000);
  }

  private publishAll(changes: Changes, counters: SourceCounter[], all: boolean, ips?: IpColumns): void {
    const facts = this.usage.facts(this.now(), this.lag(), all);
    for (const part of publicationParts(changes, facts, counters, this.status(), ips))
      this.output.publish(part);
    this.commitSeconds = [];
  }

  private status(): IngestionStatus {
    return {
      historyRead: this.historyRead,
      recordedSince: this.recordedSince,
      ready: this.readers.backlogRead(),
      sources: this.sourceStatuses(),
      commits: this.commits,
      commitErrors: this.commitErrors,
      commitError: this.commitError,
      lastCommit: this.lastCommit,
      commitSeconds: this.commitSeconds,
      series: this.usage.seriesUse(),
    };
  }

  private sourceStatuses(): SourceStatus[] {
    return this.readers.sourceFacts().map((facts) => {
      const lastEvent = this.lines.lastEvent(facts.source);
      const behind = facts.bytesBehind > 0 && lastEvent > 0 ? Math.max(0, this.now() - lastEvent) : 0;
      const staleAfter =
        this.settings.sources.find((source) => source.name === facts.source)?.staleAfter ?? 0;
      const patterns = maskedPatterns(facts.patterns);
      const ahead = this.lines.lead(facts.source, this.now());
      return { ...facts, patterns, lastEvent, secondsBehind: behind, ahead, staleAfter };
    });
  }

  /** Seconds that the newest accounted line may lag behind the wall clock: the sliding windows end there. */
  private lag(): number {
    const behind = this.sourceStatuses().map((source) => source.secondsBehind);
    return Math.max(this.settings.commitInterval, ...behind);
  }

  private report(level: Report['level'], message: string): void {
    this.output.report({ level, message, details: {} });
  }

  private now(): number {
    return this.clock() / 1000;
  }
}

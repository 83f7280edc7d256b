import { Worker } from 'node:worker_threads';
import type { SegmentRow } from '../store/row-types.ts';
import type { IngestionSettings } from './ingestion-settings.ts';
import type { Publication } from './publication.ts';
import type { FromThread, Report, ThreadStart, ToThread } from './thread-messages.ts';

/** Lines make no objects, commits many short-lived ones: more room for those costs memory and saves no time. */
const YOUNG_MB = 12;

export interface ThreadListener {
  publication(publication: Publication): void;
  problem(problem: Report): void;
  /** Segments of the archive's spool that may be sealed, oldest first. */
  segments(ready: SegmentRow[]): void;
  /** The thread ended without being asked to: the exporter cannot go on. */
  failed(message: string): void;
}

/** The ingestion thread as the HTTP thread sees it: start, listen, reconfigure, stop. */
export class IngestionThread {
  private readonly worker: Worker;
  private readonly exit: Promise<unknown>;
  private readonly opened: Promise<void>;
  /** Rejects when the thread ends without being asked to. */
  private readonly failed: Promise<never>;
  private listener: ThreadListener | undefined;
  /** What there was to tell before anybody listened. */
  private readonly early: ((listener: ThreadListener) => void)[] = [];
  private stopping = false;
  private committed = false;

  /** The thread loads its code, and waits. */
  constructor() {
    const worker = new Worker(new URL('./reading-thread.js', import.meta.url), {
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    this.worker = worker;
    this.exit = new Promise((resolve) => {
      worker.on('exit', resolve);
    });
    let failure = '';
    worker.on('error', (error) => {
      failure = error.stack ?? String(error);
    });
    this.opened = new Promise((resolve) => {
      worker.on('message', (message: FromThread) => {
        if (message.type === 'publication') this.tell((to) => to.publication(message.publication));
        else if (message.type === 'problem') this.tell((to) => to.problem(message.problem));
        else if (message.type === 'segments') this.tell((to) => to.segments(message.ready));
        else if (message.type === 'opened') resolve();
        else if (message.type === 'stopped') this.committed = message.committed;
        else failure = message.message;
      });
    });
    this.failed = new Promise((_, reject) => {
      worker.on('exit', (code) => {
        if (failure !== '' || !this.stopping)
          reject(new Error(failure || `the ingestion thread ended with code ${code}`));
      });
    });
    // It may fail before anybody listens.
    this.failed.catch(() => {});
  }

  /** Opens the store and reads from now on; what the thread says is kept until somebody listens. */
  start(start: ThreadStart): void {
    this.send({ type: 'start', ...start });
  }

  /**
   * Hands over what was said so far, and then whatever is said. Resolves when the store is open and its whole state
   * has been published; rejects when the thread has failed before.
   */
  async listen(listener: ThreadListener): Promise<void> {
    this.listener = listener;
    for (const tell of this.early.splice(0)) tell(listener);
    await Promise.race([this.failed, this.opened]);
    this.failed.catch(({ message }: Error) => listener.failed(message));
  }

  reconfigure(settings: IngestionSettings): void {
    this.send({ type: 'reconfigure', settings });
  }

  /** These segments are in the archive; the next commit forgets them. */
  sealed(segments: number[]): void {
    this.send({ type: 'sealed', segments });
  }

  /**
   * Drains and commits within `milliseconds`, then ends the thread. Resolves to false when the last commit
   * did not succeed: those lines are read again at the next start.
   */
  async stop(milliseconds: number): Promise<boolean> {
    this.stopping = true;
    this.send({ type: 'stop', deadline: Date.now() + milliseconds });
    const late = setTimeout(() => void this.worker.terminate(), milliseconds + 1_500);
    await this.exit;
    clearTimeout(late);
    return this.committed;
  }

  private tell(what: (listener: ThreadListener) => void): void {
    if (this.listener) what(this.listener);
    else this.early.push(what);
  }

  private send(message: ToThread): void {
    this.worker.postMessage(message);
  }
}

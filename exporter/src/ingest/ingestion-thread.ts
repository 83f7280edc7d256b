import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { SegmentRow } from '../store/store.ts';
import type { IngestionSettings } from './ingestion.ts';
import type { Publication } from './publication.ts';
import type { FromThread, Problem, ThreadStart, ToThread } from './thread-messages.ts';

/** Lines make no objects, commits many short-lived ones: more room for those costs memory and saves no time. */
const YOUNG_MB = 12;

export interface ThreadListener {
  publication(publication: Publication): void;
  problem(problem: Problem): void;
  /** Segments of the archive's spool that may be sealed, oldest first. */
  segments(ready: SegmentRow[]): void;
  /** The thread ended without being asked to: the exporter cannot go on. */
  failed(message: string): void;
}

/** The ingestion thread as the HTTP thread sees it: start, reconfigure, stop. */
export class IngestionThread {
  private readonly worker: Worker;
  private stopping = false;
  private committed = false;

  private constructor(start: ThreadStart, listener: ThreadListener, opened: () => void) {
    this.worker = new Worker(new URL('./reading-thread.js', import.meta.url), {
      workerData: start,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    let failure = '';
    this.worker.on('message', (message: FromThread) => {
      if (message.type === 'publication') listener.publication(message.publication);
      else if (message.type === 'problem') listener.problem(message.problem);
      else if (message.type === 'segments') listener.segments(message.ready);
      else if (message.type === 'opened') opened();
      else if (message.type === 'stopped') this.committed = message.committed;
      else failure = message.message;
    });
    this.worker.on('error', (error) => {
      failure = error.stack ?? String(error);
    });
    this.worker.on('exit', (code) => {
      if (failure !== '' || !this.stopping)
        listener.failed(failure || `the ingestion thread ended with code ${code}`);
    });
  }

  /** Resolves when the store is open and its whole state has been published; until then only `failed` may come. */
  static start(start: ThreadStart, listener: ThreadListener): Promise<IngestionThread> {
    return new Promise((resolve, reject) => {
      let opened = false;
      const thread: IngestionThread = new IngestionThread(
        start,
        {
          ...listener,
          failed: (message) => (opened ? listener.failed(message) : reject(new Error(message))),
        },
        () => {
          opened = true;
          resolve(thread);
        },
      );
    });
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
    const exit = once(this.worker, 'exit');
    this.send({ type: 'stop', deadline: Date.now() + milliseconds });
    const late = setTimeout(() => void this.worker.terminate(), milliseconds + 1_500);
    await exit;
    clearTimeout(late);
    return this.committed;
  }

  private send(message: ToThread): void {
    this.worker.postMessage(message);
  }
}

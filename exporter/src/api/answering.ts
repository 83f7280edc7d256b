import { Worker } from 'node:worker_threads';
import type { EndpointName } from './endpoints.ts';
import type { Answered, ApiSettings, Asked } from './thread-messages.ts';

/** An answer that takes longer is given up. */
const LONGEST_MS = 30_000;
/** Questions that may wait behind the one being answered. */
const MOST_WAITING = 16;
/** Memory of the thread; an answer that needs more is given up. */
const HEAP_MB = 256;

export type Answer = Pick<Answered, 'status' | 'body'>;

/**
 * Asks the thread that answers. It is started with the first question, and again after one that took too long
 * or too much memory; then everyone who waits is told to come back.
 */
export class Answering {
  private readonly settings: () => ApiSettings;
  private readonly report: (message: string) => void;
  private worker: Worker | undefined;
  private told: ApiSettings | undefined;
  private asked = 0;
  /** Questions that are being answered, or wait for it. */
  private readonly asking = new Map<string, Promise<Answer>>();
  private readonly waiting = new Map<number, { done: (answer: Answer) => void; timer: NodeJS.Timeout }>();

  constructor(settings: () => ApiSettings, report: (message: string) => void) {
    this.settings = settings;
    this.report = report;
  }

  /** Whoever asks what is being answered just now gets that answer: panels of a dashboard ask the same at once. */
  ask(endpoint: EndpointName, question: Record<string, unknown>): Promise<Answer> {
    const settings = this.settings();
    if (settings !== this.told) this.asking.clear();
    const name = JSON.stringify([endpoint, question]);
    const same = this.asking.get(name);
    if (same) return same;
    const answer = this.askThread(endpoint, question, settings);
    this.asking.set(name, answer);
    void answer.then(() => {
      if (this.asking.get(name) === answer) this.asking.delete(name);
    });
    return answer;
  }

  private askThread(
    endpoint: EndpointName,
    question: Record<string, unknown>,
    settings: ApiSettings,
  ): Promise<Answer> {
    if (this.waiting.size > MOST_WAITING) return Promise.resolve(BUSY);
    this.worker ??= this.start();
    const { worker } = this;
    const number = ++this.asked;
    const answer = new Promise<Answer>((done) => {
      const timer = setTimeout(() => this.giveUp(`${endpoint} took too long`), LONGEST_MS);
      this.waiting.set(number, { done, timer });
    });
    const asked: Asked = {
      number,
      endpoint,
      question,
      settings: settings === this.told ? undefined : settings,
    };
    this.told = settings;
    worker.postMessage(asked);
    return answer;
  }

  close(): void {
    this.end();
  }

  private start(): Worker {
    const worker = new Worker(new URL('./answering-thread.js', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    });
    this.told = undefined;
    worker.on('message', ({ number, status, body, problem }: Answered) => {
      if (problem !== '') this.report(`a question to the API was not answered: ${problem}`);
      const waiting = this.waiting.get(number);
      if (!waiting) return;
      clearTimeout(waiting.timer);
      this.waiting.delete(number);
      waiting.done({ status, body });
    });
    worker.on('error', (error) => {
      if (this.worker === worker) this.giveUp(error.message);
    });
    // Nobody waits for the thread when the exporter ends.
    worker.unref();
    return worker;
  }

  private giveUp(why: string): void {
    this.report(`an answer of the API was given up: ${why}`);
    this.end();
  }

  private end(): void {
    void this.worker?.terminate();
    this.worker = undefined;
    for (const { done, timer } of this.waiting.values()) {
      clearTimeout(timer);
      done(BUSY);
    }
    this.waiting.clear();
  }
}

const BUSY: Answer = {
  status: 503,
  body: JSON.stringify({
    error: 'too many questions at once, or this one took too long; ask again, for less',
  }),
};

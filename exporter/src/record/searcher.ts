import { type ChildProcess, fork } from 'node:child_process';
import type { PageQuestion } from './search-page.ts';
import type { SearchAnswer } from './search-process.ts';

/** Questions that wait for the one that is being answered; more are turned away. */
const MOST_WAITING = 4;
/** An answer that is not there after so long will not come. The process itself gives up before. */
const ANSWER_MS = 15_000;
const IDLE_MS = 60_000;

type Asked = { question: PageQuestion; answer(given: SearchAnswer): void };

/**
 * Searches the archive in a process of its own, one question after the other: HTTP goes on meanwhile, and neither the
 * memory nor the end of that process is the exporter's. It is started by a question and ends when none comes.
 */
export class SearchProcess {
  private readonly waiting: Asked[] = [];
  private current: Asked | undefined;
  private child: ChildProcess | undefined;
  private timer: NodeJS.Timeout | undefined;

  /** `busy`: too many others are waiting. */
  ask(question: PageQuestion): Promise<SearchAnswer | { type: 'busy' }> {
    if (this.waiting.length >= MOST_WAITING) return Promise.resolve({ type: 'busy' });
    return new Promise((answer) => {
      this.waiting.push({ question, answer });
      this.next();
    });
  }

  stop(): void {
    clearTimeout(this.timer);
    this.end();
  }

  private next(): void {
    if (this.current || this.waiting.length === 0) return;
    clearTimeout(this.timer);
    this.current = this.waiting.shift() as Asked;
    this.child ??= this.start();
    this.timer = setTimeout(() => {
      this.leave()?.kill('SIGKILL');
      this.answered({ type: 'tooSlow' });
    }, ANSWER_MS);
    this.child.send(this.current.question, () => {});
  }

  /** The process ends when nobody is there to ask it. */
  private end(): void {
    const child = this.leave();
    if (child?.connected) child.disconnect();
  }

  /** The process, of which nothing is expected any more. */
  private leave(): ChildProcess | undefined {
    const { child } = this;
    this.child = undefined;
    return child;
  }

  private start(): ChildProcess {
    const child = fork(new URL('./search-process.js', import.meta.url), {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [],
    });
    child.on('message', (answer: SearchAnswer) => {
      if (this.child === child) this.answered(answer);
    });
    child.on('error', () => {});
    child.on('exit', (code, signal) => {
      if (this.child !== child) return;
      this.child = undefined;
      this.answered({ type: 'failed', message: `the search ended with ${signal ?? code}` });
    });
    return child;
  }

  private answered(answer: SearchAnswer): void {
    const { current } = this;
    if (!current) return;
    this.current = undefined;
    clearTimeout(this.timer);
    current.answer(answer);
    this.timer = setTimeout(() => this.end(), IDLE_MS);
    this.timer.unref();
    this.next();
  }
}

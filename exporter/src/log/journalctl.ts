import { type ChildProcess, spawn } from 'node:child_process';
import { ChunkQueue } from './chunk-queue.ts';
import type { JournaldOptions } from './discovery.ts';

/** Of what journalctl says on standard error, this much is kept. */
const MESSAGE_BYTES = 2_048;
/** A question that takes longer has failed. */
const ANSWER_MS = 60_000;

/** One run of journalctl. */
export class Journalctl {
  readonly queue: ChunkQueue;
  /** Resolves when it has ended, to what went wrong; '' = it ended by itself. Never rejects. */
  readonly ended: Promise<string>;
  private readonly child: ChildProcess;
  private said = '';

  /** Spawned without a shell, in a process group of its own: a Ctrl-C is for the exporter to act on. */
  constructor(journal: JournaldOptions, args: string[]) {
    // It gets nothing of the exporter's environment: there may be passwords in it.
    const { PATH = '/usr/bin:/bin' } = process.env;
    this.child = spawn('journalctl', [...placeOf(journal), '--no-pager', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH, LC_ALL: 'C.UTF-8' },
      detached: true,
    });
    this.ended = new Promise((resolve) => {
      this.child.on('error', (error) => resolve(error.message));
      this.child.on('close', (code, signal) => resolve(this.outcome(code, signal)));
    });
    // With no room for open files there are no pipes either.
    if (!this.child.stdout || !this.child.stderr) throw new Error('no more files can be opened (EMFILE)');
    this.queue = new ChunkQueue(this.child.stdout);
    this.child.stderr.on('data', (chunk: Buffer) => {
      if (this.said.length < MESSAGE_BYTES) this.said += chunk.toString('utf8').slice(0, MESSAGE_BYTES);
    });
  }

  /** What it said on standard error so far. */
  get message(): string {
    return this.said.trim();
  }

  stop(): void {
    this.child.kill('SIGTERM');
    this.queue.destroy();
  }

  private outcome(code: number | null, signal: NodeJS.Signals | null): string {
    if (code === 0) return '';
    return this.message || (signal ? `it was ended by ${signal}` : `it exited with code ${code}`);
  }
}

/** Asks journalctl a short question. Returns the first line of its answer, '' when there is none; throws when it fails. */
export async function ask(
  journal: JournaldOptions,
  args: string[],
): Promise<{ line: string; message: string }> {
  const journalctl = new Journalctl(journal, args);
  const late = setTimeout(() => journalctl.stop(), ANSWER_MS);
  const failure = await journalctl.ended;
  clearTimeout(late);
  const { message } = journalctl;
  if (failure !== '') throw new Error(failure);
  let text = '';
  for (let chunk = journalctl.queue.take(); chunk; chunk = journalctl.queue.take())
    text += chunk.toString('utf8');
  return { line: text.split('\n')[0]!, message };
}

/** Matches of one field are alternatives; matches of several fields must all hold. */
export function matchesOf({ units, matches }: JournaldOptions): string[] {
  return [...units.map((unit) => `_SYSTEMD_UNIT=${unit}`), ...matches];
}

/** Without --merge, --follow shows nothing but the last boot that the directory knows. */
const placeOf = ({ directory }: JournaldOptions): string[] =>
  directory === '' ? [] : [`--directory=${directory}`, '--merge'];

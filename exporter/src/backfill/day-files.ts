import { once } from 'node:events';
import { createWriteStream, mkdirSync, rmSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { dateOf, dayAt } from '../config/days.ts';

/** A file of OpenMetrics for each UTC day: promtool reads all of a file again for every block it makes of it. */
export class DayFiles {
  readonly paths: string[] = [];
  private readonly directory: string;
  private day = '';
  private file: WriteStream | undefined;

  /** Makes the directory. Throws what that throws. */
  constructor(directory: string) {
    this.directory = directory;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }

  /** Samples of one moment, seconds since the epoch. */
  async write(samples: string, at: number): Promise<void> {
    const day = dateOf(dayAt(at));
    if (day !== this.day) {
      await this.end();
      this.day = day;
      const path = join(this.directory, `${day}.openmetrics`);
      rmSync(path, { force: true });
      this.file = createWriteStream(path, { mode: 0o600 });
      this.paths.push(path);
    }
    if (this.file?.write(samples) === false) await once(this.file, 'drain');
  }

  /** Without the last line promtool refuses a file, so that half of one is never taken. */
  async end(): Promise<void> {
    if (!this.file) return;
    this.file.end('# EOF\n');
    await finished(this.file);
    this.file = undefined;
  }
}

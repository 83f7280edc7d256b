import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dateOf, dayAt } from '../time/days.ts';

const SUFFIX = '.openmetrics';
/** Whether a file is called as one of DayFiles is. */
export const isDayFile = (name: string): boolean => name.endsWith(SUFFIX);

/** A file of OpenMetrics for each UTC day: promtool reads all of a file again for every block it makes of it. */
export class DayFiles {
  readonly paths: string[] = [];
  private readonly directory: string;
  private day = '';
  private file: number | undefined;

  /** Makes the directory. Throws what that throws. */
  constructor(directory: string) {
    this.directory = directory;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }

  /** Samples of one moment, seconds since the epoch. Throws the system's error. */
  write(samples: string, at: number): void {
    const day = dateOf(dayAt(at));
    if (day !== this.day) {
      this.end();
      this.day = day;
      const path = join(this.directory, `${day}${SUFFIX}`);
      this.file = openSync(path, 'w', 0o600);
      this.paths.push(path);
    }
    writeFileSync(this.file as number, samples);
  }

  /** Without the last line promtool refuses a file, so that half of one is never taken. */
  end(): void {
    if (this.file === undefined) return;
    writeFileSync(this.file, '# EOF\n');
    closeSync(this.file);
    this.file = undefined;
  }
}

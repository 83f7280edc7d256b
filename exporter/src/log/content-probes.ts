import { closeSync } from 'node:fs';
import { type ContentProbe, probeOfFile } from './content-identity.ts';
import type { OnFileError } from './discovery.ts';
import { type FoundFile, inodeOf, openEntry } from './file.ts';
import type { GzipProbes, ProbeAnswer } from './gzip-probes.ts';
import { isGzip } from './siblings.ts';

/** A look into a file, or why there is none: pending = being decompressed, incomplete = ask again when it changed. */
export type ProbeResult = ContentProbe | Exclude<ProbeAnswer, ContentProbe>;

export const isProbe = (seen: ProbeResult): seen is ContentProbe => typeof seen !== 'string';

/** Looks into files that are not followed, each opened once a round. */
export class ContentProbes {
  private readonly probes: GzipProbes;
  private readonly onError: OnFileError;
  private readonly seen = new Map<string, ProbeResult>();
  private readonly open: number[] = [];

  constructor(probes: GzipProbes, onError: OnFileError) {
    this.probes = probes;
    this.onError = onError;
  }

  of(entry: FoundFile, source: string): ProbeResult {
    const key = `${inodeOf(entry)} ${entry.path}`;
    let seen = this.seen.get(key);
    if (seen === undefined) {
      seen = this.lookInto(entry, source);
      this.seen.set(key, seen);
    }
    return seen;
  }

  close(): void {
    for (const fd of this.open) closeSync(fd);
  }

  private lookInto(entry: FoundFile, source: string): ProbeResult {
    try {
      if (isGzip(entry.path)) {
        const answer = this.probes.ask(entry);
        if (answer === 'unreadable') this.onError(source, 'read', entry.path);
        return answer;
      }
      const fd = openEntry(entry);
      if (fd === undefined) return 'incomplete';
      this.open.push(fd);
      return probeOfFile(fd, entry.size);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'incomplete';
      this.onError(source, 'open', entry.path, error);
      return 'unreadable';
    }
  }
}

import { readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { globSync, isDynamicPattern } from 'tinyglobby';
import { type FoundFile, inodeOf } from './file.ts';
import { type PatternFacts, patternFacts, staticRoot } from './patterns.ts';
import { byAge, rotatedFrom } from './siblings.ts';

/** Which entries of the journal a source reads. */
export interface JournaldOptions {
  units: string[];
  /** As journalctl takes them: `FIELD=value`. */
  matches: string[];
  /** '' = the journal of this machine. */
  directory: string;
}

export interface SourceOptions {
  name: string;
  /** Paths and globs; `-` is standard input. */
  paths: string[];
  /** In the place of paths. */
  journald?: JournaldOptions | undefined;
  /** Where to start in files found at the very first start; later files are read from the beginning. */
  readFrom: 'beginning' | 'end';
  maxLineBytes: number;
  /** Seconds without a line after which the source counts as stale, for whoever judges that; 0 = never. */
  staleAfter: number;
}

export interface Sibling extends FoundFile {
  /** The configuration names it itself (a glob matches it). */
  wanted: boolean;
  /** Its name says when or as which it was rotated, so it may be read without being known. */
  stamped: boolean;
}

/** A followed path and what rotation left beside it. */
export interface Group {
  path: string;
  /** The path without symbolic links: its files and siblings lie there. */
  place: string;
  source: SourceOptions;
  live: FoundFile | undefined;
  /** Oldest first. */
  siblings: Sibling[];
  /** gone = there is no such directory; unreadable = something that is there could not be looked at, or not in one moment. */
  state: 'seen' | 'gone' | 'unreadable';
}

export type FileOperation = 'glob' | 'list' | 'stat' | 'open' | 'read';
/** `cause` is what the file system threw; undefined where what is there is no regular file, or does not decompress. */
export type OnFileError = (source: string, op: FileOperation, path: string, cause?: unknown) => void;

const LOOK_MS = 1_000;
/** Growth of a rotated file, and changes deep below a glob, show at last after this. */
const FULL_LOOK_MS = 10_000;
/** Directory times are coarse: one this young may hide a later change. */
const SETTLED_MS = 2_000;
/** A directory in which files are renamed this often in a row is left for the next look. */
const LISTINGS = 10;

interface Listing {
  files: { group: Group; sibling: Sibling }[];
  /** Groups of which a file could not be looked at. */
  unreadable: Group[];
}

const missing = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');

/** Which files there are: globs, followed paths, and the siblings rotation made of them. */
export class Discovery {
  private sources: SourceOptions[];
  private readonly onError: OnFileError;
  private readonly directories = new Map<string, number>();
  private readonly refused = new Set<string>();
  private nextLook = 0;
  private nextFullLook = 0;
  /** What each configured pattern matched at the last look. */
  patterns: (PatternFacts & { paths: string[] })[] = [];

  constructor(sources: SourceOptions[], onError: OnFileError) {
    this.sources = sources;
    this.onError = onError;
  }

  reconfigure(sources: SourceOptions[]): void {
    this.sources = sources;
    this.nextLook = 0;
    this.nextFullLook = 0;
  }

  /** True about once a second when directories changed, and every ten seconds anyway. Cheap. */
  due(now: number): boolean {
    if (now < this.nextLook) return false;
    this.nextLook = now + LOOK_MS;
    if (now >= this.nextFullLook) return true;
    return [...this.directories].some(([directory, seen]) => modified(directory) !== seen);
  }

  /** True when another file is under the group's path by now, or none, or one that was not. */
  moved(group: Group): boolean {
    const stat = quietStat(group.path);
    if (group.state === 'unreadable' || stat === 'unreadable') return false;
    return stat?.isFile() ? !group.live || group.live.ino !== String(stat.ino) : group.live !== undefined;
  }

  /** Looks at everything. `followed`: paths that were followed and may be missing now. */
  look(now: number, followed: { path: string; source: string }[]): Group[] {
    this.nextLook = now + LOOK_MS;
    this.nextFullLook = now + FULL_LOOK_MS;
    this.directories.clear();
    const claims = this.claims(followed);
    const groups = new Map<string, Group>();
    for (const [path, { source }] of claims) {
      if (
        rotatedFrom(basename(path)).some((base) => base.stamped && claims.has(join(dirname(path), base.name)))
      )
        continue;
      const live = this.entry(path, source);
      const place = realPath(path);
      groups.set(path, {
        path,
        place,
        source,
        // Where it lies, not where a link leads: the link may be switched while nobody looks.
        live: live === 'unreadable' || !live ? undefined : { ...live, path: place },
        siblings: [],
        state: live === 'unreadable' ? 'unreadable' : 'seen',
      });
    }
    this.addSiblings(groups, claims);
    return [...groups.values()];
  }

  /** Everything the configuration names or that was followed before; the first source to name a path owns it. */
  private claims(followed: { path: string; source: string }[]) {
    const claims = new Map<string, { source: SourceOptions; wanted: boolean }>();
    this.patterns = [];
    for (const source of this.sources)
      for (const pattern of new Set(source.paths)) {
        const found = this.paths(pattern, source);
        let taken = 0;
        for (const path of found.paths) {
          const owner = claims.get(path);
          if (!owner) claims.set(path, { source, wanted: true });
          else if (owner.source !== source) taken++;
        }
        this.patterns.push({
          ...patternFacts(source.name, pattern, { ...found, taken }),
          paths: found.paths,
        });
      }
    for (const { path, source: name } of followed) {
      const source = this.sources.find((one) => one.name === name);
      // A path that is there but not named any more is no longer configured.
      const there = quietStat(path);
      const unseen = there === undefined || there === 'unreadable';
      if (source && unseen && !claims.has(path)) claims.set(path, { source, wanted: false });
    }
    return claims;
  }

  /** The files a pattern names, there or not, and the directories a glob leads through. */
  private paths(pattern: string, source: SourceOptions): { paths: string[]; directories: string[] } {
    const absolute = resolve(pattern);
    if (!isDynamicPattern(pattern)) return { paths: [absolute], directories: [] };
    const literal = quietStat(absolute);
    if (literal !== 'unreadable' && literal?.isFile()) return { paths: [absolute], directories: [] };
    const root = staticRoot(absolute);
    this.directories.set(root, modified(root));
    try {
      readdirSync(root);
      const directories = [root, ...between(absolute)];
      for (const directory of directories) this.directories.set(directory, modified(directory));
      const paths = globSync(absolute, { absolute: true, onlyFiles: true, expandDirectories: false }).sort();
      return { paths, directories };
    } catch (error) {
      if (!missing(error)) this.onError(source.name, 'glob', root, error);
      return { paths: [], directories: [] };
    }
  }

  private addSiblings(groups: Map<string, Group>, claims: Map<string, { wanted: boolean }>): void {
    const byPlace = new Map<string, Group>();
    for (const group of groups.values()) if (!byPlace.has(group.place)) byPlace.set(group.place, group);
    for (const directory of new Set([...byPlace.keys()].map((place) => dirname(place)))) {
      const here = [...byPlace.values()].filter((group) => dirname(group.place) === directory);
      try {
        const listing = this.listing(directory, byPlace, claims);
        if (!listing)
          for (const group of here) Object.assign(group, { live: undefined, state: 'unreadable' });
        for (const group of listing?.unreadable ?? []) group.state = 'unreadable';
        for (const { group, sibling } of listing?.files ?? []) group.siblings.push(sibling);
      } catch (error) {
        for (const group of here) group.state = missing(error) ? 'gone' : 'unreadable';
        if (!missing(error)) this.onError(here[0]!.source.name, 'list', directory, error);
      }
    }
    for (const group of groups.values()) group.siblings.sort(byAge);
  }

  /**
   * The siblings in a directory as they were at one moment: a rotation that renames them during the look hides some.
   * So what changed during it is looked at until two looks find the same; undefined when none did. Throws what the
   * directory's listing throws.
   */
  private listing(
    directory: string,
    byPlace: Map<string, Group>,
    claims: Map<string, { wanted: boolean }>,
  ): Listing | undefined {
    let previous: Listing | undefined;
    for (let tries = 0; tries < LISTINGS; tries++) {
      // Read before the listing, so that a change during it shows next time.
      const before = modified(directory);
      this.directories.set(directory, before);
      const listing = this.list(directory, byPlace, claims);
      if (modified(directory) === before || sameFiles(listing, previous)) return listing;
      previous = listing;
    }
    return undefined;
  }

  private list(
    directory: string,
    byPlace: Map<string, Group>,
    claims: Map<string, { wanted: boolean }>,
  ): Listing {
    const listing: Listing = { files: [], unreadable: [] };
    for (const name of readdirSync(directory)) {
      const path = join(directory, name);
      if (byPlace.has(path)) continue;
      const base = rotatedFrom(name).find((from) => byPlace.has(join(directory, from.name)));
      if (!base) continue;
      const group = byPlace.get(join(directory, base.name))!;
      const entry = this.entry(path, group.source, !claims.has(path));
      const wanted = claims.get(path)?.wanted ?? false;
      if (entry === 'unreadable') listing.unreadable.push(group);
      else if (entry) listing.files.push({ group, sibling: { ...entry, stamped: base.stamped, wanted } });
    }
    return listing;
  }

  /** What is at a path; undefined when nothing is. What is no regular file is refused, counted once (`quietly`: not at all). */
  private entry(path: string, source: SourceOptions, quietly = false): FoundFile | undefined | 'unreadable' {
    try {
      const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
      if (stat?.isFile()) {
        this.refused.delete(path);
        return {
          path,
          dev: String(stat.dev),
          ino: String(stat.ino),
          size: Number(stat.size),
          modifiedMs: Number(stat.mtimeMs),
          bornMs: Number(stat.birthtimeMs),
        };
      }
      // A FIFO is read without positions, by the Streams.
      if (stat && !stat.isFIFO() && !quietly && !this.refused.has(path)) {
        this.refused.add(path);
        this.onError(source.name, 'open', path);
      }
      return undefined;
    } catch (error) {
      if (missing(error)) return undefined;
      this.onError(source.name, 'stat', path, error);
      return 'unreadable';
    }
  }
}

function sameFiles(one: Listing, other: Listing | undefined): boolean {
  const inodes = new Map(other?.files.map(({ sibling }) => [sibling.path, inodeOf(sibling)]));
  return (
    other?.files.length === one.files.length &&
    one.files.every(({ sibling }) => inodes.get(sibling.path) === inodeOf(sibling))
  );
}

function quietStat(path: string) {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    return 'unreadable';
  }
}

/** The directory's time of modification; -1 when it is missing, NaN (unlike itself) while it is too young to trust. */
function modified(directory: string): number {
  try {
    const { mtimeMs } = statSync(directory);
    return Math.abs(Date.now() - mtimeMs) < SETTLED_MS ? Number.NaN : mtimeMs;
  } catch {
    return -1;
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    try {
      return join(realpathSync(dirname(path)), basename(path));
    } catch {
      return path;
    }
  }
}

/** The directories a glob leads through, where a new file may appear. */
function between(pattern: string): string[] {
  const segments = pattern.split('/');
  const found = new Set<string>();
  for (let depth = 1; depth < segments.length; depth++) {
    const directories = segments.slice(0, depth).join('/');
    if (!isDynamicPattern(directories)) continue;
    const options = { absolute: true, onlyDirectories: true, expandDirectories: false } as const;
    for (const directory of globSync(directories, options)) found.add(directory.replace(/\/$/, ''));
  }
  return [...found];
}

import { accessSync, closeSync, constants, lstatSync, openSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { globSync, isDynamicPattern } from 'tinyglobby';
import { nearest } from '../text/suggestion.ts';

/** Why a configured pattern matches no file, or why what it names cannot be read: cause label → meaning. */
export const PATTERN_PROBLEMS = {
  missing: 'there is no such file',
  no_directory: 'the directory does not exist',
  no_match: 'no file matches',
  hidden: 'only hidden files match, and a * does not match a name that begins with a dot',
  broken_link: 'a symbolic link leads to a file that does not exist',
  directory: 'this is a directory',
  not_a_file: 'this is neither a file nor a directory',
  denied: 'the exporter has no permission to read it',
  foreign: 'the content is UTF-16, or compressed in a way that cannot be read',
  taken: 'a source listed before reads all these files',
} as const;

export type PatternCause = keyof typeof PATTERN_PROBLEMS;

/** One cause, how many files or directories it holds for, and the first of them. */
export interface PatternProblem {
  cause: PatternCause;
  count: number;
  path: string;
}

/** A configured path or glob and what it matches now; plain data. */
export interface PatternFacts {
  source: string;
  /** As configured. */
  pattern: string;
  /** Matching files that can be read. */
  files: number;
  problems: PatternProblem[];
}

/** What a pattern matches. `paths` as found, `directories` those a glob leads through, `taken` of the paths belong to another source. */
export function patternFacts(
  source: string,
  pattern: string,
  { paths, directories, taken }: { paths: string[]; directories: string[]; taken: number },
): PatternFacts {
  const problems = new Map<PatternCause, PatternProblem>();
  const add = (found: { cause: PatternCause; path: string } | undefined): boolean => {
    if (!found) return false;
    const { cause, path } = found;
    const known = problems.get(cause);
    if (known) known.count++;
    else problems.set(cause, { cause, path, count: 1 });
    return true;
  };
  for (const path of directories)
    if (!canRead(path, true) && statOf(path)?.isDirectory()) add({ cause: 'denied', path });
  const files = paths.filter((path) => !add(problemAt(path))).length;
  if (files === 0 && problems.size === 0) add(noMatch(resolve(pattern), directories));
  if (files > 0 && taken === paths.length) add({ cause: 'taken', path: paths[0]! });
  return { source, pattern, files, problems: [...problems.values()] };
}

/** What a person should read about a pattern: cause and remedy; undefined when all is well. */
export function patternAdvice({ pattern, files, problems }: PatternFacts): string | undefined {
  const first = problems[0];
  if (!first) return undefined;
  const matched =
    files === 0 ? 'matches no file that can be read' : `matches ${files} readable files, not all`;
  const others = first.count > 1 ? ` and ${first.count - 1} more` : '';
  const subject = first.path === pattern ? '' : `${first.path}${others}: `;
  return `${pattern} ${first.cause === 'taken' ? 'is not read' : matched}: ${subject}${PATTERN_PROBLEMS[first.cause]}; ${remedy(pattern, first)}`;
}

function remedy(pattern: string, { cause, path }: PatternProblem): string {
  if (cause === 'denied')
    return 'give the user of the exporter permission to read the file, and to read and enter its directory';
  if (cause === 'directory') return `name the files in it, such as ${path}/*.log`;
  if (cause === 'not_a_file') return 'name a regular file';
  if (cause === 'taken') return 'remove the path from one of the two sources';
  if (cause === 'foreign') return 'write the log as plain UTF-8 text, or compress it with gzip';
  if (cause === 'hidden') return 'write the dot in the pattern';
  if (cause === 'broken_link') return 'create or mount what the link leads to';
  if (/^["']/.test(pattern)) return 'remove the quotes, which are part of the path here';
  if (pattern.startsWith('~')) return '~ is not replaced by the home directory; write the full path';
  if (/\$\{?\w/.test(pattern)) return 'variables are not replaced; write the full path';
  if (/,(?![^{]*\})/.test(pattern))
    return 'a comma is part of the name here; write each path as an entry of its own';
  const near = isDynamicPattern(pattern) && cause === 'no_match' ? undefined : nameLike(path);
  if (near) return `did you mean ${near}?`;
  if (!isAbsolute(pattern))
    return `the path is relative to the working directory ${process.cwd()}; write the full path`;
  return 'correct the path, or create the file';
}

/** The entry beside a missing path whose name is nearly the same. */
function nameLike(path: string): string | undefined {
  try {
    const missing = basename(path);
    // Two edits make any short name of any other.
    const name = nearest(missing, readdirSync(dirname(path)), missing.length < 6 ? 1 : 2);
    return name && join(dirname(path), name);
  } catch {
    return undefined;
  }
}

/** What keeps the file at a path from being read; undefined when nothing does. */
function problemAt(path: string): { cause: PatternCause; path: string } | undefined {
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (!stat) return { ...missingAt(path) };
    if (stat.isDirectory()) return { cause: 'directory', path };
    if (!stat.isFile() && !stat.isFIFO()) return { cause: 'not_a_file', path };
    return canRead(path, false) ? undefined : { cause: 'denied', path };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { cause: code === 'ELOOP' ? 'broken_link' : 'denied', path };
  }
}

function missingAt(path: string): { cause: PatternCause; path: string } {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) return { cause: 'broken_link', path };
  let missing = path;
  for (let above = dirname(path); above !== missing && !statOf(above)?.isDirectory(); above = dirname(above))
    missing = above;
  return { cause: missing === path ? 'missing' : 'no_directory', path: missing };
}

/** Why a glob found nothing. `directories` are those it leads through. */
function noMatch(pattern: string, directories: string[]): { cause: PatternCause; path: string } {
  const root = staticRoot(pattern);
  const stat = statOf(root);
  if (stat === undefined) {
    const found = problemAt(root) ?? { cause: 'no_match' as const, path: pattern };
    return found.cause === 'missing' ? { ...found, cause: 'no_directory' } : found;
  }
  if (!stat.isDirectory()) return { cause: 'no_directory', path: root };
  if (!canRead(root, true)) return { cause: 'denied', path: root };
  // A glob passes over links that lead nowhere.
  const link = directories.flatMap((directory) => brokenLinks(directory, basename(pattern)))[0];
  if (link !== undefined) return { cause: 'broken_link', path: link };
  const [found] = globSync(pattern, { absolute: true, onlyFiles: false, expandDirectories: false });
  if (found !== undefined)
    return problemAt(found.replace(/(?<=.)\/$/, '')) ?? { cause: 'no_match', path: pattern };
  const [hidden] = globSync(pattern, { absolute: true, expandDirectories: false, dot: true });
  return hidden === undefined ? { cause: 'no_match', path: pattern } : { cause: 'hidden', path: hidden };
}

/** Links in a directory that lead nowhere and have a name like the last segment of a glob, as far as * and ? tell. */
function brokenLinks(directory: string, glob: string): string[] {
  const words = glob.split(/([*?])/).map((part) => (part === '*' ? '.*' : part === '?' ? '.' : quoted(part)));
  const name = isDynamicPattern(glob.replace(/[*?]/g, '')) ? /^/ : new RegExp(`^${words.join('')}$`);
  try {
    const links = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isSymbolicLink());
    return links
      .filter((link) => name.test(link.name) && !statOf(join(directory, link.name)))
      .map((link) => join(directory, link.name));
  } catch {
    return [];
  }
}

const quoted = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

function statOf(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** access() asks for the real user without added capabilities, so a refusal is tried out. */
function canRead(path: string, directory: boolean): boolean {
  try {
    accessSync(path, directory ? constants.R_OK | constants.X_OK : constants.R_OK);
    return true;
  } catch {
    try {
      if (directory) readdirSync(path);
      else closeSync(openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
      return true;
    } catch {
      return false;
    }
  }
}

/** The part of a glob before its first magic segment. */
export function staticRoot(pattern: string): string {
  const segments = pattern.split('/');
  const magic = segments.findIndex((segment) => isDynamicPattern(segment));
  return segments.slice(0, magic === -1 ? segments.length : magic).join('/') || '/';
}

import { createHmac } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { terminalText } from '../text/terminal-text.ts';
import { digestOf } from './archive-change.ts';
import { REQUESTS } from './layout.ts';
import { type ArchiveFile, headOf, type Manifest, NOTHING_BEFORE, readManifest } from './manifest.ts';

export interface Verification {
  /** Hash of the manifest's newest line. */
  head: string;
  /** Lines of the manifest, files that must be there, and the requests in them. */
  entries: number;
  files: number;
  rows: number;
  /** A line of text each, with what to do; the archive is as it was written when there is none. */
  problems: string[];
}

/** Looks at a file once more after so long: an exporter may just be changing the archive. */
const AGAIN_MS = 1_000;
const LOOKS = 4;

/**
 * Compares every file with the manifest, and the manifest's lines with each other. It can be run beside an
 * exporter and needs no more than the right to read. `progress` is told of bytes read, and how many there are.
 */
export async function verifyArchive(
  root: string,
  progress: (done: number, total: number) => void = () => {},
): Promise<Verification> {
  let manifest = readManifest(root);
  const total = [...manifest.files.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  const count = (bytes: number): void => {
    done += bytes;
    progress(done, total);
  };
  const look = async (
    paths: Iterable<string>,
    lying: Set<string>,
    onBytes?: (bytes: number) => void,
  ): Promise<Suspect[]> => {
    const suspects: Suspect[] = [];
    for (const path of paths) {
      const found = (await digestAt(root, path, onBytes)) ?? (lying.has(path) ? 'unreadable' : undefined);
      const suspect: Suspect = { path, known: manifest.files.get(path), found };
      if (!isAsWritten(suspect)) suspects.push(suspect);
    }
    return suspects;
  };
  const lying = new Set(filesUnder(root));
  let suspects = await look(new Set([...manifest.files.keys(), ...lying]), lying, count);
  for (let looks = 1; looks < LOOKS && suspects.length > 0; looks++) {
    await wait(AGAIN_MS);
    manifest = readManifest(root);
    suspects = await look(
      suspects.map(({ path }) => path),
      new Set(filesUnder(root)),
    );
  }
  const files = [...manifest.files.values()];
  return {
    head: headOf(manifest),
    entries: manifest.hashes.length,
    files: files.length,
    rows: files.reduce((sum, { rows }) => sum + rows, 0),
    problems: [
      ...faultsOf(root, manifest).map((fault) => `${fault}; put back a copy of manifest.jsonl from before`),
      ...problemsOf(suspects, manifest),
    ].map(terminalText),
  };
}

/** What is wrong with the manifest itself; for people. */
export function faultsOf(root: string, { faults, hashes }: Manifest): string[] {
  return hashes.length === 0 && filesUnder(root).length > 0
    ? ['manifest.jsonl is gone, although there are files']
    : faults;
}

/** Signature of a head: HMAC-SHA-256 under the key, in hex. */
export const signatureOf = (head: string, key: Buffer): string =>
  createHmac('sha256', key).update(head).digest('hex');

/** Reads the key for signatures; a newline at its end does not count. Throws when it is too short to be one. */
export function readSigningKey(path: string): Buffer {
  const key = readFileSync(path);
  const end = key.at(-1) === 10 ? (key.at(-2) === 13 ? -2 : -1) : key.length;
  const bytes = key.subarray(0, end);
  if (bytes.length < 16)
    throw new Error(
      `${path} holds ${bytes.length} bytes; write at least 16 into it, e.g. with openssl rand -hex 32`,
    );
  return bytes;
}

/**
 * How many lines the manifest has got since `expected` (a head, or with a key its signature) was noted; undefined
 * when it never had that head: it is another one, was rewritten, or its end was cut off.
 */
export function linesSince(root: string, expected: string, key: Buffer | undefined): number | undefined {
  const heads = [NOTHING_BEFORE, ...readManifest(root).hashes];
  const wanted = expected.trim().toLowerCase();
  const at = heads.findLastIndex((head) => head === wanted || (key && signatureOf(head, key) === wanted));
  return at < 0 ? undefined : heads.length - 1 - at;
}

/** What lies at a path, and what should. */
interface Suspect {
  path: string;
  known: ArchiveFile | undefined;
  /** undefined = nothing. */
  found: Digest | 'unreadable' | undefined;
}

type Digest = Awaited<ReturnType<typeof digestOf>>;

/** undefined where no file can be read, whatever lies there. */
async function digestAt(
  root: string,
  path: string,
  onBytes?: (bytes: number) => void,
): Promise<Digest | undefined> {
  const file = join(root, path);
  try {
    // A pipe that nobody writes to would be waited for.
    return statSync(file).isFile() ? await digestOf(file, onBytes) : undefined;
  } catch {
    return undefined;
  }
}

const hashOf = ({ found }: Suspect): string | undefined =>
  typeof found === 'object' ? found.sha256 : undefined;

/** What a change just now removed is nowhere, and that is right. */
const isAsWritten = (suspect: Suspect): boolean =>
  suspect.known ? hashOf(suspect) === suspect.known.sha256 : suspect.found === undefined;

/** What is wrong with each, and what to do. Files are recognised by their hash, wherever they lie. */
function problemsOf(suspects: Suspect[], { files }: Manifest): string[] {
  const owners = new Map([...files.values()].map(({ sha256, path }) => [sha256, path]));
  const strayed = new Map(suspects.map((suspect) => [hashOf(suspect), suspect.path]));
  const wrong = new Set(suspects.map(({ path }) => path));
  const problemOf = (suspect: Suspect): string => {
    const { path, known, found } = suspect;
    const owner = owners.get(hashOf(suspect) ?? '');
    if (known && !found) {
      const strayedTo = strayed.get(known.sha256);
      return strayedTo === undefined
        ? `missing: ${path} (${known.rows} requests, SHA-256 ${known.sha256}); put it back from a backup`
        : `missing: ${path} (${known.rows} requests) lies at ${strayedTo}; move it back`;
    }
    if (!known)
      return owner === undefined
        ? `added: ${path} is in no line of the manifest, and no search reads it; move it away`
        : wrong.has(owner)
          ? `added: ${path} is ${owner}, renamed; move it back`
          : `added: ${path} is a copy of ${owner}; remove it`;
    if (found === 'unreadable') return `unreadable: ${path}; let it be read, or put it back from a backup`;
    return owner === undefined
      ? `changed: ${path} has ${found?.bytes} bytes and SHA-256 ${found?.sha256}, the manifest says ${known.bytes} and ${known.sha256}; put it back from a backup`
      : `changed: ${path} is now what ${owner} was; move both back`;
  };
  return suspects.sort((a, b) => (a.path < b.path ? -1 : 1)).map(problemOf);
}

/** Everything that lies where the archive's files do, whatever it is. */
function filesUnder(root: string): string[] {
  const top = join(root, REQUESTS);
  if (!existsSync(top)) return [];
  return readdirSync(top, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'));
}

import { createHmac } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { digestOf } from './change.ts';
import { REQUESTS } from './layout.ts';
import { headOf, type Manifest, readManifest } from './manifest.ts';

export interface Verification {
  /** Hash of the manifest's newest line. */
  head: string;
  /** Lines of the manifest, files that must be there, and the requests in them. */
  entries: number;
  files: number;
  rows: number;
  /** A line of text each; the archive is as it was written when there is none. */
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
  let suspects: Map<string, string> = new Map();
  for (const path of new Set([...manifest.files.keys(), ...filesUnder(root)])) {
    const problem = await problemOf(root, path, manifest, count);
    if (problem !== undefined) suspects.set(path, problem);
  }
  for (let look = 1; look < LOOKS && suspects.size > 0; look++) {
    await wait(AGAIN_MS);
    manifest = readManifest(root);
    const still = new Map<string, string>();
    for (const path of suspects.keys()) {
      const problem = await problemOf(root, path, manifest);
      if (problem !== undefined) still.set(path, problem);
    }
    suspects = still;
  }
  const files = [...manifest.files.values()];
  return {
    head: headOf(manifest),
    entries: manifest.hashes.length,
    files: files.length,
    rows: files.reduce((sum, { rows }) => sum + rows, 0),
    problems: [...manifest.faults, ...[...suspects.keys()].sort().map((path) => suspects.get(path) ?? '')],
  };
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
  const { hashes } = readManifest(root);
  const wanted = expected.trim().toLowerCase();
  const at = hashes.findLastIndex((hash) => hash === wanted || (key && signatureOf(hash, key) === wanted));
  return at < 0 ? undefined : hashes.length - 1 - at;
}

async function problemOf(
  root: string,
  path: string,
  manifest: Manifest,
  onBytes: (bytes: number) => void = () => {},
): Promise<string | undefined> {
  const known = manifest.files.get(path);
  const file = join(root, path);
  const there = existsSync(file);
  if (!known) return there ? `added: ${path} is in no line of the manifest` : undefined;
  if (!there) return `missing: ${path} (${known.rows} requests)`;
  const { sha256, bytes } = await digestOf(file, onBytes).catch(() => ({ sha256: '', bytes: -1 }));
  if (bytes < 0) return `unreadable: ${path}`;
  if (sha256 === known.sha256) return undefined;
  return `changed: ${path} has ${bytes} bytes and SHA-256 ${sha256}, the manifest says ${known.bytes} and ${known.sha256}`;
}

/** Everything that lies where the archive's files do, whatever it is. */
function filesUnder(root: string): string[] {
  const top = join(root, REQUESTS);
  if (!existsSync(top)) return [];
  return readdirSync(top, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'));
}

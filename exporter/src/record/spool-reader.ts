import { closeSync, openSync, readSync } from 'node:fs';
import { type Columns, checksumOf, decodeBlock, FRAME_HEAD, FRAMES, SPOOL_MAGIC } from './spool-format.ts';

/** Names by their numbers, as far as the segment was read. */
export interface SpoolContents {
  /** Key id, tenant, retention class. */
  identities: [string, string, string][];
  /** Method, template. */
  endpoints: [string, string][];
  agents: string[];
}

/**
 * Reads the first `length` bytes of a spool file; every block of requests comes with the names it refers to.
 * Throws when the file is not what was committed.
 */
export function* readSpool(
  path: string,
  length: number,
): Generator<{ rows: number; columns: Columns; names: SpoolContents }> {
  const fd = openSync(path, 'r');
  const names: SpoolContents = { identities: [], endpoints: [], agents: [] };
  try {
    let at = SPOOL_MAGIC.length;
    if (!SPOOL_MAGIC.equals(exactly(fd, path, 0, at)))
      throw new Error(`${path} is no spool of this version of the exporter, or damaged`);
    while (at < length) {
      const head = exactly(fd, path, at, FRAME_HEAD);
      const [checksum, kind, size] = [0, 4, 8].map((offset) => head.readUInt32LE(offset));
      const end = at + FRAME_HEAD + size;
      const frame = end <= length ? exactly(fd, path, at, FRAME_HEAD + size) : undefined;
      if (!frame || checksumOf(frame) !== checksum) throw new Error(damagedAt(path, at));
      const payload = frame.subarray(FRAME_HEAD);
      at = end;
      if (kind === FRAMES.requests) yield { ...decodeBlock(payload), names };
      else if (kind === FRAMES.identity) names.identities.push(JSON.parse(payload.toString()));
      else if (kind === FRAMES.endpoint) names.endpoints.push(JSON.parse(payload.toString()));
      else if (kind === FRAMES.agent) names.agents.push(JSON.parse(payload.toString()));
      else throw new Error(damagedAt(path, at));
    }
  } finally {
    closeSync(fd);
  }
}

const damagedAt = (path: string, at: number): string =>
  `${path} is damaged at byte ${at}: the disk does not give back what was written; put back a copy of the file, or see docs/record.md`;

function exactly(fd: number, path: string, at: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let done = 0; done < length; ) {
    const read = readSync(fd, bytes, done, length - done, at + done);
    if (read === 0) throw new Error(`${path} ends at byte ${at + done}, before what was committed`);
    done += read;
  }
  return bytes;
}

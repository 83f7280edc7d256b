import { crc32 } from 'node:zlib';

/**
 * The spool: a file of frames, each a checksum, a kind, the length of what follows, and that. Names are written once, when a
 * request first needs them, and then go by number; requests are written many at a time, column by column.
 */
export const SPOOL_MAGIC = Buffer.from('AtSpool2');
/** Checksum, kind and length, 32 bits each, little-endian as all numbers of the spool. */
export const FRAME_HEAD = 12;
const CHECKSUM_BYTES = 4;

/** The checksum that a whole frame begins with, of all that follows: a disk may give back other bits than it was given. */
export const checksumOf = (frame: Buffer): number => crc32(frame.subarray(CHECKSUM_BYTES));

export const FRAMES = {
  /** JSON [key id, tenant, retention class]; numbered from 0 in their order, like the two below. */
  identity: 1,
  /** JSON [method, template]. */
  endpoint: 2,
  /** JSON text. */
  agent: 3,
  requests: 4,
} as const;

/** Requests in one frame at most: as many as DuckDB takes at once. */
export const BLOCK_ROWS = 2048;
/** Bytes kept of a user agent and of a request id. */
export const LONGEST_AGENT = 256;
export const LONGEST_ID = 128;
/** In the columns `agent` and `bytes`: the line carries none. */
export const NONE = 0xffffffff;

/** Requests by column. Addresses are four words, as in LogRecord; a duration of NaN is an absent one. */
export interface Columns {
  /** Milliseconds since the epoch. */
  time: Float64Array;
  identity: Uint32Array;
  endpoint: Uint32Array;
  agent: Uint32Array;
  ip0: Uint32Array;
  ip1: Uint32Array;
  ip2: Uint32Array;
  ip3: Uint32Array;
  bytes: Uint32Array;
  /** Milliseconds. */
  duration: Float32Array;
  status: Uint16Array;
  /** Bytes of the request id, 0 = none; the ids follow each other in `ids`. */
  idLength: Uint16Array;
  family: Uint8Array;
  ids: Uint8Array;
}

/** Order on disk, widest first, so that each column lies where an array of its type may begin. */
const LAYOUT = [
  ['time', Float64Array],
  ['identity', Uint32Array],
  ['endpoint', Uint32Array],
  ['agent', Uint32Array],
  ['ip0', Uint32Array],
  ['ip1', Uint32Array],
  ['ip2', Uint32Array],
  ['ip3', Uint32Array],
  ['bytes', Uint32Array],
  ['duration', Float32Array],
  ['status', Uint16Array],
  ['idLength', Uint16Array],
  ['family', Uint8Array],
] as const;

export function emptyColumns(): Columns {
  const made = Object.fromEntries(LAYOUT.map(([name, Type]) => [name, new Type(BLOCK_ROWS)]));
  return { ...made, ids: new Uint8Array(BLOCK_ROWS * LONGEST_ID) } as unknown as Columns;
}

/** Rows, bytes of ids, and a bit for each column of LAYOUT that is written in one value, since all are the same. */
const BLOCK_HEAD = 16;

/** The columns that say the same in all rows, as bits; half of them do in most logs. */
export function sameColumns(columns: Columns, rows: number): number {
  let bits = 0;
  for (const [i, [name]] of LAYOUT.entries()) if (isSame(columns[name], rows)) bits |= 1 << i;
  return bits;
}

/** Bytes that a block takes in a frame, its head left out. */
export function blockBytes(rows: number, idBytes: number, same: number): number {
  let bytes = BLOCK_HEAD + idBytes;
  for (const [i, [, Type]] of LAYOUT.entries())
    bytes += (same & (1 << i) ? 1 : rows) * Type.BYTES_PER_ELEMENT;
  return bytes;
}

/** Writes the first `rows` requests into `out` at `at`. */
export function encodeBlock(
  columns: Columns,
  rows: number,
  idBytes: number,
  same: number,
  out: Buffer,
  at: number,
): void {
  out.writeUInt32LE(rows, at);
  out.writeUInt32LE(idBytes, at + 4);
  out.writeUInt32LE(same, at + 8);
  out.writeUInt32LE(0, at + 12);
  let to = at + BLOCK_HEAD;
  for (const [i, [name, { BYTES_PER_ELEMENT }]] of LAYOUT.entries()) {
    const length = (same & (1 << i) ? 1 : rows) * BYTES_PER_ELEMENT;
    out.set(new Uint8Array(columns[name].buffer, 0, length), to);
    to += length;
  }
  out.set(columns.ids.subarray(0, idBytes), to);
}

/** Reads what encodeBlock wrote. */
export function decodeBlock(payload: Buffer): { rows: number; columns: Columns } {
  const rows = payload.readUInt32LE(0);
  const idBytes = payload.readUInt32LE(4);
  const same = payload.readUInt32LE(8);
  if (payload.length !== blockBytes(rows, idBytes, same)) throw new Error('a block of requests is not whole');
  // Copied to where every array may begin.
  const { buffer } = new Uint8Array(payload.subarray(BLOCK_HEAD));
  let from = 0;
  const columns: Record<string, unknown> = {};
  for (const [i, [name, Type]] of LAYOUT.entries()) {
    const isSame = (same & (1 << i)) !== 0;
    const written = new Type(buffer, from, isSame ? 1 : rows);
    columns[name] = isSame ? new Type(rows).fill(written[0]) : written;
    from += written.byteLength;
  }
  columns.ids = new Uint8Array(buffer, from, idBytes);
  return { rows, columns: columns as unknown as Columns };
}

/**
 * A column is the same throughout when it equals itself moved by one value: one comparison of memory, where a loop
 * that reads arrays of five types costs more than everything else about a block.
 */
function isSame(
  { buffer, byteOffset, BYTES_PER_ELEMENT: width }: Columns[keyof Columns],
  rows: number,
): boolean {
  const bytes = Buffer.from(buffer, byteOffset, rows * width);
  return bytes.compare(bytes, width, rows * width, 0, (rows - 1) * width) === 0;
}
